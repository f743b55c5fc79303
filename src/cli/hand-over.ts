import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { systemClock } from '../core/clock.ts';
import type { TextOutput } from '../report/colour.ts';
import type { Broken, Ready } from '../target/target.ts';

const pollMs = 300;

/** Gives the user a shell on the device; where it did not come up, its console, until the user interrupts. */
export async function handOver(
  device: Ready | Broken,
  output: TextOutput,
  signal: AbortSignal,
): Promise<void> {
  const console = device.consolePath() ?? '';
  if (device.state === 'ready') {
    output.write(
      `The device is up; its console is in ${console}. Leave with "exit": it is switched off then.\n`,
    );
    await device.interact(process.stdin, process.stdout, signal);
    return;
  }
  output.write(
    `${device.failure.message}\nThe console of the device that did not come up follows; Ctrl-C ends it.\n`,
  );
  let shown = 0;
  while (!signal.aborted) {
    const { size } = await stat(console);
    if (size > shown)
      for await (const chunk of createReadStream(console, { start: shown, end: size - 1 }))
        output.write(String(chunk));
    shown = size;
    await systemClock.sleep(pollMs, signal).catch(() => undefined);
  }
}
