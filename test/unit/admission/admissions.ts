import type { Admission } from '../../../src/admission/admission.ts';
import { judge } from '../../../src/admission/criteria.ts';
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
/** A dossier with a finding of a power cut, made anew each time. */
export const admission = (): Admission => ({
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
});
