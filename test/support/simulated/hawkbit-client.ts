import { once } from 'node:events';
import type { CommandOutput } from '../../../src/core/ask.ts';
import type { FileStore } from './file-store.ts';
import { fails, type Known, prints } from './shell.ts';

const accountPath = '/var/lib/rauc-hawkbit-updater.conf';
/** Where the client keeps the order that it is to close once its release is in use. */
const orderPath = '/var/lib/order';
const pauseMs = 10;

/** Promises to its server that a client breaks. */
export interface ClientTraits {
  /** An answer that is not right ends it. */
  givesUp?: true;
  /** It never gets to the end of an answer that is a blank line. */
  hangsOnBlanks?: true;
  /** It closes an order as soon as the release is written. */
  closesAtOnce?: true;
  /** It never closes an order. */
  keepsSilent?: true;
  /** It says that an order is done that it could not do. */
  lies?: true;
  /** It does not look at the hash of a file. */
  believesHashes?: true;
  /** It installs what it may only download. */
  ignoresWindow?: true;
}

/** What a client needs of the device that it runs on. */
export interface ClientHost {
  files: FileStore;
  /** The release that runs. */
  version: string;
  /** Installs the file at an address, with this header; it is to have this SHA-1, where one is given. */
  install: (url: string, asked: { authorization: string; sha1?: string }) => Promise<CommandOutput>;
  /** Aborts when the power goes. */
  signal: AbortSignal;
}

interface Account {
  base: string;
  authorization: string;
}

interface Links {
  deploymentBase?: { href: string };
  cancelAction?: { href: string };
}

interface Deployment {
  id: string;
  deployment: {
    update: string;
    maintenanceWindow?: string;
    chunks: {
      version: string;
      artifacts: { hashes: { sha1: string }; _links: { download: { href: string } } }[];
    }[];
  };
}

/** The commands of a client of hawkBit servers on a device; when its release is confirmed, it closes the order. */
export function hawkbitCommands(
  host: ClientHost,
  traits: ClientTraits,
): { known: Known[]; confirmed: () => Promise<void> } {
  const { files } = host;
  let killed = new AbortController();
  const client = async () => new Client(host, traits, await accountOf(files), killed.signal);
  return {
    known: [
      [
        /^mkdir -p \/run\/brownout && printf '%s' '([^']*)' >(\/var\S+) && sync$/,
        async ([, text = '', path = '']) => {
          await files.replace(path, Buffer.from(text));
          return prints('');
        },
      ],
      [
        /^cat \/var\/lib\/rauc-hawkbit-updater.conf /,
        async () => prints((await files.read(accountPath))?.content.toString() ?? ''),
      ],
      [
        /^rauc-hawkbit-updater -c /,
        async () => {
          killed = new AbortController();
          return (await client()).run();
        },
      ],
      [
        /^killall rauc-hawkbit-updater$/,
        () => {
          killed.abort();
          return prints('');
        },
      ],
    ],
    confirmed: async () => {
      killed = new AbortController();
      if ((await files.read(orderPath)) === undefined) return;
      await (await client()).close().catch((error: unknown) => {
        if (!(error instanceof GivenUp)) throw error;
      });
    },
  };
}

async function accountOf(files: FileStore): Promise<Account> {
  const text = (await files.read(accountPath))?.content.toString() ?? '';
  const value = (name: string) => new RegExp(`^${name}=(.+)$`, 'm').exec(text)?.[1] ?? '';
  const server = value('hawkbit_server').replace('10.0.2.2', '127.0.0.1');
  return {
    base: `http://${server}/${value('tenant_id')}/controller/v1/${value('target_name')}`,
    authorization: `TargetToken ${value('auth_token')}`,
  };
}

/** An answer that was not right ends the client that has given up. */
class GivenUp extends Error {}

class Client {
  private readonly host: ClientHost;
  private readonly traits: ClientTraits;
  private readonly account: Account;
  private readonly signal: AbortSignal;

  constructor(host: ClientHost, traits: ClientTraits, account: Account, killed: AbortSignal) {
    this.host = host;
    this.traits = traits;
    this.account = account;
    this.signal = AbortSignal.any([killed, host.signal]);
  }

  /** Polls until it has carried an order out, and goes on until it is killed. */
  async run(): Promise<CommandOutput> {
    const done = new Set<string>();
    try {
      for (;;) {
        const links = await this.poll();
        if (links?.cancelAction !== undefined) await this.cancel(links.cancelAction.href);
        const href = links?.deploymentBase?.href;
        if (href !== undefined && !done.has(href)) {
          const found = (await this.asked(href)) as Deployment | undefined;
          if (found !== undefined && this.mayInstall(found)) {
            done.add(href);
            await this.carryOut(found);
          }
        }
        await this.pause();
      }
    } catch (error) {
      if (error instanceof GivenUp) return fails(1, error.message);
      return fails(143, 'Terminated');
    }
  }

  /** Tells what came of the order of which a release runs now. */
  async close(): Promise<void> {
    const [id = '', version = ''] =
      (await this.host.files.read(orderPath))?.content.toString().split(' ') ?? [];
    if (this.traits.keepsSilent === true) return;
    await this.tell(id, 'closed', version === this.host.version ? 'success' : 'failure', 'it was tried');
    await this.host.files.remove(orderPath);
  }

  private mayInstall({ deployment: { update, maintenanceWindow } }: Deployment): boolean {
    if (this.traits.ignoresWindow === true) return true;
    return update !== 'skip' && maintenanceWindow !== 'unavailable';
  }

  private async carryOut({ id, deployment }: Deployment): Promise<void> {
    const [chunk] = deployment.chunks;
    const [artifact] = chunk?.artifacts ?? [];
    await this.tell(id, 'proceeding', 'none', 'it begins');
    const links = await this.poll();
    if (links?.cancelAction !== undefined) return;
    const { href } = artifact?._links.download ?? { href: '' };
    const { authorization } = this.account;
    const { exitCode, stderr } = await this.host.install(href.replace('10.0.2.2', '127.0.0.1'), {
      authorization,
      ...(artifact === undefined || this.traits.believesHashes === true
        ? {}
        : { sha1: artifact.hashes.sha1 }),
    });
    const isDone = exitCode === 0 || this.traits.lies === true;
    const words = isDone ? 'Software bundle installed successfully.' : stderr;
    if (isDone && this.traits.closesAtOnce !== true && this.traits.lies !== true) {
      await this.host.files.replace(orderPath, Buffer.from(`${id} ${chunk?.version ?? ''}`));
      await this.tell(id, 'proceeding', 'none', words);
    } else await this.tell(id, 'closed', isDone ? 'success' : 'failure', words);
  }

  private async cancel(href: string): Promise<void> {
    const said = { status: { execution: 'closed', result: { finished: 'success' }, details: ['given up'] } };
    await this.said(`${this.local(href)}/feedback`, said);
  }

  private async poll(): Promise<Links | undefined> {
    return ((await this.asked(this.account.base)) as { _links?: Links } | undefined)?._links;
  }

  /** JSON that the server has, or undefined where its answer is not right. */
  private async asked(href: string): Promise<unknown> {
    const { authorization } = this.account;
    const enough = new AbortController();
    try {
      const answer = await fetch(this.local(href), {
        headers: { authorization },
        ...{ redirect: 'error', signal: AbortSignal.any([this.signal, enough.signal]) },
      });
      const length = answer.headers.get('content-length');
      if (answer.status === 200 && length !== null && Number(length) < 100_000) {
        const text = await answer.text();
        if (this.traits.hangsOnBlanks === true && text.trim() === '') await once(this.signal, 'abort');
        return JSON.parse(text) as unknown;
      }
      this.wrong(`the server says ${answer.status}`);
    } catch (error) {
      this.wrong(error instanceof GivenUp ? error.message : String(error));
    } finally {
      enough.abort();
    }
    return undefined;
  }

  /** Says it until it was heard, or nobody wants to know. */
  private async tell(id: string, execution: string, finished: string, words: string): Promise<void> {
    const status = { execution, result: { finished }, details: [words] };
    await this.said(`${this.account.base}/deploymentBase/${id}/feedback`, { id, status });
  }

  private async said(url: string, body: object): Promise<void> {
    const { authorization } = this.account;
    for (;;) {
      const answer = await fetch(url, {
        ...{ method: 'POST', headers: { authorization }, body: JSON.stringify(body), signal: this.signal },
      }).catch(() => undefined);
      this.signal.throwIfAborted();
      if (answer?.status === 200 || answer?.status === 410) return;
      this.wrong(`the server says ${answer?.status ?? 'nothing'}`);
      await this.pause();
    }
  }

  private local(href: string): string {
    return href.replace('10.0.2.2', '127.0.0.1');
  }

  private wrong(message: string): void {
    this.signal.throwIfAborted();
    if (this.traits.givesUp === true) throw new GivenUp(message);
  }

  private async pause(): Promise<void> {
    await new Promise((done) => setTimeout(done, pauseMs));
    this.signal.throwIfAborted();
  }
}
