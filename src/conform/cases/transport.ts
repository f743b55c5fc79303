import type { CaseGroup } from '../conformance-case.ts';

/** Servers that fail while a device reads from them. */
export const transport: CaseGroup = {
  name: 'transport',
  cases: [
    {
      id: 'T2',
      title: 'a connection that breaks half-way: the device stays what it was, or has all of the release',
      needs: [],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'end', fault: { fault: 'dropped', at: { share: 0.5 } } },
        { do: 'boot' },
        { do: 'see', on: ['old', 'new'] },
        { do: 'confirm' },
        { do: 'install', release: 'new', must: 'succeed' },
        { do: 'boot' },
        { do: 'see', on: ['new'] },
      ],
    },
    {
      id: 'T3',
      title: 'a release that is not there: the agent says so in time, and the device stays what it was',
      needs: [],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'refuse', fault: { fault: 'missing', at: { share: 0 } } },
        { do: 'boot' },
        { do: 'see', on: ['old'] },
      ],
    },
  ],
};
