import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type AuthContext, type ParsedKey, type ServerChannel } from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Deadline, DeadlinePassed } from '../../../src/core/deadline.ts';
import { knock } from '../../../src/guest/banner.ts';
import { PowerCut } from '../../../src/guest/errors.ts';
import { SshSession } from '../../../src/guest/ssh.ts';
import type { SshAccess } from '../../../src/model/image.ts';

/** Of ssh2's own ed25519 keys one in 256 is malformed. */
const keyPair = () => ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
const hostKey = keyPair();
const loginKey = keyPair();
const otherKey = keyPair();
const within = (ms = 3000) => ({ deadline: Deadline.after(ms) });
/** For real shells on a busy host. */
const soon = () => within(20_000);

let folder: string;
let access: SshAccess;
const closers: (() => void)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ssh-'));
  await writeFile(join(folder, 'login'), loginKey.private);
  await writeFile(join(folder, 'other'), otherKey.private);
  const key = ssh2.utils.parseKey(hostKey.public) as ParsedKey;
  const hostKeySha256 = createHash('sha256').update(key.getPublicSSH()).digest('base64').replace(/=+$/, '');
  access = { user: 'root', privateKey: join(folder, 'login'), hostKeySha256 };
});

afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function hasLoginKey(context: AuthContext): boolean {
  const allowed = ssh2.utils.parseKey(loginKey.public) as ParsedKey;
  return context.method === 'publickey' && context.key.data.equals(allowed.getPublicSSH());
}

/** A stand-in for a device: lets the login key in, or as it is told, and hands each command to `act`. */
async function device(
  act: (command: string, channel: ServerChannel, drop: () => void) => void,
  letsIn: (context: AuthContext) => boolean = hasLoginKey,
): Promise<number> {
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      if (letsIn(context)) context.accept();
      else context.reject(['none', 'password', 'publickey']);
    });
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, { command }) =>
        act(command, acceptExec(), () => client.end()),
      );
    });
    closers.push(() => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A device whose login shell is this program of the host, started with `-c` and the command as sshd does. */
function shellDevice(shell: readonly string[] = ['sh'], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const [program = '', ...words] = shell;
  return device((command, channel) => {
    const child = spawn(program, [...words, '-c', command], {
      env: { PATH: process.env['PATH'], HOME: folder, ...env },
    });
    channel.pipe(child.stdin);
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => channel.write(chunk));
    child.stderr.on('data', (chunk: Buffer) => channel.stderr.write(chunk));
    channel.on('signal', () => child.kill('SIGKILL'));
    closers.push(() => child.kill('SIGKILL'));
    child.on('close', (code, signal) => {
      if (signal === null) channel.exit(code ?? 0);
      else channel.exit(signal);
      channel.end();
    });
  });
}

/** A way to `port` on which everything that the other side says within 80 ms arrives together. */
async function gathered(port: number): Promise<number> {
  const relay = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    let held: Buffer[] = [];
    near.pipe(far);
    far.on('data', (chunk: Buffer) => {
      held.push(chunk);
      if (held.length > 1) return;
      setTimeout(() => {
        near.write(Buffer.concat(held));
        held = [];
      }, 80);
    });
    for (const socket of [near, far]) socket.on('error', () => undefined);
    closers.push(
      () => near.destroy(),
      () => far.destroy(),
    );
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  closers.push(() => relay.close());
  return (relay.address() as AddressInfo).port;
}

async function login(port: number, how: Partial<SshAccess> = {}, base = access): Promise<SshSession> {
  const answer = await knock(port, 2000, AbortSignal.timeout(3000));
  if (answer.kind !== 'answered') throw new Error(answer.kind);
  const session = await SshSession.login(answer.socket, { ...base, ...how }, Deadline.after(3000));
  closers.push(() => session.close(new Error('test is over')));
  return session;
}

describe('login', () => {
  it('takes the pinned host key, with or without its label', async () => {
    const port = await device(() => undefined);
    expect((await login(port)).lost).toBe(false);
    expect((await login(port, { hostKeySha256: `SHA256:${access.hostKeySha256}` })).lost).toBe(false);
  });

  it('refuses another host key and names both', async () => {
    const port = await device(() => undefined);
    await expect(login(port, { hostKeySha256: 'AAAA' })).rejects.toMatchObject({
      code: 'ssh-host-key',
      kind: 'device',
      message: expect.stringMatching(
        `${String(access.hostKeySha256).replaceAll('+', '\\+')}.*AAAA`,
      ) as string,
    });
  });

  it('says that the device refuses the key', async () => {
    const port = await device(() => undefined);
    await expect(login(port, { privateKey: join(folder, 'other') })).rejects.toMatchObject({
      code: 'ssh-login-refused',
    });
  });

  it.each([
    ['none', ''],
    ['password', ''],
    ['password', 'secret'],
  ])('lets a password in, by the method %s: "%s"', async (method, password) => {
    const port = await device(
      () => undefined,
      (context) =>
        context.method === method && (context.method !== 'password' || context.password === password),
    );
    expect((await login(port, { password }, { user: 'root' })).lost).toBe(false);
    const refused = login(await device(() => undefined), { password }, { user: 'root' });
    await expect(refused).rejects.toMatchObject({
      code: 'ssh-login-refused',
      message: "the device refuses the login of root with the image's password",
    });
  });

  it('takes any host key where none is named, and says which it was', async () => {
    const { privateKey = '' } = access;
    const session = await login(await device(() => undefined), { privateKey }, { user: 'root' });
    expect(session.hostKeySha256).toBe(access.hostKeySha256);
  });

  it('says that the image’s key is unusable', async () => {
    const port = await device(() => undefined);
    await writeFile(join(folder, 'bad'), 'no key');
    for (const privateKey of [join(folder, 'absent'), join(folder, 'bad')])
      await expect(login(port, { privateKey })).rejects.toMatchObject({
        code: 'image-ssh-key',
        kind: 'scenario',
      });
  });

  it('ends at its deadline when the server says hello and no more, and on noise', async () => {
    const answers = ['SSH-2.0-x\r\n', `${'\xff'.repeat(70_000)}\n`];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(answers.shift() ?? '');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    for (let i = 0; i < 2; i += 1) {
      const answer = await knock(port, 2000, AbortSignal.timeout(3000));
      if (answer.kind !== 'answered') throw new Error(answer.kind);
      await expect(SshSession.login(answer.socket, access, Deadline.after(200))).rejects.toThrow();
    }
  });
});

describe('knock', () => {
  async function server(act: (drop: () => void) => void): Promise<number> {
    const listening = createServer((socket) => {
      socket.on('error', () => undefined);
      closers.push(() => socket.destroy());
      act(() => socket.destroy());
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => listening.once('listening', resolve));
    closers.push(() => listening.close());
    return (listening.address() as AddressInfo).port;
  }

  it('tells silence from refusal', async () => {
    const silent = await server(() => undefined);
    const refusing = await server((drop) => drop());
    expect(await knock(silent, 50, AbortSignal.timeout(3000))).toEqual({ kind: 'silent' });
    expect(await knock(refusing, 2000, AbortSignal.timeout(3000))).toEqual({ kind: 'refused' });
  });

  it('an answer that breaks before anybody takes it over is closed, and no more', async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => void uncaught.push(error);
    process.once('uncaughtException', note);
    const listening = createServer((socket) => {
      socket.on('error', () => undefined).write('SSH-2.0-x\r\n');
      setTimeout(() => socket.resetAndDestroy(), 50);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => listening.once('listening', resolve));
    closers.push(() => listening.close());
    const answer = await knock((listening.address() as AddressInfo).port, 2000, AbortSignal.timeout(3000));
    if (answer.kind !== 'answered') throw new Error(answer.kind);
    await new Promise((resolve) => answer.socket.once('close', resolve));
    process.off('uncaughtException', note);
    expect(uncaught).toEqual([]);
  });

  it('stops when told to', async () => {
    const silent = await server(() => undefined);
    await expect(knock(silent, 5000, AbortSignal.timeout(30))).rejects.toThrow();
  });
});

describe('run', () => {
  it('returns output and exit code', async () => {
    const session = await login(await shellDevice());
    expect(await session.run("printf 'ran it'; printf é >&2; exit 3", soon())).toEqual({
      exitCode: 3,
      stdout: 'ran it',
      stderr: 'é',
      truncated: false,
    });
  });

  it('misses nothing when consent, output and end come in one packet', async () => {
    const session = await login(await gathered(await shellDevice()));
    expect(await session.run('printf "all at once"; exit 7', soon())).toMatchObject({
      exitCode: 7,
      stdout: 'all at once',
    });
  });

  it('keeps only so much output, and its exit code', async () => {
    const session = await login(await shellDevice());
    const limit = { ...soon(), maxOutputBytes: 1000 };
    const result = await session.run("head -c 100000 /dev/zero | tr '\\0' x; exit 4", limit);
    expect(result).toEqual({ exitCode: 4, truncated: true, stdout: 'x'.repeat(1000), stderr: '' });
  });

  it('ends a command at its deadline and keeps the login', async () => {
    const session = await login(await shellDevice());
    await expect(session.run('sleep 9', within(50))).rejects.toBeInstanceOf(DeadlinePassed);
    expect(await session.run('true', soon())).toMatchObject({ exitCode: 0 });
  });

  it('ends a command with the reason of its signal', async () => {
    const session = await login(await device(() => undefined));
    const signal = AbortSignal.timeout(30);
    await expect(session.run('hang', { ...soon(), signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });

  it('reports a lost connection as the device’s failure, now and later', async () => {
    const session = await login(await device((_, _channel, drop) => drop()));
    await expect(session.run('x', soon())).rejects.toMatchObject({
      code: 'connection-lost',
      kind: 'device',
    });
    await expect(session.run('x', soon())).rejects.toMatchObject({ code: 'connection-lost' });
    expect(session.lost).toBe(true);
  });

  it('rejects commands under way with what it was closed for', async () => {
    const session = await login(await device(() => undefined));
    const running = session.run('hang', soon());
    setTimeout(() => session.close(new PowerCut()), 30);
    await expect(running).rejects.toBeInstanceOf(PowerCut);
  });
});

describe('a login shell that says more than the answer', () => {
  const greeting = 'Welcome to gateway-7!\\n\\nLast login: never\\n> ';
  const root = async (rc: string) => {
    await writeFile(join(folder, '.bashrc'), rc);
    return { HOME: folder, SSH_CLIENT: '10.0.2.2 40000 22' };
  };

  it.each([
    ['greets', `printf '${greeting}'`],
    ['greets on both streams, and says goodbye', `echo hi; echo hi >&2; trap 'echo bye; echo bye >&2' EXIT`],
    ['traces', 'set -x'],
    ['traces, repeats what it reads and ends at the first failure', 'set -exuv'],
    ['takes no patterns and replaces no files', 'set -fC'],
    ['makes one stream of two', 'exec 2>&1; echo hi'],
    ['leaves a program behind that talks', '(sleep 0.3; echo late; echo late >&2) &'],
  ])('that %s reaches nothing that is read', async (_, rc) => {
    const session = await login(await shellDevice(['bash'], await root(rc)));
    const command = `cd '${folder}'; false; printf 'a\\n\\n'; echo lo*n; echo 1 > old; echo 2 > old; exit 5`;
    expect(await session.run(command, soon())).toEqual({
      exitCode: 5,
      stdout: 'a\n\nlogin\n',
      stderr: '',
      truncated: false,
    });
    const path = join(folder, "it's");
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) % 256));
    await session.writeFile(path, bytes, soon());
    expect((await session.readFile(path, soon())).equals(bytes)).toBe(true);
  });

  it('is asked the same each time, in words that no list of processes shows as the answer’s end', async () => {
    const asked: string[] = [];
    const port = await device((command, channel) => {
      asked.push(command);
      channel.exit(1);
      channel.end();
    });
    for (let i = 0; i < 2; i += 1) await (await login(port)).run('ps', soon());
    expect(asked[0]).toBe(asked[1]);
    const session = await login(await shellDevice());
    const result = await session.run(
      "tr '\\0' '\\n' < /proc/$PPID/cmdline; tr '\\0' '\\n' < /proc/$$/cmdline",
      soon(),
    );
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toContain('exit "$1"');
  });

  it('a command that no shell can read ends with its complaint, the trap of a script with its code', async () => {
    const session = await login(await shellDevice());
    const broken = await session.run('if true; then', soon());
    expect(broken.exitCode).toBeGreaterThan(0);
    expect(broken.stderr).toMatch(/syntax error/i);
    expect(await session.run("trap 'echo out' EXIT; exit 6", soon())).toMatchObject({
      exitCode: 6,
      stdout: 'out\n',
    });
    expect(await session.run('cat <<END\n)\nEND', soon())).toMatchObject({ exitCode: 0, stdout: ')\n' });
  });

  it('that refuses says so with its own code; one that ends well and did nothing has failed', async () => {
    const refusing = await login(await shellDevice(['sh', '-c', 'echo not available; exit 1']));
    expect(await refusing.run('true', soon())).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'the login shell did not do what it was asked: not available',
      truncated: false,
    });
    const silent = await login(await shellDevice(['bash'], await root('echo maintenance; exit 0')));
    await expect(silent.run('true', soon())).rejects.toMatchObject({
      code: 'no-answer',
      kind: 'device',
      message: 'the login shell did not do what it was asked: maintenance',
    });
  });

  it('that is ended by a signal gives what it had said', async () => {
    const session = await login(await shellDevice());
    expect(await session.run('echo half; kill -9 $$', soon())).toMatchObject({
      exitCode: 137,
      stdout: 'half\n',
    });
  });

  it('that floods before the answer costs no memory, and hides it not', async () => {
    const rc = await root('head -c 4000000 /dev/zero; echo');
    const session = await login(await shellDevice(['bash'], rc));
    const result = await session.run('echo found', { ...soon(), maxOutputBytes: 100 });
    expect(result).toMatchObject({ exitCode: 0, stdout: 'found\n', truncated: false });
  });
});

describe('copies', () => {
  it('carry bytes both ways, under any name', async () => {
    const session = await login(await shellDevice());
    const path = join(folder, "it's; rm -rf $(x)");
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) % 256));
    await session.writeFile(path, bytes, soon());
    expect((await readFile(path)).equals(bytes)).toBe(true);
    expect((await session.readFile(path, soon())).equals(bytes)).toBe(true);
  });

  it('refuse files that are absent or too long', async () => {
    const session = await login(await shellDevice());
    await writeFile(join(folder, 'big'), Buffer.alloc(2000));
    const absent = session.readFile(join(folder, 'absent'), soon());
    await expect(absent).rejects.toMatchObject({ code: 'guest-file' });
    const small = { ...soon(), maxBytes: 1999 };
    await expect(session.readFile(join(folder, 'big'), small)).rejects.toMatchObject({ code: 'guest-file' });
  });
});
