import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { runCli } from '../../../src/cli/program.ts';
import { requirements } from '../../../src/host/requirements.ts';
import type { RunRecord } from '../../../src/model/record.ts';
import { qemuHost } from '../../../src/runner/run-host.ts';
import { simulatedHost } from '../../support/simulated/host.ts';
import { slotLab } from '../../support/simulated/lab.ts';

/** Runs a scenario of one of our images by the command line, on a host that has all programs by name, with simulated devices. */
async function run(...options: string[]): Promise<RunRecord> {
  const lab = await slotLab();
  const scenario = await lab.scenario({ image: 'rauc-ab', powerCuts: { during: ['confirm'] } });
  const host = simulatedHost(lab.folder, () => lab.manifest, lab.createTarget);
  vi.spyOn(qemuHost, 'createTarget').mockImplementation(host.createTarget);
  vi.spyOn(qemuHost, 'imageFor').mockImplementation(host.imageFor);
  vi.spyOn(qemuHost, 'qemuVersion').mockImplementation(host.qemuVersion);
  vi.spyOn(qemuHost, 'pageParts').mockImplementation(host.pageParts);
  onTestFinished(() => void vi.restoreAllMocks());
  const programs = join(lab.folder, 'programs');
  await mkdir(programs);
  for (const { what } of requirements)
    if ('program' in what) await writeFile(join(programs, what.program), '', { mode: 0o755 });
  const said = { out: '', err: '' };
  const code = await runCli(
    ['run', scenario, '--power-cuts', 'all', '--reports', lab.reports, '--json', ...options],
    {
      stdout: { write: (text) => (said.out += text) },
      stderr: { write: (text) => (said.err += text) },
      environment: { PATH: programs },
    },
  );
  expect(code, said.err).toBe(0);
  const { runs } = JSON.parse(said.out) as { runs: { record: RunRecord }[] };
  const [only] = runs;
  if (only === undefined) throw new Error('nothing was run');
  return only.record;
}

it('with --audit 0 audits nothing, and says so', async () => {
  const { verdict, crash } = await run('--audit', '0');
  expect(verdict).toBe('passed');
  expect(crash).toMatchObject({ claim: 'unaudited', audited: 0, audits: { asked: 0, reseeded: 0 } });
});

it.each([
  [[], '--resume goes on with the boots of --power-cuts all\n'],
  [['--power-cuts', 'all', '--fresh'], '--power-cuts all, and --fresh takes none'],
  [['--power-cuts', 'all', '--fresh-recording'], '--power-cuts all, and --fresh-recording begins anew'],
])('--resume is refused with what leaves nothing to go on with: %o', async (options, message) => {
  let said = '';
  const stream = { write: (text: string) => (said += text) };
  const asked = ['run', 'scenario.yaml', '--resume', ...options];
  expect(await runCli(asked, { stdout: stream, stderr: stream, environment: {} })).toBe(2);
  expect(said).toContain(message);
});
