import type { CaseGroup } from '../conformance-case.ts';

/** What belongs to the owner. */
export const data: CaseGroup = {
  name: 'data',
  cases: [
    {
      id: 'D1',
      title:
        "the owner's files are what they were after an upgrade, a fall-back from the next one, and one more",
      needs: ['bootCount'],
      from: 'confirmed',
      actions: [
        { do: 'see', on: ['new'] },
        { do: 'install', release: 'broken', must: 'succeed' },
        { do: 'boot' },
        { do: 'see', on: ['new'] },
        { do: 'confirm' },
        { do: 'install', release: 'next', must: 'succeed' },
        { do: 'boot' },
        { do: 'see', on: ['next'] },
        { do: 'confirm' },
        { do: 'start', times: 4, confirm: true },
        { do: 'see', on: ['next'] },
      ],
    },
    {
      id: 'D7',
      title: 'a device is known to others as what it was, after an upgrade, a fall-back and a rollback',
      needs: ['bootCount', 'rollback'],
      from: 'in-service',
      actions: [
        { do: 'note', what: ['identity'] },
        { do: 'install', release: 'new', must: 'succeed' },
        { do: 'boot' },
        { do: 'confirm' },
        { do: 'same', what: ['identity'] },
        { do: 'install', release: 'broken', must: 'succeed' },
        { do: 'boot' },
        { do: 'confirm' },
        { do: 'same', what: ['identity'] },
        { do: 'install', release: 'next', must: 'succeed' },
        { do: 'boot' },
        { do: 'confirm' },
        { do: 'roll back' },
        { do: 'boot' },
        { do: 'same', what: ['identity'] },
        { do: 'see', on: ['new'] },
      ],
    },
  ],
};
