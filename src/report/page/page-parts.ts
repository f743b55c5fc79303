import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../../core/errors.ts';

/** What a page has besides its content: made of `src/page` when brownout is built. */
export interface PageParts {
  script: string;
  style: string;
}

/** From this file, in `src` as in `dist`. */
const folder = new URL('../../../dist/page/', import.meta.url);

/** Reads what the build has left. Throws HarnessError `page-parts-missing`. */
export async function readPageParts(from: URL = folder): Promise<PageParts> {
  try {
    const [script, style] = await Promise.all(
      ['page.js', 'page.css'].map((name) => readFile(new URL(name, from), 'utf8')),
    );
    return { script: script ?? '', style: style ?? '' };
  } catch (error) {
    throw new HarnessError(
      'page-parts-missing',
      `the page's script and style are not in ${fileURLToPath(from)}`,
      {
        cause: error,
        hint: 'build brownout again: npm run build',
      },
    );
  }
}
