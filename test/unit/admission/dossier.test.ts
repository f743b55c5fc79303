import { describe, expect, it } from 'vitest';
import type { Admission } from '../../../src/admission/admission.ts';
import { judge } from '../../../src/admission/criteria.ts';
import { dossierText } from '../../../src/admission/dossier.ts';
import { limits, toBeStated } from '../../../src/admission/proposal.ts';
import { crash, cut, failure, record, step } from '../report/records.ts';
import { plan } from './builds.ts';

const given = plan();
const bad = record({
  id: 'tool-qemuarm64',
  verdict: 'failed',
  paths: [
    { releases: ['1', '2'], steps: [step('installed: install', failure('add-failed', 'x | y\n# <b>'))] },
  ],
  crash: { ...crash([cut('p1.4', { verdict: 'failed' })]), undecided: 5 },
  findings: [
    {
      check: 'release',
      message: 'half of it',
      cut: 'p1.4',
      token: 'tool:qemuarm64:aa',
      during: 'install 1->2',
      states: 7,
      reason: 'write 4 is lost',
      minimal: [],
      files: ['/bin/tool'],
    },
  ],
});
const admission: Admission = {
  format: 1,
  id: 'a',
  brownout: '0.1.0',
  created: '2026-11-21T19:00:00.000Z',
  verdict: 'failed',
  image: 'yocto-ipk',
  agent: 'opkg',
  machines: ['qemuarm64'],
  releases: ['1', '2'],
  powerCuts: 'all',
  packages: [
    {
      ...given,
      builds: [...given.builds],
      verdict: 'failed',
      scenario: { file: 'scenarios/tool.yaml', sha256: 'ab' },
      criteria: judge(given, {
        machine: 'qemuarm64',
        powerCuts: 'all',
        scenarioFile: 'scenarios/tool.yaml',
        ran: { folder: 'runs/x', record: bad },
      }),
      runs: [{ folder: 'runs/x', ...bad }],
    },
  ],
  toBeStated: [...toBeStated],
  limits: [...limits],
};

describe('dossierText', () => {
  const text = dossierText(admission);

  it('says who, what, where, what came of it, and how to see it again', () => {
    for (const part of [
      '**FAILED: a promise was broken.**',
      '| `tool` | qemuarm64 | failed | unknown | unknown | unknown | unknown | unknown | failed |',
      '| qemuarm64 | 2 | 2-r0 | `all/tool_2-r0_all.ipk` | 1234 |',
      '- The owner adds `"# mine\\n"` to `/etc/tool.conf`.',
      '- Must be active: `tool.service`.',
      '5 states UNKNOWN: the budget was used up',
      'brownout replay tool:qemuarm64:aa',
      '  - because: write 4 is lost',
      'not reached: the path ended at "installed: install"',
    ])
      expect(text).toContain(part);
  });

  it('counts nothing as passed that the proposer must state', () => {
    const section = text.slice(text.indexOf('## To be stated by the proposer'));
    expect(section.match(/^- \[ \] /gm)).toHaveLength(toBeStated.length);
    expect(section).not.toContain('[x]');
  });

  it('keeps what devices and packages say out of its markup', () => {
    expect(text).toContain('x \\| y \\# \\<b>');
    expect(text).toContain('Some \\| One \\<some@one.example>');
  });

  it('says what was not run', () => {
    const packages = admission.packages.map((one) => ({
      ...one,
      criteria: one.criteria.map((found) => ({ ...found, verdict: 'not run' as const })),
    }));
    const untouched = dossierText({ ...admission, verdict: 'passed', powerCuts: 'none', packages });
    expect(untouched).toContain('**All that was run passed; not run: install, upgrade,');
  });
});
