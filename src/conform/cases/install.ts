import type { CaseGroup } from '../conformance-case.ts';
import { comesUpWith, staysWith, takesIntoUse } from '../sequences.ts';

/** Releases in every order in which owners install them. */
export const install: CaseGroup = {
  name: 'install',
  cases: [
    {
      id: 'I1',
      title:
        'the next release is installed, comes up, and stays once it is confirmed; the slot that ran is not written to',
      needs: [],
      from: 'in-service',
      actions: [
        { do: 'note', what: ['slot that ran'] },
        { do: 'install', release: 'new', must: 'succeed' },
        ...takesIntoUse('new'),
        { do: 'start', times: 4, confirm: true },
        { do: 'same', what: ['slot that ran'] },
        { do: 'see', on: ['new'] },
      ],
    },
    {
      id: 'I2',
      title: 'a release may be left out',
      needs: [],
      from: 'in-service',
      actions: [{ do: 'install', release: 'next', must: 'succeed' }, ...staysWith('next')],
    },
    {
      id: 'I3',
      title: 'the release that runs, installed again, is refused or does no harm',
      needs: [],
      from: 'confirmed',
      actions: [{ do: 'install', release: 'new', must: 'end' }, ...staysWith('new')],
    },
    {
      id: 'I4',
      title: 'there and back and there again: each release is whole, and nothing is left of the other',
      needs: ['slots'],
      from: 'confirmed',
      actions: [
        { do: 'install', release: 'old', must: 'succeed' },
        ...takesIntoUse('old'),
        { do: 'install', release: 'new', must: 'succeed' },
        ...staysWith('new'),
      ],
    },
    {
      id: 'I5',
      title: 'another release installed before the reboot: the device comes up with one of them, whole',
      needs: [],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'succeed' },
        { do: 'install', release: 'next', must: 'end' },
        ...staysWith('new', 'next'),
      ],
    },
    {
      id: 'I6',
      title:
        'as long as nobody has confirmed the release that runs, no other one takes the place of the one before',
      needs: ['pendingGuard'],
      from: 'installed',
      actions: [
        { do: 'boot' },
        { do: 'install', release: 'next', must: 'refuse' },
        ...comesUpWith('new', 'old'),
      ],
    },
    {
      id: 'I7',
      title: 'a second installation while the first is going on is refused, and the first is whole',
      needs: [],
      from: 'in-service',
      actions: [{ do: 'install', release: 'new', must: 'succeed', meanwhile: 'next' }, ...staysWith('new')],
    },
    {
      id: 'I8',
      title: 'an agent that is killed half-way: the device stays what it was, and then takes the release',
      needs: [],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'end', killed: true },
        ...takesIntoUse('old'),
        { do: 'install', release: 'new', must: 'succeed' },
        ...staysWith('new'),
      ],
    },
    {
      id: 'I9',
      title: 'when its owner asks for it, a device goes back to the release before',
      needs: ['rollback'],
      from: 'confirmed',
      actions: [{ do: 'roll back' }, ...staysWith('old')],
    },
  ],
};
