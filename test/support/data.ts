import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, type TestContext } from 'vitest';

/** The folder with real packages and other inputs that this repository does not hold. */
const dataFolder = process.env['BROWNOUT_DATA'];

/** The path of an input; where it is absent, each test of the suite that calls this is skipped and says why. */
export function testData(name: string): string {
  const path = join(dataFolder ?? '', name);
  beforeEach(({ skip }) => {
    if (dataFolder === undefined) skip('BROWNOUT_DATA names no folder of test data');
    if (!existsSync(path)) skip(`there is no ${name} in the folder that BROWNOUT_DATA names`);
  });
  return path;
}

/** The same within one test. */
export function realData(context: TestContext, ...path: string[]): string {
  if (dataFolder === undefined) context.skip('BROWNOUT_DATA names no folder with real files');
  return join(dataFolder ?? '', ...path);
}

/** The text of a file there. */
export async function realText(context: TestContext, ...path: string[]): Promise<string> {
  const text = await readFile(realData(context, ...path), 'utf8').catch(() => undefined);
  return text ?? context.skip(`BROWNOUT_DATA has no ${path.join('/')}`);
}
