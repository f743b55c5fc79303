import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { CrashRecord, RunRecord, StateGroup, Verdict } from '../../../../src/model/record.ts';
import { runPage } from '../../../../src/report/page/run-page.ts';
import { crash, cut, fate, motley, motleyFiles, record, step } from '../records.ts';

const parts = { script: 'console.log("</scr" + "ipt>")', style: 'p{color:red}' };

function page(of: RunRecord, more: Partial<Parameters<typeof runPage>[0]> = {}): string {
  return runPage({ record: of, consoles: new Map(), ...more }, parts);
}

/** What a reader sees of a part of the page. */
function textOf(markup: string): string {
  return markup
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replace(/\s+/g, ' ')
    .trim();
}

function section(id: string, markup: string): string {
  return new RegExp(`<section id="${id}".*?</section>`, 's').exec(markup)?.[0] ?? '';
}

/** The elements of a page, in order. */
function tags(markup: string): string[] {
  return [...markup.matchAll(/<\/?[a-z][^\s>]*/g)].map(([tag]) => tag);
}

/** A record of everything, with all texts made of one. */
function everywhere(hostile: string): RunRecord {
  const spoil = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') return keptFields.includes(key) ? value : `${hostile}${value}${hostile}`;
    if (Array.isArray(value)) return value.map((one) => spoil(one, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, spoil(one, name)]));
  };
  return spoil(whole()) as RunRecord;
}

/** Words that a program chooses, and no device: the schema of a stored record holds them. */
const keptFields = [
  'verdict',
  'kind',
  'claim',
  'moment',
  'ended',
  'stage',
  'fate',
  'network',
  'format',
  'started',
];

function whole(): RunRecord {
  const base = motley();
  return {
    ...base,
    paths: [
      {
        ...record().paths[0]!,
        configuration: [motleyFiles()],
        software: [
          {
            upgrade: '1.0->1.1',
            diff: {
              changes: [
                {
                  kind: 'upgraded',
                  name: 'busybox',
                  before: {
                    name: 'busybox',
                    version: '1',
                    architecture: 'a',
                    state: 'installed',
                    licence: 'GPL',
                  },
                  after: { name: 'busybox', version: '2', architecture: 'a', state: 'unpacked' },
                  differs: ['version'],
                },
              ],
              unchanged: 3,
            },
            documents: ['sbom/1.spdx.json'],
          },
        ],
        notes: ['a warning'],
      },
    ],
    crash: { ...base.crash!, ...explored() },
  };
}

function explored(): Partial<CrashRecord> {
  return {
    claim: 'exhaustive',
    stages: [
      {
        name: 'whole',
        states: 450,
        decided: 430,
        skipped: 8,
        boots: 7,
        claim: 'exhaustive',
        ended: 'complete',
      },
      { name: 'retry', states: 450, decided: 30, skipped: 0, boots: 2, claim: 'sampled', ended: 'bound' },
    ],
    groups: [
      {
        stage: 'whole',
        upgrade: '1.0->1.1',
        during: 'install',
        kind: 'torn',
        states: 50,
        skipped: 8,
        undecided: 12,
        by: [{ cut: 'p1.4.none', states: 30 }],
      },
    ],
    skipped: 8,
    undecided: 12,
  };
}

describe('the page of a run', () => {
  it('says first whether it may ship, and right beside it what was not shown', () => {
    const markup = page(whole());
    const verdict = section('verdict', markup);
    expect(textOf(verdict)).toContain('No verdict. The run ended before its time');
    expect(textOf(verdict)).toContain('What this does not show');
    expect(textOf(verdict)).toContain('12 states not decided: the budget was used up.');
    expect(textOf(verdict)).toContain('8 states not tried');
    expect(textOf(verdict)).toContain(
      'upgrade done again: 420 of 450 states, beyond the boots it was given.',
    );
    expect(markup.indexOf('id="verdict"')).toBeLessThan(markup.indexOf('id="findings"'));
  });

  const decidedBy = (id: string, states: number): StateGroup => ({
    stage: 'whole',
    upgrade: '1.0->1.1',
    during: 'install',
    kind: 'prefix',
    states: 450,
    skipped: 0,
    undecided: 0,
    by: [{ cut: id, states }],
  });

  it.each<[Verdict, Partial<RunRecord>, string]>([
    [
      'passed',
      {
        crash: {
          ...crash([cut('p1.4.none')]),
          claim: 'exhaustive' as const,
          states: { prefix: 4, lost: 0, torn: 0, subset: 0, sampled: 0 },
          decided: { prefix: 4, lost: 0, torn: 0, subset: 0, sampled: 0 },
        },
      },
      'Passed. The device comes back whole from all 4 crash states.',
    ],
    ['passed', { powerCuts: 'none' }, 'Passed. All 2 steps without a cut hold what was promised.'],
    [
      'failed',
      {
        crash: {
          // The live cut, and what was booted although another boot had decided it, are no states more.
          ...crash([
            cut('p1.9', { verdict: 'failed', decides: 5, stage: 'whole' }),
            cut('p1.9.head1of2', { verdict: 'failed', stage: 'whole' }),
            cut('live1', { verdict: 'failed', kind: 'live', stage: 'whole' }),
          ]),
          groups: [decidedBy('p1.9', 5)],
        },
      },
      'Failed. 5 crash states of 450 break what was promised.',
    ],
    [
      'failed',
      { crash: crash([cut('live1', { verdict: 'failed', kind: 'live' })]) },
      'Failed. 1 crash state of 450 break what was promised.',
    ],
    ['unknown', { crash: { ...crash([]), ...explored() } }, 'Not decided. 12 crash states of 450 left open'],
  ])('has a headline: %s', (verdict, more, headline) => {
    expect(textOf(section('verdict', page(record({ verdict, ...more }))))).toContain(headline);
  });

  it('says that no power was cut, and never says nothing of what is not shown', () => {
    expect(textOf(page(record({ powerCuts: 'none' })))).toContain('Power cuts: none were made.');
    for (const of of [whole(), record(), record({ crash: crash([cut('p1.4')]) })])
      expect(section('verdict', page(of))).toMatch(/What this does not show<\/h2>\s*<ul><li>/);
  });

  it('has a card for each finding, with what replays it and what a tracker takes', () => {
    const [finding] = whole().findings;
    const token = 'ab-upgrade:qemuarm64:5606e40215:8f3a2c1d9e:p1.9.none';
    const markup = section(
      'findings',
      page({ ...whole(), findings: [{ ...finding!, token, file: 'finding-1.brownout', reason: 'because' }] }),
    );
    expect(markup).toContain('data-copy="brownout replay finding-1.brownout"');
    expect(markup).toContain('data-show-cut="p1.9.none"');
    expect(markup).toContain('A power cut breaks an upgrade');
    expect(textOf(markup)).toContain('because');
  });

  it('may run its own script and load nothing', () => {
    const markup = page(whole());
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/
      .exec(markup)?.[1]
      ?.replaceAll('&#39;', "'");
    const hash = createHash('sha256').update(parts.script).digest('base64');
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).toContain(`script-src 'sha256-${hash}'`);
    expect(policy).not.toContain('unsafe');
    expect(markup).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(markup).not.toMatch(/ style=/);
  });

  it.each([
    ['</script><script>alert(1)</script>'],
    ['"><img src=x onerror=alert(1)>'],
    ["' onmouseover='alert(1)"],
    ['<!--'],
    [']]>\u001b]0;evil\u0007\u001b[2J'],
    ['\u202egpj.exe\u2066\u200f'],
    ['${alert(1)}`\\'],
    ['javascript:alert(1)//'],
  ])('shows %j as the text that it is, in every field', (hostile) => {
    const clean = page(everywhere('x'), { consoles: new Map([['console/p1.log', 'x']]), states: '{}' });
    const markup = page(everywhere(hostile), {
      consoles: new Map([['console/p1.log', hostile]]),
      states: `{"x":${JSON.stringify(hostile)}}`,
      missing: [],
    });
    expect(tags(markup)).toEqual(tags(clean));
    expect(markup).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069\u200f]/);
    expect(markup.match(/ on[a-z]+=(?=["'])/g)).toBeNull();
    for (const [, address = ''] of markup.matchAll(/href="([^"]*)"/g))
      expect(address).toMatch(/^(?:#|\.\/|data:,)/);
  });

  it('has the consoles in it, whole where they are short, without their middle where they are not', () => {
    const long = `first\n${'x'.repeat(300_000)}\nlast`;
    const markup = page(record(), {
      consoles: new Map([
        ['console/a.log', 'short\n'],
        ['console/b.log', long],
      ]),
    });
    const inside = (name: string) => {
      const data = new RegExp(`data-name="${name}">([^<]*)<`).exec(markup)?.[1] ?? '';
      return inflateSync(Buffer.from(data, 'base64')).toString();
    };
    expect(inside('console/a.log')).toBe('short\n');
    expect(inside('console/b.log')).toMatch(
      /^first\nx+\n\[\.\.\. \d+ characters left out: the file has them \.\.\.\]\nx+\nlast$/,
    );
    expect(inside('console/b.log').length).toBeLessThan(263_000);
  });

  it('says what an older record does not have, and why there is no map', () => {
    const of = record({ crash: crash([cut('p1.4')]) });
    expect(textOf(page(of, { missing: ['this', 'that'] }))).toContain(
      'older brownout and does not have: this, that.',
    );
    expect(textOf(section('map', page(of)))).toContain('There is no states.json');
    expect(section('map', page(of, { states: '{}' }))).toContain('<canvas');
  });

  it('shows what became of a file line by line, and that nothing is left of one', () => {
    const shown = (now: string) => {
      const files = [fate('/etc/app.conf', { fate: 'lost', texts: { owner: 'port=8443\nname=<x>\n', now } })];
      const table = { ...motleyFiles(), files };
      const paths = [{ releases: ['1.0', '1.1'], steps: [], configuration: [table] }];
      return section('files', page(record({ paths })));
    };
    expect(shown('port=80\nname=<x>\n')).toContain(
      '<pre class="diff"><del>- port=8443</del><ins>+ port=80</ins><span>  name=&lt;x&gt;</span></pre>',
    );
    expect(textOf(shown(''))).toContain('0 bytes are left of: port=8443');
  });

  it('names each step of a path under its station', () => {
    const steps = [
      step('boot 1.0'),
      step('1.0->1.1 install'),
      step('1.0->1.1 first boot', {
        verdict: 'failed',
        problem: { kind: 'device', code: 'boot-timeout', message: 'no login' },
      }),
    ];
    const text = textOf(section('path', page(record({ paths: [{ releases: ['1.0', '1.1'], steps }] }))));
    expect(text).toMatch(
      /1\.0 in service boot 1\.0 .*1\.0 → 1\.1 install .*first boot .*no login boot-timeout/,
    );
  });
});
