import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Scenario } from '../../src/model/scenario.ts';

/** What a command of the guest's came to. */
export interface Ended {
  code: number;
  output: string;
}

/** Where a scenario's commands look, as folders of the host. */
const places = ['data', 'boot', 'run', 'etc'] as const;

/** After each of these commands a cut may come; the others do nothing here. */
const steps = `
step() { if [ -n "$CUTS" ]; then command cp -a "$DEVICE" "$(mktemp -d "$CUTS/XXXXXXXX")/device"; fi; }
for name in mv rm mkdir rmdir chmod cp ln touch; do
  eval "$name() { command $name \\"\\$@\\"; ended=\\$?; step; return \\$ended; }"
done
dd() { command dd "$@" 2>/dev/null; ended=$?; step; return $ended; }
sync() { step; }
blockdev() { true; }
mount() { true; }
`;

/**
 * Runs the commands of a corpus case by the host's shell on folders and a file that stand for the device, and keeps the
 * device as it was after each step. A cut loses nothing here: enough to show whether scripts do what their case says,
 * not what a disk may lose.
 */
export class HostDevice implements AsyncDisposable {
  private readonly folder: string;
  private readonly device: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.device = join(folder, 'device');
  }

  /** A device whose owner has done what the scenario says. */
  static async provisioned(scenario: Scenario): Promise<HostDevice> {
    const host = new HostDevice(await mkdtemp(join(tmpdir(), 'brownout-corpus-')));
    for (const place of places) await mkdir(join(host.device, place), { recursive: true });
    await writeFile(join(host.device, 'vda'), Buffer.alloc(1 << 20));
    for (const step of scenario.provision) {
      if ('run' in step) {
        const { code, output } = await host.run(step.run);
        if (code !== 0) throw new Error(`provisioning ended with ${code}: ${output}`);
      } else if ('append' in step || 'write' in step) {
        const { path, content } = 'append' in step ? step.append : step.write;
        const file = host.translate(path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, host.translate(content), { flag: 'append' in step ? 'a' : 'w' });
      }
    }
    return host;
  }

  /** Runs commands; with `cuts`, the device as it is after each step is kept there. */
  run(commands: string, cuts = '', releases = ''): Promise<Ended> {
    const env = { ...process.env, DEVICE: this.device, CUTS: cuts, ALLOWED_RELEASES: releases };
    return new Promise((resolve) => {
      execFile('sh', ['-c', steps + this.translate(commands)], { env }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, output: `${stdout}${stderr}`.trim() });
      });
    });
  }

  /** Power on: what is in memory is gone, and the device's start does what the owner's file says. */
  async start(cuts = ''): Promise<void> {
    await rm(join(this.device, 'run'), { recursive: true });
    await mkdir(join(this.device, 'run'));
    const commands = await readFile(join(this.device, 'etc', 'network.conf'), 'utf8').catch(() => '');
    await this.run(commands, cuts);
  }

  /** The first check that fails; undefined where all pass. */
  async failedCheck({ checks }: Scenario, releases: string): Promise<string | undefined> {
    for (const { name, run } of checks) {
      const { code, output } = await this.run(run, '', releases);
      if (code !== 0) return `${name}: ${output}`;
    }
    return undefined;
  }

  /** A folder for the states that cuts leave. */
  async cutsFolder(): Promise<string> {
    return await mkdtemp(join(this.folder, 'cuts-'));
  }

  /** The device as a cut left it, at the same place. */
  async restore(cuts: string, name: string): Promise<void> {
    await rm(this.device, { recursive: true });
    await promisify(execFile)('cp', ['-a', join(cuts, name, 'device'), this.device]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true });
  }

  /** Paths of the guest, as they are called here. */
  private translate(text: string): string {
    return text
      .replaceAll(/\/dev\/vda(?!\d)/g, join(this.device, 'vda'))
      .replaceAll(/(?<![\w.\]])\/(data|boot|run|etc\/network\.conf)(?=[/ "\n)]|$)/g, `${this.device}/$1`);
  }
}
