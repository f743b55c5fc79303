import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyFault } from './faults.ts';

/** Bytes of a file: from `first` up to, not including, `end`. */
interface Span {
  first: number;
  end: number;
}

/**
 * Answers GET or HEAD with a file as a fault leaves it, whole or in part. `onMet` is told before the client is given
 * what is wrong; it may ask for a part that is right. The connection ends with the answer. Throws what reading throws.
 */
export async function answerFaulty(
  file: string,
  fault: BodyFault,
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  onMet: () => void,
): Promise<void> {
  const { size } = await stat(file);
  const length = fault.kind === 'truncated' ? Math.min(size, fault.bytes) : size;
  // There is no validator here that a condition could name.
  const asked = headers['if-range'] === undefined ? rangeOf(headers.range, length) : undefined;
  if (length < size) onMet();
  const common = { 'Accept-Ranges': 'bytes', Connection: 'close' };
  if (asked === 'beyond') {
    response.writeHead(416, { ...common, 'Content-Range': `bytes */${length}`, 'Content-Length': 0 }).end();
    return;
  }
  const { first, end } = asked ?? { first: 0, end: length };
  response.writeHead(asked === undefined ? 200 : 206, {
    ...common,
    'Content-Type': 'application/octet-stream',
    'Content-Length': end - first,
    ...(asked === undefined ? {} : { 'Content-Range': `bytes ${first}-${end - 1}/${length}` }),
  });
  if (method === 'HEAD') {
    response.end();
    return;
  }
  response.flushHeaders();
  const stops = fault.kind === 'dropped' || fault.kind === 'stalled' || fault.kind === 'changed';
  const stopAt = stops && fault.afterBytes >= first ? fault.afterBytes : end;
  const wrongAt = fault.kind === 'corrupted' ? (fault.at ?? Math.floor(size / 2)) : -1;
  for await (const { data, offset } of bytesOf(file, {
    first,
    end: Math.min(end, Math.max(first, stopAt)),
  })) {
    const at = wrongAt - offset;
    if (at >= 0 && at < data.length) {
      onMet();
      data.writeUInt8(data.readUInt8(at) ^ 0xff, at);
    }
    const slowFrom = fault.kind === 'slow' ? fault.afterBytes - offset : data.length;
    if (slowFrom > 0 && !(await written(response, data.subarray(0, slowFrom)))) return;
    if (fault.kind === 'slow' && slowFrom < data.length) {
      onMet();
      if (!(await trickled(response, data.subarray(Math.max(0, slowFrom)), fault.bytesPerSecond))) return;
    }
  }
  if (stopAt >= end) response.end();
  else {
    onMet();
    // Whoever asked has to go by himself.
    if (fault.kind !== 'stalled') response.destroy();
  }
}

/**
 * The part that a request asks for, in a file of `length` bytes (RFC 9110, section 14.1.2). `undefined`: all of it,
 * also where several parts are asked for, which a server need not heed (14.2).
 */
function rangeOf(header: string | undefined, length: number): Span | 'beyond' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (from === '') {
    if (to === '') return undefined;
    return Number(to) === 0 || length === 0
      ? 'beyond'
      : { first: Math.max(0, length - Number(to)), end: length };
  }
  const [first, last] = [Number(from), to === '' ? length - 1 : Number(to)];
  if (first >= length) return 'beyond';
  return last < first ? undefined : { first, end: Math.min(last + 1, length) };
}

async function* bytesOf(
  file: string,
  { first, end }: Span,
): AsyncGenerator<{ data: Buffer; offset: number }> {
  if (end <= first) return;
  let offset = first;
  for await (const chunk of createReadStream(file, { start: first, end: end - 1 })) {
    const data = chunk as Buffer;
    yield { data, offset };
    offset += data.length;
  }
}

/** Parts of a second in which a slow answer sends something, if it is one byte. */
const trickles = 10;

/** Sends so many bytes in each second; false where the client has gone. */
async function trickled(response: ServerResponse, data: Buffer, bytesPerSecond: number): Promise<boolean> {
  const bytes = Math.max(1, Math.floor(bytesPerSecond / trickles));
  for (let at = 0; at < data.length; at += bytes) {
    if (!(await written(response, data.subarray(at, at + bytes)))) return false;
    await passed((bytes / bytesPerSecond) * 1000, response);
  }
  return true;
}

/** Milliseconds, or less where the client goes. */
function passed(ms: number, response: ServerResponse): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      response.off('close', end);
      done();
    };
    const timer = setTimeout(end, ms);
    response.once('close', end);
  });
}

/** Waits until the host's side of the connection has the bytes; false where the client is gone. */
function written(response: ServerResponse, data: Buffer): Promise<boolean> {
  return new Promise((done) => {
    const gone = () => {
      done(false);
    };
    response.once('close', gone);
    response.write(data, (error) => {
      response.off('close', gone);
      done(!error);
    });
  });
}
