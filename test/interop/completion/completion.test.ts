import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/program.ts';
import { imageNames } from '../../../src/image/own-images.ts';
import { needPrograms } from '../../support/host-programs.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'brownout-completion-'));
  mkdirSync(join(folder, 'here', 'reports'), { recursive: true });
  writeFileSync(join(folder, 'here', 'a b.yaml'), '');
  for (const shell of ['bash', 'zsh', 'fish']) {
    let script = '';
    const stdout = { write: (text: string) => (script += text) };
    expect(await runCli(['completion', shell], { stdout, stderr: stdout, environment: {} })).toBe(0);
    writeFileSync(join(folder, shell), script);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const shells = {
  bash: (line: string) => [
    '--norc',
    join(import.meta.dirname, 'propose.bash'),
    join(folder, 'bash'),
    ...split(line),
  ],
  zsh: (line: string) => ['-f', join(import.meta.dirname, 'propose.zsh'), join(folder, 'zsh'), line],
  fish: (line: string) => ['--no-config', '-c', `source ${join(folder, 'fish')}; complete -C '${line}'`],
};

/** As bash does it: at blanks, and at each "=" and ":". */
function split(line: string): string[] {
  return line.split(/ |(?==)|(?<==)|(?=:)|(?<=:)/);
}

function propose(shell: keyof typeof shells, line: string): string[] {
  const out = execFileSync(shell, shells[shell](line), {
    cwd: join(folder, 'here'),
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, TERM: 'xterm' },
  });
  const words = out.split('\n').filter((word) => word !== '');
  // Fish adds a description and the option's name, and a slash to folders; zsh quotes, and offers options where else nothing is.
  const bare = words.map((word) =>
    word
      .replace(/\t.*/, '')
      .replace(/\/$/, '')
      .replace(/^--machine=/, '')
      .replaceAll('\\', ''),
  );
  const isOption = /-\w*$/.test(line);
  return [...new Set(bare)].filter((word) => isOption || !word.startsWith('-')).sort();
}

const commands = [
  ...[
    'admit',
    'cache',
    'check',
    'ci',
    'completion',
    'conform',
    'feed',
    'image',
    'init',
    'log',
    'record',
    'replay',
    'report',
    'run',
    'sbom',
  ],
  ...['schema', 'setup', 'shell', 'yocto'],
];

describe.each(['bash', 'zsh', 'fish'] as const)('completion of %s', (shell) => {
  it.each<[string, string[]]>([
    ['brownout ', commands],
    ['brownout re', ['record', 'replay', 'report']],
    ['brownout image ', ['build', 'import', 'list', 'lock', 'verify']],
    ['brownout run --mach', ['--machine']],
    ['brownout run --machine ', ['qemuarm64', 'qemux86-64']],
    ['brownout run --machine=', ['qemuarm64', 'qemux86-64']],
    ['brownout run --machine qemuarm64 --power-cuts ', ['all', 'none', 'random:10']],
    ['brownout run --seed image ', ['a b.yaml', 'reports']],
    ['brownout run x.yaml --reports ', ['reports']],
    ['brownout schema ', ['image', 'recipe', 'scenario']],
    ['brownout schema image ', []],
    ['brownout log export --format ', ['dm-log-writes']],
  ])('of "%s"', (line, words) => {
    needPrograms(shell);
    // Fish does not count operands.
    if (shell === 'fish' && words.length === 0) return;
    expect(propose(shell, line)).toEqual(words);
  });

  it('knows the images that come with the program', async () => {
    needPrograms(shell);
    expect(propose(shell, 'brownout image build ')).toEqual(await imageNames());
  });

  it('takes what is typed for a word, and runs nothing of it', () => {
    needPrograms(shell);
    expect(propose(shell, 'brownout run --machine $(touch${IFS}ran) ')).not.toContain('ran');
    expect(propose(shell, 'brownout run ')).toEqual(['a b.yaml', 'reports']);
  });
});
