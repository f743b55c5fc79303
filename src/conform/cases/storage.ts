import type { Role } from '../../model/conformance.ts';
import type { Action, CaseGroup } from '../conformance-case.ts';
import { comesUpWith, staysWith, takesIntoUse } from '../sequences.ts';

function upgradeTo(release: Role): Action[] {
  return [{ do: 'install', release, must: 'succeed' }, ...takesIntoUse(release)];
}

const thereAndBack = [...upgradeTo('old'), ...upgradeTo('new')];

/** Places that are too small, full, or not empty. */
export const storage: CaseGroup = {
  name: 'storage',
  cases: [
    {
      id: 'S1',
      title: 'a release that is larger than a slot is refused, and the device stays what it was',
      needs: ['slots'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'refuse', wrong: 'too big' },
        ...takesIntoUse('old'),
        { do: 'install', release: 'new', must: 'succeed' },
        ...comesUpWith('new'),
      ],
    },
    {
      id: 'S2',
      title: 'no room for a download: the release is refused, and taken once there is room',
      needs: [],
      from: 'in-service',
      actions: [
        { do: 'fill', place: 'downloads' },
        { do: 'install', release: 'new', must: 'refuse' },
        { do: 'free', place: 'downloads' },
        { do: 'install', release: 'new', must: 'succeed' },
        ...comesUpWith('new'),
      ],
    },
    {
      id: 'S3',
      title:
        "the owner's partition is full: nothing of the owner's is lost, and the device runs a whole release",
      needs: [],
      from: 'in-service',
      actions: [
        { do: 'fill', place: 'data' },
        { do: 'install', release: 'new', must: 'end' },
        ...comesUpWith('old', 'new'),
        { do: 'free', place: 'data' },
        { do: 'confirm' },
        { do: 'start', times: 4, confirm: true },
        { do: 'see', on: ['old', 'new'] },
      ],
    },
    {
      id: 'S4',
      title:
        'the boot partition is full: a release that does not come up gives way all the same, or is refused',
      needs: ['bootCount'],
      from: 'in-service',
      actions: [
        { do: 'fill', place: 'boot' },
        { do: 'install', release: 'broken', must: 'end' },
        ...comesUpWith('old'),
        { do: 'free', place: 'boot' },
        { do: 'confirm' },
        { do: 'install', release: 'new', must: 'succeed' },
        ...comesUpWith('new'),
      ],
    },
    {
      id: 'S5',
      title:
        'the slot that is to be written is mounted: the device runs a whole release, and takes one afterwards',
      needs: ['slots'],
      from: 'confirmed',
      actions: [
        { do: 'mount slot' },
        { do: 'install', release: 'next', must: 'end' },
        ...takesIntoUse('new', 'next'),
        { do: 'install', release: 'next', must: 'end' },
        ...comesUpWith('next'),
      ],
    },
    {
      id: 'S6',
      title: 'ten upgrades in a row leave nothing behind',
      needs: [],
      from: 'confirmed',
      actions: [
        ...thereAndBack,
        { do: 'note', what: ['room'] },
        ...[1, 2, 3, 4].flatMap(() => thereAndBack),
        { do: 'same', what: ['room'] },
        { do: 'see', on: ['new'] },
      ],
    },
    {
      id: 'S7',
      title:
        'whatever the other slot holds, a release that is installed there is whole, and is the one that comes up',
      needs: ['slots'],
      from: 'in-service',
      actions: [
        { do: 'overwrite slot', with: 'zeroes' },
        { do: 'install', release: 'new', must: 'succeed' },
        ...takesIntoUse('new'),
        { do: 'overwrite slot', with: 'the running one' },
        { do: 'install', release: 'next', must: 'succeed' },
        ...staysWith('next'),
      ],
    },
  ],
};
