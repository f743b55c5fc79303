import { describe, expect, it } from 'vitest';
import { parseStringPromise } from 'xml2js';
import type { RunRecord } from '../../../src/model/record.ts';
import { junitXml } from '../../../src/report/junit.ts';
import { violations } from '../../support/junit-schemas.ts';
import { crash, cut, failure, fate, motley, motleyFiles, record, step } from './records.ts';

interface Problem {
  _?: string;
  $: { message: string; type: string };
}
interface Case {
  skipped?: Problem[];
  $: { classname: string; name: string; time: string };
  failure?: Problem[];
  error?: Problem[];
  'system-out'?: string[];
}
interface Suite {
  $: Record<string, string>;
  properties: { property: { $: { name: string; value: string } }[] }[];
  testcase: Case[];
}

async function suiteOf(one: RunRecord): Promise<Suite> {
  return ((await parseStringPromise(junitXml([one]))) as { testsuite: Suite }).testsuite;
}

describe('junitXml', () => {
  it.each([
    ['a passed run', record()],
    ['one of everything', motley()],
    ['a run that decided nothing', record({ verdict: 'unknown', paths: [] })],
  ])('satisfies both schemas: %s', async (_, one) => {
    const xml = junitXml([one]);
    expect(await violations(xml, 'jenkins')).toEqual([]);
    expect(await violations(xml, 'surefire')).toEqual([]);
  });

  it('satisfies both for several runs, and tells them apart', async () => {
    const xml = junitXml([record(), motley()], { folderOf: ({ verdict }) => `runs/${verdict}` });
    expect(await violations(xml, 'jenkins')).toEqual([]);
    expect(await violations(xml, 'surefire')).toEqual([]);
    const { testsuite } = (await parseStringPromise(xml)) as { testsuite: Suite };
    expect(testsuite.testcase).toHaveLength(Number(testsuite.$['tests']));
    expect(testsuite.$['name']).toBe('brownout');
    expect(testsuite.properties[0]!.property.map((one) => one.$)).toContainEqual({
      name: 'runs/passed/seed',
      value: '7',
    });
  });

  it.each(['closed', 'open'] as const)('says that the network was %s', async (network) => {
    const { properties } = await suiteOf(record({ network }));
    expect(properties[0]!.property.map((one) => one.$)).toContainEqual({ name: 'network', value: network });
  });

  it('satisfies both when there is nothing to report', async () => {
    expect(await violations(junitXml([]), 'jenkins')).toEqual([]);
    expect(await violations(junitXml([]), 'surefire')).toEqual([]);
  });

  it('is refused by the schemas when it is wrong, so that the tests above can fail', async () => {
    const xml = junitXml([record()]);
    expect(await violations(xml.replace('<testcase ', '<testcase file="x" '), 'jenkins')).not.toEqual([]);
    expect(await violations(xml.replace(/ skipped="0"/, ''), 'surefire')).not.toEqual([]);
  });

  it('counts what it holds', async () => {
    const { $, testcase } = await suiteOf(motley());
    const failures = testcase.filter((one) => one.failure !== undefined);
    const errors = testcase.filter((one) => one.error !== undefined);
    expect($).toMatchObject({
      tests: String(testcase.length),
      failures: String(failures.length),
      errors: String(errors.length),
    });
    expect(failures.map((one) => one.$.name)).toEqual([
      '1.0->1.1: install',
      'confirm 1.0->1.1, lost: configuration',
      'whole-release, install',
    ]);
    expect(errors.map((one) => one.$.name)).toEqual([
      'install 1.0->1.1, lost',
      // The only device of this batch came no further than the check that failed, or was not decided.
      'confirm 1.0->1.1, lost: release',
      'confirm 1.0->1.1, lost: retry',
      ...['boots', 'release', 'configuration', 'retry'].map((check) => `install 1.0->1.1, torn: ${check}`),
      'run',
    ]);
  });

  it('never lets an open question or trouble of the harness pass, nor blames the device for it', async () => {
    const { testcase } = await suiteOf(motley());
    const byName = (end: string) => testcase.find((one) => one.$.name.endsWith(end))!;
    expect(byName('torn: boots').error![0]!.$).toEqual({ message: 'not decided', type: 'unknown' });
    expect(byName('run').error![0]!.$).toEqual({ message: 'no space left', type: 'disk-full' });
    const empty = await suiteOf(record({ verdict: 'unknown', paths: [] }));
    expect(empty.testcase.map((one) => one.error?.[0]?.$.type)).toEqual(['unknown']);
    const contradictory = await suiteOf(record({ verdict: 'error' }));
    expect(contradictory.$['errors']).toBe('1');
  });

  it('has one case of each name, also over several runs of one scenario: the worst of them counts', async () => {
    const failing = record({
      verdict: 'failed',
      paths: [{ releases: ['1.0', '1.1'], steps: [step('boot 1.0', failure('no-boot', 'it is dark'))] }],
    });
    const { testsuite } = (await parseStringPromise(junitXml([failing, record()]))) as { testsuite: Suite };
    const names = testsuite.testcase.map((one) => `${one.$.classname}.${one.$.name}`);
    expect(new Set(names).size).toBe(names.length);
    const boot = testsuite.testcase.find((one) => one.$.name === '1.0->1.1: boot 1.0');
    expect(boot?.failure?.[0]?.$.type).toBe('no-boot');
    expect(boot?.$.time).toBe('3.000');
  });

  it('says what was lost, where, and attaches the console', async () => {
    const { testcase, properties } = await suiteOf(motley());
    const lost = testcase.find((one) => one.$.name === 'confirm 1.0->1.1, lost: configuration')!;
    expect(lost.failure![0]!.$).toEqual({
      message: '/etc/hostname: "evil" ]]> <x> &',
      type: 'configuration-lost',
    });
    expect(lost.failure![0]!._).toContain('power cut: after write 4 of 9; lost: 3, 4');
    expect(lost.failure![0]!._).toContain('in files: /etc/hostname');
    expect(lost['system-out']).toEqual(['p1.9.none: new in B\n[[ATTACHMENT|console/cut-p1.9.none.1.log]]']);
    expect(properties[0]!.property.map((one) => one.$)).toContainEqual({ name: 'seed', value: '7' });
  });

  it('says of a lost file what the owner had, what was shipped and what is there', async () => {
    const name = '1.0->1.1 configuration';
    const lost = failure('configuration-lost', '/etc/evil is gone');
    const files = [...motleyFiles().files, fate('/etc/motd', { fate: 'lost' })];
    const one = record({
      verdict: 'failed',
      paths: [
        {
          releases: ['1.0', '1.1'],
          steps: [step(name, lost)],
          configuration: [{ ...motleyFiles(name), files }],
        },
      ],
    });
    const xml = junitXml([one]);
    expect(await violations(xml, 'jenkins')).toEqual([]);
    const [found] = (await suiteOf(one)).testcase;
    expect(found!.failure![0]!._).toBe(
      '/etc/evil is gone\n' +
        'lost: /etc/evil (edited): SHA-256 1a2b3c4d5e6f, now absent\n' +
        'lost: /etc/motd (edited, default changed): SHA-256 1a2b3c4d5e6f, now 1a2b3c4d5e6f; shipped aaaaaaaaaaaa, then bbbbbbbbbbbb',
    );
  });

  it('names attachments from where the report is read', () => {
    const xml = junitXml([record()], { folderOf: ({ id }) => `reports/${id}/` });
    expect(xml).toContain('[[ATTACHMENT|reports/20261121T034500Z-ab-upgrade-qemuarm64/console/p1.log]]');
  });

  it('names them as a CI server looks for them, and what a replay needs after the console', () => {
    const check = step('boots', { ...failure('no-boot', 'panic'), console: 'console/[a].log' });
    const bad = cut('p1.4', { verdict: 'failed', checks: [check] });
    const found = {
      check: 'boots',
      step: check.id,
      message: 'panic',
      cut: 'p1.4',
      token: '',
      during: 'install',
    };
    const finding = { ...found, states: 1, minimal: [], files: [], file: 'finding-1.brownout' };
    const one = record({ verdict: 'failed', paths: [], crash: crash([bad]), findings: [finding] });
    const xml = junitXml([one], { folderOf: () => 'below', root: 'reports/all' });
    expect(xml).toContain(
      '[[ATTACHMENT|reports/all/below/console/_a_.log]]\n[[ATTACHMENT|reports/all/below/finding-1.brownout]]',
    );
    expect(junitXml([one])).toContain('\n[[ATTACHMENT|finding-1.brownout]]');
  });

  it('writes times with three decimals, whatever they are', async () => {
    const odd = record({
      seconds: 0.00049,
      paths: [
        {
          releases: ['1', '2'],
          steps: [
            step('a', { seconds: Number.NaN }),
            step('b', { seconds: -1 }),
            step('c', { seconds: 12345.6789 }),
          ],
        },
      ],
    });
    const { $, testcase } = await suiteOf(odd);
    expect([$['time'], ...testcase.map((one) => one.$.time)]).toEqual([
      '0.000',
      '0.000',
      '0.000',
      '12345.679',
    ]);
    expect($['timestamp']).toBe('2026-11-21T03:45:00Z');
  });

  it('cuts long output in the middle and says so', async () => {
    const long = record({
      verdict: 'failed',
      paths: [{ releases: ['1', '2'], steps: [step('a', failure('x', `begin${'y'.repeat(1_000_000)}end`))] }],
    });
    const xml = junitXml([long]);
    expect(xml.length).toBeLessThan(40_000);
    const text = (await suiteOf(long)).testcase[0]!.failure![0]!._!;
    expect(text).toMatch(/^begin.*characters left out.*end$/s);
  });

  it('stays below what GitLab takes for very many cuts', () => {
    const cuts = Array.from({ length: 6000 }, (_, i) => cut(`p1.${i}.none`));
    expect(junitXml([record({ crash: crash(cuts) })]).length).toBeLessThan(3_000_000);
  });
});
