import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach } from 'vitest';

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
