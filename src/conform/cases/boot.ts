import type { Role } from '../../model/conformance.ts';
import type { Action, CaseGroup } from '../conformance-case.ts';
import { comesUpWith, staysWith, takesIntoUse } from '../sequences.ts';

/** The device comes back on the release before, which is then in use as ever. */
function fallsBackFrom(release: Role, patience?: number): Action[] {
  return [
    { do: 'install', release, must: 'succeed' },
    { do: 'boot', ...(patience === undefined ? {} : { patience }) },
    { do: 'see', on: ['old'] },
    { do: 'confirm' },
    { do: 'start', times: 4, confirm: true },
    { do: 'see', on: ['old'] },
  ];
}

function withoutEnvironment(leaves: 'nothing' | 'zeroes' | 'nonsense'): Action[] {
  return [{ do: 'lose environment', leaves }, ...staysWith('old', 'new')];
}

/** Releases that do not come up, and devices that are reset. */
export const boot: CaseGroup = {
  name: 'boot',
  cases: [
    {
      id: 'B1',
      title: 'a release without its kernel gives way to the one before, by itself',
      needs: ['bootCount'],
      from: 'in-service',
      actions: fallsBackFrom('no kernel'),
    },
    {
      id: 'B2',
      title: 'a release without its init gives way to the one before, by itself',
      needs: ['bootCount'],
      from: 'in-service',
      actions: fallsBackFrom('no init'),
    },
    {
      id: 'B3',
      title: 'a release that hangs before anybody can log in gives way to the one before, by itself',
      needs: ['bootCount'],
      from: 'in-service',
      // It takes a minute of idleness at each try.
      actions: fallsBackFrom('hanging', 6),
    },
    {
      id: 'B4',
      title: 'a release that comes up and does not work is not confirmed, and gives way to the one before',
      needs: ['bootCount'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'unhealthy', must: 'succeed' },
        { do: 'start', times: 5, confirm: 'if healthy' },
        { do: 'see', on: ['old'] },
      ],
    },
    {
      id: 'B5',
      title: 'a new release whose starts are all cut short gives way to the one before',
      needs: ['bootCount'],
      from: 'installed',
      actions: [{ do: 'lose power', times: 8 }, { do: 'boot' }, { do: 'see', on: ['old', 'new'] }],
    },
    {
      id: 'B6',
      title: 'a release that is in use stays, however often its start is cut short',
      needs: [],
      from: 'confirmed',
      // Tries that are counted down and given back come round again: no one number of cuts shows them all.
      actions: [
        { do: 'lose power', times: 3 },
        ...comesUpWith('new'),
        { do: 'lose power', times: 4 },
        ...comesUpWith('new'),
        { do: 'lose power', times: 20 },
        ...comesUpWith('new'),
      ],
    },
    {
      id: 'B7',
      title: "the boot loader's environment is lost: the device comes up with a whole release, and keeps it",
      needs: ['bootCount'],
      from: 'confirmed',
      actions: [...withoutEnvironment('zeroes'), ...withoutEnvironment('nothing')],
    },
    {
      id: 'B8',
      title:
        "the boot loader's environment has values without sense: the device comes up with a whole release, and keeps it",
      needs: ['bootCount'],
      from: 'confirmed',
      actions: withoutEnvironment('nonsense'),
    },
    {
      id: 'B9',
      title: 'an agent knows that a release which gave way has failed',
      needs: ['bootCount'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'broken', must: 'succeed' },
        { do: 'boot' },
        { do: 'ask agent' },
        { do: 'see', on: ['old'] },
      ],
    },
    {
      id: 'B10',
      title: 'a release that gave way is reported as failed, and is not installed again',
      needs: ['bootCount', 'server'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'broken', must: 'succeed' },
        ...takesIntoUse('old'),
        { do: 'ask server', order: 'failed' },
        { do: 'start', times: 4, confirm: true },
        { do: 'see', on: ['old'] },
      ],
    },
  ],
};
