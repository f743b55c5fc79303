import { describe, expect, it } from 'vitest';
import { summaryText } from '../../../src/report/summary.ts';
import { crash, cut, failure, fate, idOf, motley, motleyFiles, record, step } from './records.ts';

describe('summaryText', () => {
  it('sums up a passed run', () => {
    const cuts = [
      cut('a'),
      cut('b', { outcome: 'new in B' }),
      cut('c', { during: 'first-boot', outcome: 'new in B' }),
    ];
    expect(summaryText([record({ crash: crash(cuts) })], { folderOf: () => 'reports/x' })).toBe(
      `RAUC A/B upgrade on qemuarm64: passed in 5m12s
  upgrade 1.0 -> 1.1: 2 of 2 steps passed
  power cuts: 3 booted of 450 crash states (sampled of 1 recording; seed 7; 530 writes, 21 flushes)
                old in A  new in B  not passed
    install            1         1           0
    first-boot         0         1           0
  reports: reports/x
  page: reports/x/index.html
`,
    );
  });

  it("says what became of the owner's files: upgrades that went alike in one line, and what to look at", () => {
    const fine = { files: [fate('/etc/hosts'), fate('/etc/app.conf')] };
    const configuration = [
      { id: idOf('1.0->1.1 configuration'), check: '1.0->1.1 configuration', ...fine },
      motleyFiles('1.1->2.0 configuration'),
      { id: idOf('rollback: configuration'), check: 'rollback: configuration', ...fine },
    ];
    const paths = [{ releases: ['1.0', '1.1', '2.0'], steps: [step('boot 1.0')], configuration }];
    expect(summaryText([record({ paths })])).toBe(
      `RAUC A/B upgrade on qemuarm64: passed in 5m12s
  upgrade 1.0 -> 1.1 -> 2.0: 1 of 1 steps passed
    owner's files: 2 preserved (1.0->1.1, rollback)
    owner's files: 1 preserved, 1 default, 1 replaced with copy, 1 lost; 1 spurious copy (1.1->2.0)
      /etc/app.conf: replaced with copy, what the owner had is in /etc/app.conf.rpmsave (edited, default changed)
      /etc/evil: lost (edited)
`,
    );
  });

  it('lists ten of many lost files', () => {
    const files = Array.from({ length: 12 }, (_, i) => fate(`/etc/${i}`, { fate: 'lost' }));
    const configuration = [{ ...motleyFiles(), files }];
    const text = summaryText([record({ paths: [{ releases: ['1.0', '1.1'], steps: [], configuration }] })]);
    expect(text).toContain("owner's files: 12 lost (1.0->1.1)\n");
    expect(text).toContain('/etc/9: lost (edited, default changed)\n      and 2 more in run.json\n');
  });

  it('names findings, their console and the command that does it again', () => {
    const text = summaryText([motley()], { folderOf: () => 'reports/x' });
    expect(text).toContain('RAUC A/B upgrade on qemuarm64: ERROR');
    expect(text).toContain(
      '    configuration: gone\n      cut p1.9.none, confirm 1.0->1.1\n      files: /etc/hostname\n',
    );
    expect(text).toContain('      console: reports/x/console/cut-p1.9.none.1.log');
    expect(text).toContain(
      'again: brownout run scenarios/rauc/ab-upgrade.yaml --machine qemuarm64 --power-cuts random:20 --seed 7\n',
    );
    expect(text).toContain('ended early: no space left [disk-full]\n  log: reports/x/qemu.log');
  });

  it('names the console of a step that failed without a cut', () => {
    const failed = step('1.0->1.1 install', {
      ...failure('install-failed', 'no'),
      console: 'console/p1.1.log',
    });
    const text = summaryText(
      [
        record({
          verdict: 'failed',
          paths: [{ releases: ['1.0', '1.1'], steps: [failed] }],
          findings: [
            {
              check: failed.name,
              step: failed.id,
              message: 'no',
              cut: '',
              during: '1.0->1.1',
              token: '',
              states: 1,
              minimal: [],
              files: [],
            },
          ],
        }),
      ],
      { folderOf: () => 'reports/x' },
    );
    expect(text).toContain('      without a cut, 1.0->1.1\n      console: reports/x/console/p1.1.log\n');
  });

  it('says what a guest could reach where that was not its releases alone', () => {
    expect(summaryText([record()])).not.toContain('network');
    expect(summaryText([record({ network: 'open' })])).toContain(
      '\n  network: open: the guest could reach whatever this host reaches, not its releases alone\n',
    );
  });

  it('quotes what a shell would take apart', () => {
    const text = summaryText([{ ...motley(), scenarioFile: "my files/it's.yaml" }]);
    expect(text).toContain(`brownout run 'my files/it'\\''s.yaml' --machine`);
  });

  it('lists ten findings and counts the rest; folds rare outcomes', () => {
    const [first] = motley().findings;
    const findings = Array.from({ length: 12 }, () => first!);
    const cuts = Array.from({ length: 9 }, (_, i) => cut(String(i), { outcome: `outcome ${i}` }));
    const text = summaryText([record({ findings, crash: crash(cuts) })]);
    expect(text).toContain('and 2 more in run.json');
    expect(text).toMatch(/outcome 4 +other +not passed/);
    expect(text).toMatch(/install +1 +1 +1 +1 +1 +4 +0/);
  });

  it('says that the live cut is among the outcomes, whose states then are more than those decided', () => {
    const stages = [
      {
        name: 'whole',
        states: 9,
        decided: 9,
        skipped: 0,
        boots: 1,
        claim: 'exhaustive',
        ended: 'complete',
      } as const,
    ];
    const outcomes = [{ name: '1.0->1.1: old', states: 9, example: 'a' }];
    const text = (kind: 'live' | 'prefix') =>
      summaryText([record({ crash: { ...crash([cut('a', { kind })]), stages, outcomes } })]);
    expect(text('prefix')).toContain('\n    outcomes: 1\n');
    expect(text('live')).toContain("\n    outcomes: 1, the live cut's among them\n");
  });
});
