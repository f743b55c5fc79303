import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { BodyFault } from './faults.ts';

/** Answers with a file as a fault leaves it. The connection ends with the answer. Throws what reading throws. */
export async function answerFaulty(
  file: string,
  fault: BodyFault,
  method: 'GET' | 'HEAD',
  response: ServerResponse,
): Promise<void> {
  const { size } = await stat(file);
  const announced = fault.kind === 'truncated' ? Math.min(size, fault.bytes) : size;
  const sent = fault.kind === 'dropped' ? Math.min(size, fault.afterBytes) : announced;
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': announced,
    'Accept-Ranges': 'none',
    Connection: 'close',
  });
  if (method === 'HEAD') {
    response.end();
    return;
  }
  response.flushHeaders();
  const wrongAt = fault.kind === 'corrupted' ? Math.floor(size / 2) : -1;
  for await (const chunk of firstBytes(file, sent)) {
    const at = wrongAt - chunk.offset;
    if (at >= 0 && at < chunk.data.length) chunk.data.writeUInt8(chunk.data.readUInt8(at) ^ 0xff, at);
    if (!(await written(response, chunk.data))) return;
  }
  if (sent < announced) response.destroy();
  else response.end();
}

async function* firstBytes(file: string, bytes: number): AsyncGenerator<{ data: Buffer; offset: number }> {
  if (bytes === 0) return;
  let offset = 0;
  for await (const chunk of createReadStream(file, { end: bytes - 1 })) {
    const data = chunk as Buffer;
    yield { data, offset };
    offset += data.length;
  }
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
