import { posix } from 'node:path';
import { Deadline } from '../core/deadline.ts';
import { ScenarioError } from '../core/errors.ts';
import type { ProvisionStep } from '../model/scenario.ts';
import type { Ready } from '../target/target.ts';
import { quote } from './shell.ts';

/** Milliseconds that one provisioning step may take. */
const stepLimitMs = 60_000;

/**
 * Does to the device what its owner did, and makes it durable: this happened long before the upgrade.
 * A step that cannot be done is the scenario's fault: ScenarioError `provision-failed`.
 */
export async function provision(
  device: Ready,
  steps: readonly ProvisionStep[],
  signal: AbortSignal,
): Promise<void> {
  for (const step of steps) await provisionStep(device, step, signal);
  await shell(device, 'sync', 'sync', signal);
}

async function provisionStep(device: Ready, step: ProvisionStep, signal: AbortSignal): Promise<void> {
  if ('run' in step) return shell(device, `run: ${step.run}`, step.run, signal);
  if ('delete' in step)
    return shell(device, `delete ${step.delete.path}`, `rm -f -- ${quote(step.delete.path)}`, signal);
  if ('append' in step) {
    const { path, content } = step.append;
    return shell(device, `append to ${path}`, `cat >> ${quote(path)}`, signal, content);
  }
  if ('edit' in step) return edit(device, step.edit, signal);
  const { path, content, mode } = step.write;
  const chmod = mode === undefined ? '' : ` && chmod ${mode.toString(8)} ${quote(path)}`;
  const command = `mkdir -p ${quote(posix.dirname(path))} && cat > ${quote(path)}${chmod}`;
  return shell(device, `write ${path}`, command, signal, content);
}

async function edit(
  device: Ready,
  { path, replace, with: replacement }: { path: string; replace: string; with: string },
  signal: AbortSignal,
): Promise<void> {
  const deadline = Deadline.after(stepLimitMs);
  const before = (await device.run(`cat ${quote(path)}`, { deadline, signal })).stdout;
  const found = before.split(replace).length - 1;
  if (found !== 1)
    throw new ScenarioError(
      'provision-failed',
      `edit ${path}: "${replace}" is there ${found} times; it must be there once`,
    );
  await shell(
    device,
    `edit ${path}`,
    `cat > ${quote(path)}`,
    signal,
    before.replace(replace, () => replacement),
  );
}

async function shell(
  device: Ready,
  what: string,
  command: string,
  signal: AbortSignal,
  input?: string,
): Promise<void> {
  const deadline = Deadline.after(stepLimitMs);
  const result = await device.run(command, { deadline, signal, ...(input === undefined ? {} : { input }) });
  if (result.exitCode !== 0)
    throw new ScenarioError(
      'provision-failed',
      `provision, ${what}: ended with ${result.exitCode}: ${result.stderr.trim().slice(-300)}`,
    );
}
