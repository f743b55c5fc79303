import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HostileAnswer } from './faults.ts';

/** How deep JSON goes: further than any parser that calls itself gets on a small stack. */
const depth = 200_000;
/** Bytes after which an answer without an end has one: more than small devices have memory. */
const mostBytes = 300 * 1024 * 1024;
const chunk = Buffer.alloc(64 * 1024, ' ');

/** Answers as no hawkBit would. An answer without an end goes on until the device has enough of it. */
export async function answerHostile(
  how: HostileAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  switch (how) {
    case 'blank':
      response.writeHead(200, { 'Content-Type': 'application/hal+json', 'Content-Length': 1 }).end('\n');
      return;
    case 'html':
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html><body>It works!</body></html>');
      return;
    case 'deep':
      response
        .writeHead(200, { 'Content-Type': 'application/hal+json' })
        .end(`${'{"_links":'.repeat(depth)}{}${'}'.repeat(depth)}`);
      return;
    case 'redirect':
      response.writeHead(302, { Location: request.url ?? '/', 'Content-Length': 0 }).end();
      return;
    case 'endless': {
      response.writeHead(200, { 'Content-Type': 'application/hal+json' });
      for (let sent = 0; sent < mostBytes && !response.destroyed; sent += chunk.length)
        if (!response.write(chunk)) await drained(response);
      response.end();
    }
  }
}

/** Until the other side has taken what was sent, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      response.off('drain', end);
      response.off('close', end);
      resolve();
    };
    response.once('drain', end);
    response.once('close', end);
  });
}
