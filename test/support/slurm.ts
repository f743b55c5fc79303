import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach } from 'vitest';

/** Skips each test of the suite that calls this, saying why, where no Slurm of its own can be started. */
export function needSlurm(): void {
  const programs = ['slurmctld', 'slurmd', 'sbatch', 'scancel', 'squeue', 'sinfo'];
  const missing = programs.filter((program) => spawnSync(program, ['-V']).error !== undefined);
  beforeEach(({ skip }) => {
    // No part of `brownout setup --tests`: its packages are services that the host would start from then on.
    if (missing.length > 0)
      skip(`this host lacks ${missing.join(', ')}: apt-get install slurmctld slurmd slurm-client`);
    if (process.getuid?.() !== 0) skip('slurmd needs root');
  });
}

/** A Slurm of one node that runs two jobs at once: daemons of its own, with ports and files of their own. */
export class Slurm implements AsyncDisposable {
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #daemons: ChildProcess[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    this.#environment = { ...process.env, SLURM_CONF: join(folder, 'slurm.conf') };
  }

  /** In an empty folder. Throws with what the daemons said where the node is not up within a minute. */
  static async start(folder: string): Promise<Slurm> {
    const slurm = new Slurm(folder);
    for (const name of ['state', 'spool']) await mkdir(join(folder, name));
    await writeFile(join(folder, 'slurm.conf'), await configuration(folder));
    for (const program of ['slurmctld', 'slurmd'])
      slurm.#daemons.push(spawn(program, ['-D'], { env: slurm.#environment, stdio: 'ignore' }));
    try {
      await slurm.until('the node is up', 60, () => slurm.ask('sinfo', '-h', '-o', '%t') === 'idle');
    } catch (error) {
      await slurm[Symbol.asyncDispose]();
      throw error;
    }
    return slurm;
  }

  /** What a script prints that submits jobs; its variables are those of the jobs. */
  submit(script: string, cwd: string, variables: NodeJS.ProcessEnv): string {
    const env = { ...this.#environment, ...variables };
    const { status, stdout, stderr } = spawnSync('sh', ['-s'], { input: script, cwd, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`the script ended with ${status}: ${stderr}`);
    return stdout.trim();
  }

  /** What one of Slurm's programs prints. */
  ask(program: string, ...args: string[]): string {
    return spawnSync(program, args, { env: this.#environment, encoding: 'utf8' }).stdout.trim();
  }

  /** Throws with what the daemons said where it is not so within the time. */
  async until(what: string, seconds: number, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
      if (await isSo()) return;
      await sleep(250);
    }
    const logs = ['slurmctld.log', 'slurmd.log'].map((name) => readFile(join(this.#folder, name), 'utf8'));
    const said = (await Promise.all(logs.map((log) => log.catch(() => '')))).map((log) => log.slice(-2000));
    throw new Error(`${what}: not within ${seconds} s\n${this.ask('squeue')}\n${said.join('\n')}`);
  }

  /** Ends its jobs, then its daemons. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.ask('sinfo', '-h') !== '') {
      this.ask('scancel', '--user=root');
      await this.until('all jobs have ended', 60, () => this.ask('squeue', '-h') === '').catch(
        () => undefined,
      );
    }
    for (const daemon of this.#daemons.reverse())
      if (daemon.exitCode === null && daemon.kill()) await once(daemon, 'exit');
  }
}

/** slurm.conf(5), as Debian's Slurm 22.05 reads it. */
async function configuration(folder: string): Promise<string> {
  const [name = 'localhost'] = hostname().split('.');
  const lines = [
    'ClusterName=brownout',
    `SlurmctldHost=${name}(127.0.0.1)`,
    ...['SlurmUser=root', 'SlurmdUser=root', 'AuthType=auth/none', 'CredType=cred/none', 'MpiDefault=none'],
    ...[`SlurmctldPort=${await freePort()}`, `SlurmdPort=${await freePort()}`, 'ReturnToService=2'],
    ...[`StateSaveLocation=${folder}/state`, `SlurmdSpoolDir=${folder}/spool`],
    ...[`SlurmctldPidFile=${folder}/slurmctld.pid`, `SlurmdPidFile=${folder}/slurmd.pid`],
    ...[`SlurmctldLogFile=${folder}/slurmctld.log`, `SlurmdLogFile=${folder}/slurmd.log`],
    ...['ProctrackType=proctrack/linuxproc', 'TaskPlugin=task/none'],
    ...['SelectType=select/cons_tres', 'SelectTypeParameters=CR_CPU', 'SlurmdParameters=config_overrides'],
    `NodeName=${name} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN`,
    'PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
