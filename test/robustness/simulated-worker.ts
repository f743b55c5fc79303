/**
 * One of several workers on a simulated device, in a process of its own for whoever kills it. Arguments: a folder with the scenario's
 * image and its own reports, the ledger that all share, its part (1/2) or - for the recording alone. Prints as JSON what was decided.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodeOfRuns } from '../../src/cli/exit-code.ts';
import { shardOf } from '../../src/cli/shard-of.ts';
import { runScenarios } from '../../src/runner/run-scenarios.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { fewBoots, simulatedHost, usualScenario } from '../support/simulated/host.ts';
import { slotImage } from '../support/simulated/images.ts';
import { simulatedTargets } from '../support/simulated/machine.ts';
import { SlotGuest } from '../support/simulated/slot-guest.ts';

const [folder = '', ledger = '', part = '-'] = process.argv.slice(2);
const image = join(folder, 'image');
await mkdir(image, { recursive: true });
const manifest = await slotImage(image);
const file = join(folder, 'simulated.yaml');
await writeFile(file, JSON.stringify(usualScenario));
const records = await runScenarios({
  scenarios: [await loadScenario(file)],
  machine: undefined,
  powerCuts: { mode: 'all' },
  limits: {
    ...{ ...fewBoots, reuse: true },
    shard: part === '-' ? undefined : shardOf(part, {}),
    ledger: part === '-' ? undefined : { folder: ledger, besides: [], live: true },
  },
  seed: '1',
  reports: join(folder, 'reports'),
  jobs: 1,
  sshPort: undefined,
  recordings: part === '-' ? { only: true } : {},
  events: () => undefined,
  signal: new AbortController().signal,
  host: simulatedHost(
    folder,
    () => manifest,
    simulatedTargets(() => new SlotGuest({ onStart: () => sleep(50) })),
  ),
});
const [record] = records;
const cuts = (record?.crash?.cuts ?? []).filter(({ booted }) => booted === undefined);
process.stdout.write(
  `${JSON.stringify({
    exitCode: exitCodeOfRuns(records),
    undecided: record?.crash?.undecided,
    made: cuts.length,
  })}\n`,
);
