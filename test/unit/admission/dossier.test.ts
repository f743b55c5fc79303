import { describe, expect, it } from 'vitest';
import { dossierText } from '../../../src/admission/dossier.ts';
import { toBeStated } from '../../../src/admission/proposal.ts';
import { admission as makeAdmission } from './admissions.ts';

const admission = makeAdmission();

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
