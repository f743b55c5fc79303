import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import ssh2, { type Client, type ClientChannel, type ConnectConfig } from 'ssh2';
import { type CommandOptions, type CommandOutput, complaint, type Shell } from '../core/ask.ts';
import { type Deadline, withDeadline } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import { Fence, type RawOutput } from '../core/fence.ts';
import { quote } from '../core/quote.ts';
import type { SshAccess } from '../model/image.ts';
import { collectOutput } from './channel.ts';
import { ConnectionLost } from './errors.ts';
import { readPrivateKey } from './private-key.ts';

const keepaliveMs = 10_000;
/** Unanswered keep-alives after which the guest counts as gone: a busy emulated guest may be slow, not dead. */
const keepaliveLimit = 6;
const defaultOutputLimit = 4 << 20;

/** Where a person types. */
export type TerminalInput = NodeJS.ReadableStream & { setRawMode?: (raw: boolean) => unknown };

/** Where a person reads. */
export type TerminalOutput = NodeJS.WritableStream & { columns?: number; rows?: number };

/** Limits of one copy. */
export interface CopyOptions {
  deadline: Deadline;
  signal?: AbortSignal | undefined;
  /** Bytes that a file to be read may have (default 64 MiB). */
  maxBytes?: number;
}

/** What whoever only keeps a login open needs of it. */
export type Login = Pick<SshSession, 'close' | 'hostKeySha256'>;

/**
 * A login on the guest. What its shell says besides an answer is left out of it. Errors: DeviceFailure `connection-lost`
 * (ConnectionLost), `no-answer` (Fence), `guest-file` (a copy failed), DeadlinePassed, the signal's reason, or whatever `close` was given.
 */
export class SshSession implements Shell {
  /** Base64 of the SHA-256 of the key that the device has shown. */
  readonly hostKeySha256: string;
  private readonly client: Client;
  private readonly end = new AbortController();

  private constructor(client: Client, hostKeySha256: string) {
    this.client = client;
    this.hostKeySha256 = hostKeySha256;
    client.on('error', (error) =>
      this.close(new ConnectionLost(`the guest's login broke: ${error.message}`, { cause: error })),
    );
    client.on('close', () => this.close(new ConnectionLost('the guest ended its login')));
  }

  /**
   * Logs in over a connection on which the server has spoken. Errors: DeviceFailure `ssh-host-key` or
   * `ssh-login-refused`, ConnectionLost, ScenarioError `image-ssh-key` (unreadable private key), DeadlinePassed.
   */
  static async login(
    socket: Socket,
    access: SshAccess,
    deadline: Deadline,
    signal?: AbortSignal,
  ): Promise<SshSession> {
    const privateKey = access.privateKey === undefined ? undefined : await readPrivateKey(access.privateKey);
    const client = new ssh2.Client();
    try {
      const hostKey = await withDeadline('ssh login', deadline, signal, () =>
        handshake(client, { socket, access, privateKey }),
      );
      return new SshSession(client, hostKey);
    } catch (error) {
      client.on('error', () => undefined);
      client.destroy();
      throw error;
    }
  }

  /** Set when the login is over. */
  get lost(): boolean {
    return this.end.signal.aborted;
  }

  /** Runs a command line of the guest's shell. A non-zero exit code is an answer, not an error. */
  async run(command: string, options: CommandOptions): Promise<CommandOutput> {
    const { stdout, stderr, ...rest } = await this.exec(command, options);
    return { ...rest, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') };
  }

  /** A file's bytes, read by the guest's cat (small ssh servers have no sftp). */
  async readFile(path: string, { deadline, signal, maxBytes = 64 << 20 }: CopyOptions): Promise<Buffer> {
    const result = await this.exec(`cat -- ${quote(path)}`, { deadline, signal, maxOutputBytes: maxBytes });
    if (result.truncated)
      throw new DeviceFailure('guest-file', `${path} on the device is longer than ${maxBytes} bytes`);
    assertCopied(`read ${path} on the device`, result);
    return result.stdout;
  }

  /** Replaces a file's content in place; it is not flushed to the disk. */
  async writeFile(path: string, data: string | Uint8Array, { deadline, signal }: CopyOptions): Promise<void> {
    const result = await this.exec(`cat > ${quote(path)}`, { deadline, signal, input: data });
    assertCopied(`write ${path} on the device`, result);
  }

  /** Gives a person a shell, until it ends. `input` is put into raw mode where it is a terminal. */
  async interact(input: TerminalInput, output: TerminalOutput, signal: AbortSignal): Promise<void> {
    this.end.signal.throwIfAborted();
    const either = AbortSignal.any([signal, this.end.signal]);
    const size = { cols: output.columns ?? 80, rows: output.rows ?? 24 };
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      this.client.shell({ term: process.env['TERM'] ?? 'dumb', ...size }, (error, opened) => {
        if (error === undefined) resolve(opened);
        else reject(new ConnectionLost(`the guest gives no shell: ${error.message}`, { cause: error }));
      });
    });
    channel.on('error', () => undefined); // 'close' follows
    const close = () => channel.close();
    either.addEventListener('abort', close, { once: true });
    input.setRawMode?.(true);
    input.pipe(channel);
    channel.pipe(output, { end: false });
    channel.stderr.pipe(output, { end: false });
    try {
      await new Promise((resolve) => channel.once('close', resolve));
    } finally {
      either.removeEventListener('abort', close);
      input.unpipe(channel);
      input.setRawMode?.(false);
      input.pause();
    }
  }

  /** Ends the login at once; commands under way reject with `reason`. */
  close(reason: Error): void {
    if (this.lost) return;
    this.end.abort(reason);
    this.client.destroy();
  }

  private async exec(command: string, options: CommandOptions): Promise<RawOutput> {
    this.end.signal.throwIfAborted();
    const { deadline, signal, input, maxOutputBytes = defaultOutputLimit } = options;
    const either = signal === undefined ? this.end.signal : AbortSignal.any([signal, this.end.signal]);
    const what = `on the device: ${command.length > 120 ? `${command.slice(0, 120)}…` : command}`;
    const fence = new Fence(command, maxOutputBytes);
    return withDeadline(what, deadline, either, (inner) =>
      this.onChannel(fence.command, inner, (channel) =>
        collectOutput(channel, { input, fence, signal: inner }),
      ),
    );
  }

  /** Starts a command and calls `use` at once: what the guest says may come in one packet with its consent. */
  private onChannel<T>(
    command: string,
    signal: AbortSignal,
    use: (channel: ClientChannel) => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.client.exec(command, (error, channel) => {
        if (error !== undefined)
          reject(new ConnectionLost(`the guest opens no channel: ${error.message}`, { cause: error }));
        else if (signal.aborted) channel.close();
        else use(channel).then(resolve, reject);
      });
    });
  }
}

interface Handshake {
  socket: Socket;
  access: SshAccess;
  privateKey: Buffer | undefined;
}

/** Logs in and returns the host key's SHA-256. */
function handshake(client: Client, { socket, access, privateKey }: Handshake): Promise<string> {
  let presented = '';
  const expected = access.hostKeySha256 === undefined ? undefined : withoutLabel(access.hostKeySha256);
  const isExpected = () => expected === undefined || presented === expected;
  const config: ConnectConfig = {
    sock: socket,
    username: access.user,
    ...(privateKey === undefined ? { password: access.password ?? '' } : { privateKey }),
    readyTimeout: 0,
    keepaliveInterval: keepaliveMs,
    keepaliveCountMax: keepaliveLimit,
    // Servers let an empty password in by the method "none" (RFC 4252, 5.2), some by no other.
    authHandler: privateKey === undefined ? ['none', 'password'] : ['publickey'],
    hostVerifier: (key: Buffer) => {
      presented = createHash('sha256').update(key).digest('base64').replace(/=+$/, '');
      return isExpected();
    },
  };
  return new Promise((resolve, reject) => {
    client.once('ready', () => resolve(presented));
    client.on('error', (error) => {
      if (presented !== '' && !isExpected()) {
        const message = `the device shows ssh host key SHA256:${presented}; the one that the image names, or that it showed before, is SHA256:${expected}`;
        reject(new DeviceFailure('ssh-host-key', message));
      } else if (error.level === 'client-authentication') {
        const message = `the device refuses the login of ${access.user} with the image's ${privateKey === undefined ? 'password' : 'key'}`;
        reject(new DeviceFailure('ssh-login-refused', message, { cause: error }));
      } else reject(new ConnectionLost(`ssh login failed: ${error.message}`, { cause: error }));
    });
    client.once('close', () => reject(new ConnectionLost('the guest ended the connection during login')));
    client.connect(config);
  });
}

function withoutLabel(fingerprint: string): string {
  return fingerprint.replace(/^SHA256:/, '').replace(/=+$/, '');
}

function assertCopied(what: string, { exitCode, stderr }: RawOutput): void {
  if (exitCode === 0) return;
  const why = complaint({ stderr: stderr.toString('utf8') });
  throw new DeviceFailure('guest-file', `cannot ${what}: ${why}`);
}
