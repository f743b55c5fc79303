import type { CaseGroup } from '../conformance-case.ts';

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
        { do: 'boot' },
        { do: 'see', on: ['old'] },
        { do: 'confirm' },
        { do: 'install', release: 'new', must: 'succeed' },
        { do: 'boot' },
        { do: 'see', on: ['new'] },
      ],
    },
  ],
};
