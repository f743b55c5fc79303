import { dirname, join } from 'node:path';
import { viewFor } from '../report/colour.ts';
import { summaryMarkdown } from '../report/summary-markdown.ts';
import { Terminal } from '../report/terminal.ts';
import { type RunOptions, runScenarios } from '../runner/run-scenarios.ts';
import type { Surroundings } from './command.ts';
import { exitCodeOfRuns } from './exit-code.ts';
import { addToJobSummary } from './job-summary.ts';
import { jobsFor } from './jobs-for.ts';
import { withTerminal } from './with-terminal.ts';
import { writeEnd } from './write-end.ts';

/** What comes from options that each command that runs scenarios has, and from where it was called. */
type FromOptions = 'reports' | 'jobs' | 'accelerator' | 'sshPort' | 'events' | 'signal';

/** These options. */
type UsualOptions = Required<Pick<RunOptions, 'reports' | 'accelerator'>> & {
  jobs?: number | undefined;
  sshPort?: number | undefined;
  quiet?: true | undefined;
  plain?: true | undefined;
  json?: true | undefined;
  machine?: string | undefined;
};

/** Runs scenarios, shows what happens and what they came to; returns the exit code. */
export async function runAndTell(
  options: UsualOptions,
  { streams, interruption: { signal } }: Surroundings,
  asked: Omit<RunOptions, FromOptions>,
): Promise<number> {
  const { reports, accelerator, sshPort } = options;
  const usual = { reports, accelerator, sshPort, jobs: jobsFor(options), signal };
  const folders = new Map<string, string>();
  const progress = options.json === true ? streams.stderr : streams.stdout;
  const view = viewFor(options, progress, streams.environment);
  const terminal = new Terminal(progress, { view, environment: streams.environment });
  const records = await withTerminal(terminal, folders, (events) =>
    runScenarios({ ...asked, ...usual, events }),
  );
  if (records.length > 0)
    await addToJobSummary(
      summaryMarkdown(records, ({ id }) => folders.get(id) ?? ''),
      streams,
    );
  const exitCode = exitCodeOfRuns(records);
  if (options.json === true) {
    const runs = records.map((record) => ({ folder: folders.get(record.id), record }));
    streams.stdout.write(`${JSON.stringify({ exitCode, runs }, null, 2)}\n`);
  } else if (records.length === 0) {
    streams.stdout.write(`nothing was run: no scenario names ${options.machine ?? 'a machine'}\n`);
  } else {
    const [first] = folders.values();
    const all = records.length > 1 && first !== undefined ? join(dirname(first), 'index.html') : undefined;
    writeEnd(records, { folderOf: ({ id }) => folders.get(id), page: all }, view, streams);
  }
  return exitCode;
}
