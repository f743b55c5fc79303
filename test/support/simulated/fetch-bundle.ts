import { createHash } from 'node:crypto';
import { sha256 } from '../../../src/core/digest.ts';

/** Milliseconds without a byte after which a download is given up. */
const mostIdleMs = 400;

/** Bytes after which a download is given up. */
const longest = 1 << 20;

/** What an updater takes that it should not. */
export interface Believes {
  /** Whose signatures and which machines' releases it takes. */
  signers?: readonly string[];
  machines?: readonly string[];
  /** What does not fit into a slot is left out. */
  cutsOff?: true;
  /** It waits for a server that sends nothing any more. */
  waits?: true;
  /** It asks for the rest of a download that broke off. */
  halves?: true;
  /** What becomes of the bundle's own script is nothing to it. */
  failingScripts?: true;
}

/** What the script that a bundle brings along does: it ends well, it fails at once, or when the release is confirmed. */
type Script = 'ends' | 'fails' | 'fails-at-commit';

/** What the server gives: a digest, who has signed it, for which machine it is, what its script does, and a slot's content. */
export function bundleOf(
  content: Buffer,
  {
    signer = 'maker',
    machine = 'this',
    script = 'ends',
  }: { signer?: string; machine?: string; script?: Script } = {},
): Buffer {
  return Buffer.concat([Buffer.from(`${sha256(content)} ${signer} ${machine} ${script}\n`), content]);
}

/** How a bundle is asked for, and which SHA-1 it is to have. */
export interface AskedFor {
  authorization?: string;
  sha1?: string;
}

/** The slot's content in a bundle, and whether its script will let nobody confirm it; where there is none, why not. */
export async function fetched(
  url: string,
  mostBytes: number,
  verify: boolean,
  believes: Believes & AskedFor & { signal: AbortSignal },
): Promise<{ content: Buffer; unconfirmable: boolean } | string> {
  try {
    const address = url.replace('//10.0.2.2:', '//127.0.0.1:');
    const { signal, authorization, sha1 } = believes;
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(address, { headers, signal });
    if (!response.ok) return `the server says ${response.status}`;
    const first = await partOf(response, believes.waits === true ? undefined : mostIdleMs);
    if (first.broken !== undefined && believes.halves !== true)
      return `the download broke off: ${first.broken}`;
    const rest =
      first.broken === undefined
        ? Buffer.alloc(0)
        : (
            await partOf(
              await fetch(address, {
                headers: { ...headers, Range: `bytes=${first.part.length}-` },
                signal,
              }),
            )
          ).part;
    const bundle = Buffer.concat([first.part, rest]);
    if (sha1 !== undefined && createHash('sha1').update(bundle).digest('hex') !== sha1)
      return 'the hash does not match';
    const end = bundle.indexOf(10);
    const content = bundle.subarray(end + 1);
    const [digest, signer, machine, script] = bundle.toString('utf8', 0, end).split(' ');
    if (verify && digest !== sha256(content)) return 'the digest does not match';
    if (!(believes.signers ?? ['maker']).includes(signer ?? '')) return `signed by ${signer}`;
    if (!(believes.machines ?? ['this']).includes(machine ?? '')) return `for ${machine} machine`;
    if (content.length > mostBytes && believes.cutsOff !== true) return 'larger than the slot';
    if (script === 'fails' && believes.failingScripts !== true) return 'its script failed';
    return { content: content.subarray(0, mostBytes), unconfirmable: script === 'fails-at-commit' };
  } catch (error) {
    return `the download broke off: ${String(error)}`;
  }
}

/** What came of an answer, and what ended it. */
async function partOf(response: Response, idleMs?: number): Promise<{ part: Buffer; broken?: string }> {
  const parts: Uint8Array[] = [];
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  let timer: NodeJS.Timeout | undefined;
  let bytes = 0;
  const watch = () => {
    clearTimeout(timer);
    if (idleMs !== undefined) timer = setTimeout(() => void reader?.cancel(), idleMs);
  };
  try {
    for (;;) {
      watch();
      const read = await reader?.read();
      if (read?.value === undefined) break;
      parts.push(read.value);
      bytes += read.value.length;
      if (bytes > longest) {
        await reader?.cancel();
        return { part: Buffer.alloc(0), broken: 'it has no end' };
      }
    }
    const part = Buffer.concat(parts);
    const announced = Number(response.headers.get('content-length') ?? part.length);
    return part.length < announced ? { part, broken: 'it stalled' } : { part };
  } catch (broken) {
    return { part: Buffer.concat(parts), broken: String(broken) };
  } finally {
    clearTimeout(timer);
  }
}
