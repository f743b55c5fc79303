import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportError } from '../../../src/cli/print-error.ts';
import { runCli } from '../../../src/cli/program.ts';
import { visible } from '../../../src/cli/visible-words.ts';
import { ScenarioError } from '../../../src/core/errors.ts';

/** Clears a screen, and begins a line as an error does. */
const odd = 'od\u001b[2Jd\nerror: x';
const shown = 'od\\u001b[2Jd\\nerror: x';
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-visible-'));
  await mkdir(join(folder, odd, 'feed'), { recursive: true });
  await writeFile(join(folder, odd, 'there.yaml'), 'name: x\nmachines: [qemuarm46]\n');
});
afterAll(() => rm(folder, { recursive: true }));

async function said(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  let text = '';
  const write = (more: string) => (text += more);
  const code = await runCli(args, { stdout: { write }, stderr: { write }, environment });
  return { code, text };
}

describe('a name with control characters', () => {
  const at = (...parts: string[]) => join(folder, odd, ...parts);

  it.each<[string, () => string[]]>([
    ['a new folder', () => ['init', '--agent', 'rauc', '--to', at('first')]],
    ['a folder that is not empty', () => ['init', '--agent', 'rauc', '--to', at()]],
    ['a scenario that is not there', () => ['check', at('none.yaml')]],
    ['a scenario that is wrong', () => ['check', at('there.yaml')]],
    ['a record that is not there', () => ['sbom', '--format', 'opkg', '--status', at('status')]],
    ['an image that is not there', () => ['image', 'build', at('gateway')]],
    ['a feed without packages', () => ['feed', 'index', '--format', 'deb', at('feed')]],
    ['a report that is not there', () => ['report', 'show', at('report')]],
    ['a deploy folder', () => ['yocto', 'list', at('feed')]],
    ['a release and a folder', () => ['image', 'import', at('disk.img'), '--feed', `${odd}=x`]],
    ['a command', () => [odd]],
    ['an option', () => ['check', `--${odd}`]],
  ])('is shown escaped, on one line: %s', async (_, args) => {
    const { text } = await said(args());
    expect(text).toContain(shown);
    expect(text).not.toContain('\u001b');
    expect(text).not.toMatch(/^error: x/m);
  });

  it('is shown so too where the surroundings say it', async () => {
    const { text } = await said(['cache', 'list'], { BROWNOUT_CACHE: at('there.yaml') });
    expect(text).toContain(`${shown}/there.yaml`);
    expect(text).not.toMatch(/^error: x/m);
  });

  it('is what it is for programs', async () => {
    const { text } = await said(['init', '--agent', 'rauc', '--to', at('json'), '--json']);
    expect(JSON.parse(text)).toMatchObject({ folder: at('json') });
  });

  it('is no argument where there is nothing else', async () => {
    for (const word of ['\n', '\u001b\u0007']) {
      const { code, text } = await said(['check', word]);
      expect(code).toBe(2);
      expect(text).toBe(`error: an argument is nothing but control characters: ${JSON.stringify(word)}\n`);
    }
  });
});

it('an error has lines, and no other control character, whoever has made its message', () => {
  let text = '';
  const write = (more: string) => (text += more);
  const error = new ScenarioError('x', 'one\nand a \u001b[31mred\r\u009b', { hint: 'ring \u0007' });
  reportError(error, [], { stdout: { write }, stderr: { write }, environment: {} });
  expect(text).toBe('error: one\nand a \\u001b[31mred\\r\\u009b\nhint: ring \\u0007\n');
});

it('a text without control characters stays as it is', () => {
  expect(visible('Ärger "\\n" 日本')).toBe('Ärger "\\n" 日本');
});
