import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { attachConsole } from '../../../src/guest/serial-console.ts';

let folder = '';
let server: Server;
let guests: Socket[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-console-'));
  guests = [];
});
afterEach(async () => {
  server.close();
  for (const guest of guests) guest.destroy();
  await rm(folder, { recursive: true, force: true });
});

/** A device that greets at each power-on, and says again what is typed; "reset" ends its power cycle. */
async function device(): Promise<string> {
  const path = join(folder, 'console');
  server = createServer((guest) => {
    guests.push(guest);
    guest.write(`start ${guests.length}\n`);
    guest.on('data', (typed) => {
      guest.write(`heard ${typed.toString()}\n`);
      if (typed.toString() === 'reset') guest.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

async function until(text: string, output: PassThrough, seen: { text: string }): Promise<void> {
  while (!seen.text.includes(text)) await new Promise((resolve) => output.once('data', resolve));
}

it('a person reads and types at a console, over resets, until Ctrl-]', async () => {
  const path = await device();
  const [input, output, seen] = [new PassThrough(), new PassThrough(), { text: '' }];
  output.on('data', (bytes: Buffer) => {
    seen.text += bytes.toString();
  });
  const attached = attachConsole(path, input, output, AbortSignal.timeout(10_000));
  await until('start 1', output, seen);
  input.write('reset');
  await until('start 2', output, seen);
  input.write('bye\x1dnot this');
  await attached;
  expect(seen.text).toContain('heard reset');
  expect(seen.text).not.toContain('not this');
});

it('the end of the input ends it', async () => {
  const input = new PassThrough();
  const attached = attachConsole(await device(), input, new PassThrough(), AbortSignal.timeout(10_000));
  input.end();
  await attached;
  expect(guests.length).toBeLessThan(2);
});
