import type { CaseGroup, ConformanceCase } from '../conformance-case.ts';

/** After a refusal the device is what it was, and takes the release once it is sound. */
const refusedThenTaken: ConformanceCase['actions'] = [
  { do: 'boot' },
  { do: 'see', on: ['old'] },
  { do: 'confirm' },
  { do: 'install', release: 'new', must: 'succeed' },
  { do: 'boot' },
  { do: 'see', on: ['new'] },
];

/** What a device is given that is not what was released. */
export const verification: CaseGroup = {
  name: 'verification',
  cases: [
    {
      id: 'V3',
      title: 'a release with one wrong byte is refused, and the device stays what it was',
      needs: ['verified'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'refuse', fault: { fault: 'corrupted', at: { share: 0.5 } } },
        ...refusedThenTaken,
      ],
    },
    {
      id: 'V4',
      title: 'a release that ends too early is refused, and the device stays what it was',
      needs: [],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'refuse', fault: { fault: 'truncated', at: { share: 0.5 } } },
        ...refusedThenTaken,
      ],
    },
  ],
};
