/**
 * A whole run on a simulated device in a process of its own, for whoever treats that process badly. Arguments: a folder
 * with the scenario, image and reports, and how many paths are run at once. Prints as JSON what was decided, and what of the cache is damaged then; exit codes and
 * messages are the program's.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheEntries } from '../../src/cache/contents.ts';
import { Verifier } from '../../src/cache/verify.ts';
import { exitCodeOfRuns } from '../../src/cli/exit-code.ts';
import { installLastResort } from '../../src/cli/last-resort.ts';
import { reportError } from '../../src/cli/print-error.ts';
import { processStreams } from '../../src/cli/streams.ts';
import { cacheRoot } from '../../src/core/paths.ts';
import { runScenarios } from '../../src/runner/run-scenarios.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { fewBoots, simulatedHost, usualScenario } from '../support/simulated/host.ts';
import { slotImage } from '../support/simulated/images.ts';
import { simulatedTargets } from '../support/simulated/machine.ts';
import { SlotGuest } from '../support/simulated/slot-guest.ts';

const [folder = ''] = process.argv.slice(2);
const streams = processStreams();
installLastResort(['run'], streams);

async function run(): Promise<number> {
  const image = join(folder, 'image');
  const file = join(folder, 'simulated.yaml');
  await mkdir(image, { recursive: true });
  const manifest = await slotImage(image);
  await writeFile(file, JSON.stringify(usualScenario));
  const scenario = await loadScenario(file);
  const records = await runScenarios({
    scenarios: [scenario],
    machine: undefined,
    powerCuts: { mode: 'all' },
    limits: { ...fewBoots, reuse: true },
    seed: '1',
    reports: join(folder, 'reports'),
    jobs: 2,
    sshPort: undefined,
    recordings: {},
    events: () => undefined,
    signal: new AbortController().signal,
    host: simulatedHost(
      folder,
      () => manifest,
      simulatedTargets(() => new SlotGuest({})),
    ),
  });
  const cache = cacheRoot();
  const verifier = new Verifier();
  const damaged: string[] = [];
  for (const entry of await cacheEntries(cache)) {
    const { damage } = await verifier.verify(entry);
    damaged.push(...damage.map((what) => `${entry.kind} ${entry.name}: ${what}`));
  }
  const decided = records.map(({ verdict, problem, crash, findings }) => ({
    verdict,
    problem: problem?.code,
    message: problem?.message,
    claim: crash?.claim,
    states: crash?.states,
    decided: crash?.decided,
    // Of what is sampled, the sample hangs on which boot came back first.
    outcomes: crash?.outcomes
      .flatMap(({ name, stage = 'whole' }) => (stage === 'whole' ? [name] : []))
      .sort(),
    boots: crash?.boots,
    made: crash?.cuts.filter(({ kind, booted }) => kind !== 'live' && booted === undefined).length,
    findings: findings.length,
    damaged,
  }));
  streams.stdout.write(`${JSON.stringify(decided)}\n`);
  return exitCodeOfRuns(records);
}

process.exitCode = await run().catch((error: unknown) => reportError(error, ['run'], streams));
