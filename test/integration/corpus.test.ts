import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { projectFolder, temporaryFolder } from './cli.ts';

/** Six that need a cut, of the kinds prefix, lost and torn, and two that need none. */
const cheapest = ['14', '17', '21', '26', '31', '32', '18', '19'];

interface Printed {
  found: number;
  of: number;
  falseAlarms: number;
  placeNamed: number;
  cases: { name: string; found: boolean; error?: string; twin?: { falseAlarm: boolean; error?: string } }[];
}

describe('npm run corpus', () => {
  it('finds eight defects, names the place of each, and lets their twins pass', async () => {
    await using folder = await temporaryFolder();
    const cases = cheapest.flatMap((name) => ['--case', name]);
    const args = ['--together', '--audit', '0', '--reports', folder.path, ...cases];
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [join(projectFolder, 'test', 'corpus', 'corpus.mjs'), ...args],
      { cwd: projectFolder, maxBuffer: 16 << 20 },
    );
    const printed = JSON.parse(stdout) as Printed;
    expect(printed, stderr).toMatchObject({ found: 8, of: 8, falseAlarms: 0, placeNamed: 8 });
  });
});
