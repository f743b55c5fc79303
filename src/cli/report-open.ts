import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { failureKind } from '../core/errors.ts';
import { run } from '../process/run.ts';
import { buildPage } from '../runner/build-page.ts';
import { type AddCommand, examples, type Parent } from './command.ts';
import { exitCodes } from './exit-code.ts';

const command = (report: Parent) =>
  report
    .command('open')
    .summary('open the page of a run in a browser')
    .description(
      'Makes the page again and has the desktop open it (xdg-open). Where there is no desktop, prints its address.',
    )
    .argument('[folder]', 'a folder that run, conform or admit has left', 'reports/latest')
    .addHelpText('after', examples('brownout report open', 'brownout report open reports/latest'));

/** `brownout report open` */
export const addReportOpen: AddCommand = (report, { streams, interruption }, finish) => {
  command(report).action(async (folder) => {
    const address = pathToFileURL(resolve(await buildPage(folder))).href;
    streams.stdout.write(`${address}\n`);
    if (hasDesktop(streams.environment)) await openWith('xdg-open', address, interruption.signal);
    finish(exitCodes.passed);
  });
};

function hasDesktop({ DISPLAY, WAYLAND_DISPLAY }: NodeJS.ProcessEnv): boolean {
  return [DISPLAY, WAYLAND_DISPLAY].some((name) => name !== undefined && name !== '');
}

/** The address is printed already, so that a desktop which does not open it is no failure. */
async function openWith(program: string, address: string, signal: AbortSignal): Promise<void> {
  try {
    await run({ program, args: [address], signal, timeoutMs: 10_000 });
  } catch (error) {
    if (failureKind(error) !== 'harness') throw error;
  }
}
