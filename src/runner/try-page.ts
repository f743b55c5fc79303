import { join } from 'node:path';
import { messageOf } from '../core/errors.ts';
import type { PageParts } from '../report/page/page-parts.ts';
import { pageFile } from './report-files.ts';
import { writeReport } from './report-folder.ts';
import type { RunHost } from './run-host.ts';

/**
 * Makes a page where one can be made. What was decided stays what it is without one: then `notice` is told why there is
 * none.
 */
export async function tryPage(
  host: Pick<RunHost, 'pageParts'>,
  notice: (message: string) => void,
  make: (parts: PageParts) => Promise<unknown>,
): Promise<void> {
  try {
    await make(await host.pageParts());
  } catch (error) {
    notice(`there is no page: ${messageOf(error)}`);
  }
}

/** The same of a page that is text already. */
export function tryPageText(
  host: Pick<RunHost, 'pageParts'>,
  notice: (message: string) => void,
  { folder, text }: { folder: string; text: (parts: PageParts) => string },
): Promise<void> {
  return tryPage(host, notice, (parts) => writeReport(join(folder, pageFile), text(parts)));
}
