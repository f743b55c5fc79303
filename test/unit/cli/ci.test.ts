import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { gitlab } from '../../../src/cli/ci/gitlab.ts';
import type { Parent } from '../../../src/cli/command.ts';
import { makeProgram, runCli } from '../../../src/cli/program.ts';
import { inert } from './surroundings.ts';

const scenario = 'scenarios/rauc/ab-upgrade.yaml';
const files = {
  gitlab: 'gitlab-ci.yml',
  github: 'github-workflow.yml',
  jenkins: 'Jenkinsfile',
  kubernetes: 'kubernetes.yml',
  slurm: 'slurm.sh',
} as const;
type Kind = keyof typeof files;
const kinds = Object.keys(files) as Kind[];

async function generated(kind: Kind, ...more: string[]): Promise<string> {
  let out = '';
  const stdout = { write: (text: string) => (out += text) };
  const stderr = { write: () => undefined };
  expect(await runCli(['ci', kind, scenario, ...more], { stdout, stderr, environment: {} })).toBe(0);
  return out;
}

/** The command lines of the program in a pipeline, as words; what a scheduler fills in is filled in. */
function commandsIn(text: string): string[][] {
  const lines = text
    .replaceAll('$BROWNOUT ', 'npx brownout ')
    .replaceAll(/\$\{\{ matrix\.shard \}\}/g, '1')
    .matchAll(/npx brownout ((?:record|run|report) [^\n|]*)/g);
  return [...lines].map(([, line = '']) => line.replaceAll(/["']+/g, '').trim().split(/\s+/));
}

/** The program, whose commands only read their command line. */
function reader(onRead: (command: string) => void): Parent {
  const program = makeProgram(inert, () => undefined);
  const visit = (command: Parent, path: string[]) => {
    command.exitOverride();
    if (command.commands.length === 0) command.action(() => onRead(path.join(' ')));
    for (const one of command.commands) visit(one, [...path, one.name()]);
  };
  visit(program, []);
  return program;
}

describe('a pipeline', () => {
  it.each([
    ['scenarios/nope.yaml', [], 'scenarios/nope.yaml cannot be read: no such file'],
    ['package.json', [], 'package.json:1:1: machines: missing'],
    [scenario, ['--machine', 'qemuarm46'], 'did you mean "qemuarm64"?'],
    [
      'scenarios/rpm/dnf-updates.yaml',
      ['--machine', 'qemuarm64'],
      'is not for qemuarm64, only for qemux86-64',
    ],
  ])('of %s %j is refused, and nothing of it is printed', async (file, more, message) => {
    const text = { out: '', err: '' };
    for (const kind of kinds) {
      const code = await runCli(['ci', kind, file, ...more], {
        stdout: { write: (part) => (text.out += part) },
        stderr: { write: (part) => (text.err += part) },
        environment: {},
      });
      expect({ code, out: text.out }).toEqual({ code: 2, out: '' });
    }
    expect(text.err.split(message)).toHaveLength(kinds.length + 1);
  });

  it.each(kinds)('of %s is the one that lies with the scenarios', async (kind) => {
    const path = join(import.meta.dirname, '../../../scenarios/ci', files[kind]);
    expect(await generated(kind)).toBe(await readFile(path, 'utf8'));
  });

  it.each(kinds)('of %s records, decides and merges, with commands that the program takes', async (kind) => {
    const text = await generated(kind, '--shards', '7', '--machine', 'qemuarm64');
    const read: string[] = [];
    for (const words of commandsIn(text))
      await reader((command) => read.push(command)).parseAsync(words, { from: 'user' });
    expect(read).toEqual(['record', 'run', 'report merge']);
    expect(text).toContain('--machine qemuarm64');
    expect(text).toMatch(/\b7\b|0-6/);
  });

  it('of GitLab has its jobs in parallel, and merges whatever became of them', async () => {
    const pipeline = parse(await generated('gitlab')) as Record<string, unknown>;
    expect(pipeline['brownout-decide']).toMatchObject({ parallel: 4, allow_failure: { exit_codes: 1 } });
    expect(pipeline['brownout-merge']).toMatchObject({ when: 'always' });
  });

  it('of GitHub has a matrix whose parts are those of as many', async () => {
    const { jobs } = parse(await generated('github', '--shards', '3')) as {
      jobs: Record<string, { strategy?: unknown; steps: { run?: string }[] }>;
    };
    expect(jobs['decide']?.strategy).toMatchObject({ matrix: { shard: [1, 2, 3] } });
    const runs = jobs['decide']?.steps.flatMap(({ run }) => run ?? []) ?? [];
    expect(runs.at(-1)).toContain('--shard ${{ matrix.shard }}/3');
  });

  it('of Kubernetes is an Indexed Job that knows of how many it is', async () => {
    const all = parseAllDocuments(await generated('kubernetes', '--shards', '5'));
    for (const one of all) expect('errors' in one ? one.errors : []).toEqual([]);
    const documents = all.map((one) => ('toJS' in one ? (one.toJS() as Record<string, unknown>) : {}));
    expect(documents.map(({ kind }) => kind)).toEqual(['PersistentVolumeClaim', 'Job', 'Job', 'Job']);
    expect(documents[2]).toMatchObject({
      spec: { completionMode: 'Indexed', completions: 5, parallelism: 5 },
    });
    expect(JSON.stringify(documents[2])).toContain('{"name":"BROWNOUT_SHARDS","value":"5"}');
  });

  it('of Slurm is a script that a shell can read', async () => {
    const { status, stderr } = spawnSync('sh', ['-n'], { input: await generated('slurm') });
    expect([status, stderr.toString()]).toEqual([0, '']);
  });

  it('is refused where a shell, YAML and Groovy would each read the name otherwise', () => {
    const pipeline = { scenario: "my scenarios/it's.yaml", shards: 2 };
    expect(() => gitlab(pipeline)).toThrow(expect.objectContaining({ code: 'option-invalid' }));
  });
});
