import type { Wrong } from '../../image/wrong-bundle.ts';
import type { Action, CaseGroup } from '../conformance-case.ts';
import { comesUpWith, takesIntoUse } from '../sequences.ts';

/** After a refusal the device is what it was, and takes the release once it is sound. */
const refusedThenTaken: readonly Action[] = [
  ...takesIntoUse('old'),
  { do: 'install', release: 'new', must: 'succeed' },
  ...comesUpWith('new'),
];

const untouched = ['slot that ran', 'other slot', 'environment'] as const;

/** A release that is refused before anything is written. */
function refusedUnwritten(wrong: Wrong): Action[] {
  return [
    { do: 'note', what: untouched },
    { do: 'install', release: 'new', must: 'refuse', wrong },
    { do: 'same', what: untouched },
    ...refusedThenTaken,
  ];
}

/** What a device is given that is not what was released. */
export const verification: CaseGroup = {
  name: 'verification',
  cases: [
    {
      id: 'V1',
      title: 'a release that nobody has signed is refused, and the device stays what it was',
      needs: ['verified'],
      from: 'in-service',
      actions: refusedUnwritten('unsigned'),
    },
    {
      id: 'V2',
      title: 'a release that a stranger has signed is refused, and the device stays what it was',
      needs: ['verified'],
      from: 'in-service',
      actions: refusedUnwritten('stranger'),
    },
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
    {
      id: 'V5',
      title: 'a release that is described wrongly is refused before anything is written',
      needs: ['verified'],
      from: 'in-service',
      actions: refusedUnwritten('metadata'),
    },
    {
      id: 'V6',
      title: 'a release for another machine is refused, and the device stays what it was',
      needs: ['verified'],
      from: 'in-service',
      actions: refusedUnwritten('other machine'),
    },
    {
      id: 'V7',
      title: "a release whose signer is not valid by the device's clock is refused, and taken once it is",
      needs: ['verified', 'dates'],
      from: 'in-service',
      actions: [
        { do: 'set clock', to: 'lost' },
        { do: 'install', release: 'new', must: 'refuse' },
        ...takesIntoUse('old'),
        { do: 'set clock', to: 'twenty years later' },
        { do: 'install', release: 'new', must: 'succeed' },
        ...comesUpWith('new'),
      ],
    },
    {
      id: 'V8',
      title: 'a release older than the one that runs is refused',
      needs: ['downgradeGuard'],
      from: 'confirmed',
      actions: [{ do: 'install', release: 'old', must: 'refuse' }, ...comesUpWith('new')],
    },
    {
      id: 'V9',
      title: 'a release that needs what the device does not have is refused before anything is written',
      needs: ['verified', 'dependencies'],
      from: 'in-service',
      actions: refusedUnwritten('needs more'),
    },
  ],
};
