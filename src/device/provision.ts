import { posix } from 'node:path';
import { ask, type CommandOutput, complaint, type NoAnswer } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { ScenarioError } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import type { ProvisionStep, Scenario } from '../model/scenario.ts';
import type { Ready } from '../target/target.ts';

/** Milliseconds that one provisioning step may take. */
const stepLimitMs = 60_000;
/** Bytes that a file may have which is edited. */
const maxEditBytes = 16 << 20;

/**
 * Does to the device what its owner did, and makes it durable: this happened long before the upgrade. Packages are
 * installed already.
 * A step that cannot be done is the scenario's fault: ScenarioError `provision-failed`.
 */
export async function provision(
  device: Ready,
  { provision: steps, source }: Pick<Scenario, 'provision' | 'source'>,
  signal: AbortSignal,
): Promise<void> {
  const owner = new Owner(device, source.path, signal);
  for (const step of steps) if (!('install' in step)) await owner.take(step);
  // The first writes what ext4 had only in its journal, and the second flushes that.
  await owner.shell('sync', 'sync && sync');
}

/** The owner at work on one device. */
class Owner {
  private readonly device: Ready;
  private readonly scenarioFile: string;
  private readonly signal: AbortSignal;

  constructor(device: Ready, scenarioFile: string, signal: AbortSignal) {
    this.device = device;
    this.scenarioFile = scenarioFile;
    this.signal = signal;
  }

  async take(step: Exclude<ProvisionStep, { install: unknown }>): Promise<void> {
    if ('run' in step) return this.shell(`run ${step.run.split('\n')[0] ?? ''}`, step.run);
    if ('delete' in step) {
      const { path } = step.delete;
      return this.shell(`delete ${path}`, `rm -- ${quote(path)}`);
    }
    if ('link' in step) {
      const { path, to } = step.link;
      const made = `mkdir -p ${quote(posix.dirname(path))} && rm -f -- ${quote(path)} && ln -s -- ${quote(to)} ${quote(path)}`;
      return this.shell(`link ${path}`, made);
    }
    if ('append' in step) {
      const { path, content } = step.append;
      return this.shell(`append to ${path}`, `cat >> ${quote(path)}`, content);
    }
    if ('edit' in step) return this.edit(step.edit);
    const { path, content, mode } = step.write;
    const chmod = mode === undefined ? '' : ` && chmod ${mode.toString(8)} ${quote(path)}`;
    const command = `mkdir -p ${quote(posix.dirname(path))} && cat > ${quote(path)}${chmod}`;
    return this.shell(`write ${path}`, command, content);
  }

  /** Runs a command; `what` is the step's name in errors. */
  async shell(what: string, command: string, input?: string): Promise<void> {
    await this.run(what, command, { input });
  }

  private async edit({
    path,
    replace,
    with: replacement,
  }: {
    path: string;
    replace: string;
    with: string;
  }): Promise<void> {
    const what = `edit ${path}`;
    const tooLong = () => this.failure(what, `the file has more than ${maxEditBytes >> 20} MiB`);
    const { stdout: before } = await this.run(what, `cat ${quote(path)}`, { tooLong });
    const found = before.split(replace).length - 1;
    if (found !== 1) throw this.failure(what, `"${replace}" is there ${found} times; it must be there once`);
    const input = before.replace(replace, () => replacement);
    await this.shell(what, `cat > ${quote(path)}`, input);
  }

  private async run(
    what: string,
    command: string,
    { input, tooLong }: { input?: string | undefined; tooLong?: NoAnswer['tooLong'] },
  ): Promise<CommandOutput> {
    const deadline = Deadline.after(stepLimitMs);
    const options = { deadline, signal: this.signal, maxOutputBytes: maxEditBytes, input };
    return ask(this.device, command, options, {
      tooLong,
      failed: (output) =>
        this.failure(what, `ended with ${output.exitCode} on the device: ${complaint(output)}`),
      late: (cause) => this.failure(what, `did not end within ${stepLimitMs / 1000} s`, cause),
    });
  }

  private failure(what: string, why: string, cause?: unknown): ScenarioError {
    return new ScenarioError('provision-failed', `${this.scenarioFile}: provision, ${what}: ${why}`, {
      cause,
    });
  }
}
