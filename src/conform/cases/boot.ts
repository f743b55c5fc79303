import type { CaseGroup } from '../conformance-case.ts';

/** Releases that do not come up, and devices that are reset. */
export const boot: CaseGroup = {
  name: 'boot',
  cases: [
    {
      id: 'B2',
      title: 'a release without its init gives way to the one before, by itself',
      needs: ['bootCount'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'broken', must: 'succeed' },
        { do: 'boot' },
        { do: 'see', on: ['old'] },
        { do: 'confirm' },
        { do: 'start', times: 4, confirm: true },
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
        { do: 'boot' },
        { do: 'see', on: ['new'] },
        { do: 'lose power', times: 4 },
        { do: 'boot' },
        { do: 'see', on: ['new'] },
        { do: 'lose power', times: 20 },
        { do: 'boot' },
        { do: 'see', on: ['new'] },
      ],
    },
  ],
};
