import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exitCodeOfError } from '../../../src/cli/exit-code.ts';
import { loadAll } from '../../../src/cli/load-scenarios.ts';
import { builtInChecks } from '../../../src/model/steps.ts';
import { loadScenario, parseScenario } from '../../../src/scenario/load.ts';

const minimal = `name: shortest
machines: [qemuarm64]
image: rauc-ab
agent: rauc
releases: ["1.0", "1.1"]
checks:
  - name: services
    run: "true"
`;

const entry = (more = '', cause = 'check: services, phase: install') => `known:
  - cause: { ${cause} }
    until: 2027-03-01
    tracker: https://bugs.example/17
    why: not flushed
${more}`;

/** What a promise is rejected with. */
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** A folder with this list beside a scenario. */
async function folderWith(list: string, others: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-known-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  await write('gate.yaml', minimal);
  await write('known-findings.yaml', list);
  for (const [name, text] of Object.entries(others)) await write(name, text);
  return folder;
}

/** The known findings of that scenario. */
async function load(list: string, others?: Record<string, string>) {
  return (await loadScenario(join(await folderWith(list, others), 'gate.yaml'))).known;
}

const finding = {
  cause: { check: 'services', phases: ['install'] },
  until: '2027-03-01',
  tracker: 'https://bugs.example/17',
  why: 'not flushed',
};

describe('known findings', () => {
  it('are read in a scenario, one word or several', () => {
    const text = `${minimal}${entry(
      '    machine: qemuarm64\n',
      'check: "retry: release", phase: [install, no-cut], kind: [lost, torn], file: [/etc/hosts, /srv/**]',
    )}`;
    expect(parseScenario(text, 's.yaml').known).toEqual([
      {
        ...finding,
        cause: {
          check: 'retry: release',
          phases: ['install', 'no-cut'],
          kinds: ['lost', 'torn'],
          files: ['/etc/hosts', '/srv/**'],
        },
        machines: ['qemuarm64'],
      },
    ]);
  });

  it('are read in the list beside it: those of the folder, and those of this scenario', async () => {
    expect(await load(entry())).toEqual([finding]);
    expect(await load(entry('    scenario: gate.yaml\n'))).toEqual([finding]);
    const others = { 'other.yaml': minimal };
    expect(await load(entry('    scenario: [other.yaml]\n'), others)).toBeUndefined();
    // A check of another scenario is no mistake where the entry names that scenario.
    const foreign = entry('    scenario: other.yaml\n', 'check: theirs, phase: install');
    expect(await load(foreign, others)).toBeUndefined();
  });

  it.each<[string, string, string]>([
    [
      'an unknown key',
      entry().replace('tracker', 'traker'),
      ':4:5: known[0]: unknown key "traker"; did you mean "tracker"?',
    ],
    [
      'an unknown check',
      entry('', 'check: servces, phase: install'),
      ':2:21: known[0].cause.check: no check "servces" of gate.yaml; if another scenario\'s is meant, name that (scenario); did you mean "services"?',
    ],
    ['an unknown phase', entry('', 'check: boots, phase: instal'), ':2:35: known[0].cause.phase: '],
    [
      'no date',
      entry().replace('2027-03-01', 'soon'),
      ':3:12: known[0].until: expected a date: 2027-03-01, found "soon"',
    ],
    [
      'a day that is not there',
      entry().replace('2027-03-01', '2027-02-30'),
      ':3:12: known[0].until: expected a date',
    ],
    [
      'no reason',
      entry().replace('    why: not flushed\n', ''),
      ':2:5: known[0].why: missing; expected text',
    ],
    [
      'a relative path',
      entry('', 'check: boots, phase: install, file: etc/hosts'),
      ':2:50: known[0].cause.file: ',
    ],
    [
      'an unknown scenario',
      entry('    scenario: gat.yaml\n'),
      ':6:15: known[0].scenario: no file "gat.yaml" in this folder; did you mean "gate.yaml"?',
    ],
    ['no list', 'know: []\n', ':1:1: unknown key "know"; did you mean "known"?'],
  ])('are refused with %s, by line and column', async (_, list, message) => {
    const folder = await folderWith(list);
    const wrong = await errorOf(loadScenario(join(folder, 'gate.yaml')));
    expect(wrong).toHaveProperty('code', 'document-invalid');
    expect(exitCodeOfError(wrong)).toBe(2);
    const said = (wrong as Error).message;
    expect(said.split('\n')).toHaveLength(1);
    expect(said).toContain(`${join(folder, 'known-findings.yaml')}${message}`);
  });

  it('are no scenario where a pattern names all files of a folder', async () => {
    const folder = await folderWith(entry());
    const files = readdirSync(folder).map((name) => join(folder, name));
    expect(files).toHaveLength(2);
    expect((await loadAll(files, loadScenario)).map(({ name }) => name)).toEqual(['shortest']);
    expect(await errorOf(loadAll([join(folder, 'known-findings.yaml')], loadScenario))).toHaveProperty(
      'code',
      'document-invalid',
    );
  });

  it('are refused in a scenario in the same way', async () => {
    const text = `${minimal}${entry('', 'check: servces, phase: install')}`;
    const wrong = await errorOf(Promise.resolve().then(() => parseScenario(text, 's.yaml')));
    expect(wrong).toHaveProperty(
      'message',
      's.yaml:10:21: known[0].cause.check: no check "servces"; did you mean "services"?',
    );
  });

  it('may name whatever is decided of devices', () => {
    const folders = ['src/device', 'src/recording', 'src/crash', 'src/oracle'];
    const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
    const named = files.flatMap((file) => [
      ...readFileSync(file, 'utf8').matchAll(/\bcheck: (?:[^,\n]* \? )?'([a-z -]+)'(?: : '([a-z -]+)')?/g),
    ]);
    const words = new Set(named.flatMap(([, one, other]) => [one, other].flatMap((word) => word ?? [])));
    expect(words.size).toBeGreaterThan(15);
    expect([...words].filter((word) => !(builtInChecks as readonly string[]).includes(word))).toEqual([]);
  });
});
