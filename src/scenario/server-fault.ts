import { z } from 'zod';
import type { ChosenAgent } from '../agents/agent.ts';
import { packageName, shortName } from '../document/forms.ts';
import {
  type FaultyAttempt,
  type FilePlace,
  fileFaults,
  hawkbitFaults,
  hawkbitRequests,
  publishingFaults,
} from '../model/scenario.ts';

const placeForm = 'the number of a byte, from 0, or a share such as 50%';
const place = z.union([
  z.int({ error: placeForm }).min(0, { error: placeForm }),
  z.string().regex(/^\d{1,2}(\.\d{1,3})?%$/, { error: placeForm }),
]);

/** What is wrong with the update server while a copy of the device tries the upgrade. */
export const serverFault = z.strictObject({
  name: shortName,
  fault: z
    .enum([...fileFaults, ...publishingFaults, ...hawkbitFaults])
    .describe(
      'missing: answered with 404; truncated: ends at a byte, and the server says so; corrupted: one byte is ' +
        'wrong; dropped: the connection is lost at a byte; slow: few bytes a second from a byte on; changed, of bundles: from a ' +
        "byte on the file is the old release's. Of a package feed also: index-first: the indexes are the " +
        "new release's, the packages still the old one's; packages-first: the other way round. Of a hawkBit server also: " +
        'http-N: the answer has this status, and nothing was heard; lost: what was said is heard, and the answer lost; ' +
        'wrong-hash: the order names other hashes than its file has',
    ),
  package: packageName
    .optional()
    .describe("The package whose file it is; default: all of the feed's indexes. Not for bundles"),
  at: place
    .default('50%')
    .describe(
      'Which byte, or how much of the file comes before it; for truncated, corrupted, dropped, slow and changed',
    ),
  bytesPerSecond: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .optional()
    .describe('For slow: what the device is sent in a second; default: 100'),
  on: z
    .enum(hawkbitRequests)
    .optional()
    .describe(
      'For http-N and lost: what the device asks or says. poll: whether there is an order; deployment: what it is; artifact: ' +
        'its file; feedback: any word about it; closing: the last word; configData: its attributes. Default: poll, and closing of lost',
    ),
  times: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('For http-N and lost: how many requests meet it, before it is over; default: 3, and 1 of lost'),
  oneOf: z
    .array(z.enum(['old', 'new']))
    .min(1)
    .optional()
    .describe(
      'Releases that the device may be on after the try; default: old, and either for http-N, lost and slow',
    ),
});

export type ServerFault = z.output<typeof serverFault>;

/** An attempt as a scenario has it; what it does not say is left out, so that digests stay as they were. */
export function faultyAttempt({ at, oneOf, ...given }: ServerFault): FaultyAttempt {
  return {
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Pick<
      FaultyAttempt,
      'name' | 'fault'
    >),
    at: filePlace(at),
    ...(oneOf === undefined ? {} : { oneOf: [...new Set(oneOf)] }),
  };
}

function filePlace(at: ServerFault['at']): FilePlace {
  return typeof at === 'number' ? { byte: at } : { share: Number(at.slice(0, -1)) / 100 };
}

/** Which key of a fault of a list is wrong, and why. */
export interface FaultComplaint {
  path: [number, keyof ServerFault];
  message: string;
}

/** What of faults does not go together with each other, or with an agent. */
export function faultComplaints(
  faults: readonly ServerFault[],
  { source }: Pick<ChosenAgent, 'source'>,
): FaultComplaint[] {
  return [
    ...faults.flatMap(({ name }, i): FaultComplaint[] =>
      faults.findIndex((other) => other.name === name) < i
        ? [{ path: [i, 'name'], message: `fault ${name} is there twice` }]
        : [],
    ),
    ...faults.flatMap((fault, i) =>
      complaintsOf(fault, source).map(({ key, message }): FaultComplaint => ({ path: [i, key], message })),
    ),
  ];
}

function complaintsOf(
  { fault, package: wanted, bytesPerSecond, on, times }: ServerFault,
  source: ChosenAgent['source'],
): { key: keyof ServerFault; message: string }[] {
  const found: { key: keyof ServerFault; message: string }[] = [];
  const complain = (key: keyof ServerFault, message: string) => found.push({ key, message });
  const isOf = (list: readonly string[]) => list.includes(fault);
  const isOrdered = 'by' in source;
  if (isOf(publishingFaults) && source.kind !== 'feed')
    complain('fault', `${fault} is for package feeds, and this agent takes a bundle`);
  if (fault === 'changed' && source.kind !== 'bundle')
    complain('fault', 'changed is for bundles, and this agent takes none');
  if (isOf(hawkbitFaults) && !isOrdered)
    complain(
      'fault',
      `${fault} is of a hawkBit server, and this agent asks none; those that do have delivery: hawkbit`,
    );
  if ((fault === 'wrong-hash' || on === 'artifact') && isOrdered && source.kind !== 'bundle')
    complain(on === 'artifact' ? 'on' : 'fault', 'orders to this agent have no file');
  if (bytesPerSecond !== undefined && fault !== 'slow')
    complain('bytesPerSecond', `it is of slow, and means nothing to ${fault}`);
  const isAnswer = isOf(hawkbitFaults) && fault !== 'wrong-hash';
  if (on !== undefined && !isAnswer)
    complain('on', `it is of http-N and lost, and means nothing to ${fault}`);
  if (times !== undefined && !isAnswer)
    complain('times', `it is of http-N and lost, and means nothing to ${fault}`);
  if (wanted === undefined) return found;
  if (isOf(publishingFaults)) complain('package', `${fault} is of the whole feed`);
  else if (source.kind !== 'feed')
    complain('package', 'this agent takes a bundle, which is the file that is meant');
  return found;
}
