import type { ConfigurationTable, FileFate } from '../../../src/model/configuration.ts';
import type { CrashRecord, CutRecord, RunRecord, StepRecord } from '../../../src/model/record.ts';
import { stepOf } from '../../../src/model/step-of-text.ts';

/** A step with the id that its text has on a path through all releases. */
export function step(name: string, more: Partial<StepRecord> = {}): StepRecord {
  return { id: idOf(name), name, verdict: 'passed', seconds: 1.5, ...more };
}

export function idOf(text: string) {
  return stepOf(text, ['1.0', '1.1', '2.0']);
}

export function failure(code: string, message: string): Partial<StepRecord> {
  return { verdict: 'failed', problem: { kind: 'device', code, message } };
}

export function cut(id: string, more: Partial<CutRecord> = {}): CutRecord {
  return {
    id,
    kind: 'lost',
    path: ['1.0', '1.1'],
    upgrade: '1.0->1.1',
    during: 'install',
    description: 'after write 4 of 9; lost: 3, 4',
    outcome: 'old in A',
    checks: [step('boots'), step('release'), step('configuration'), step('retry')],
    verdict: 'passed',
    seconds: 31.4,
    console: `console/cut-${id}.1.log`,
    ...more,
  };
}

export function fate(path: string, more: Partial<FileFate> = {}): FileFate {
  return {
    path,
    case: 'edited, default changed',
    fate: 'preserved',
    digests: {
      owner: '1a2b3c4d5e6f',
      shippedBefore: 'aaaaaaaaaaaa',
      shippedNow: 'bbbbbbbbbbbb',
      now: '1a2b3c4d5e6f',
    },
    copies: [],
    ...more,
  };
}

/** One file of each kind that a reader must look at, and two that are as they should be. */
export function motleyFiles(check = '1.0->1.1 configuration'): ConfigurationTable {
  const copy = '/etc/app.conf.rpmsave';
  return {
    id: idOf(check),
    check,
    files: [
      fate('/etc/hosts'),
      fate('/etc/issue', { fate: 'default', case: 'unedited, default changed' }),
      fate('/etc/app.conf', {
        fate: 'replaced with copy',
        copy,
        copies: [{ path: copy, holds: 'what the owner had', spurious: false }],
      }),
      fate('/etc/\u001b[2Jevil', {
        fate: 'lost',
        case: 'edited',
        digests: { owner: '1a2b3c4d5e6f', now: 'absent' },
        copies: [{ path: '/etc/\u001b[2Jevil-opkg', holds: 'the old default', spurious: true }],
      }),
    ],
  };
}

export function crash(cuts: CutRecord[]): CrashRecord {
  return {
    states: { prefix: 100, lost: 300, torn: 50, subset: 0, sampled: 0 },
    skipped: 0,
    undecided: 0,
    blockTears: 0,
    stages: [],
    snapshots: { taken: 0, restored: 0 },
    decided: { prefix: 0, lost: cuts.length, torn: 0, subset: 0, sampled: cuts.length },
    boots: cuts.length,
    audited: 0,
    mismatches: 0,
    claim: 'sampled',
    outcomes: [],
    cuts,
    recording: {
      sha256: 'ab'.repeat(32),
      writes: 530,
      flushes: 21,
      epochs: 22,
      reused: false,
      count: 1,
      disturbed: 0,
      paths: 1,
    },
  };
}

export function record(more: Partial<RunRecord> = {}): RunRecord {
  return {
    format: 1,
    id: '20261121T034500Z-ab-upgrade-qemuarm64',
    scenario: 'RAUC A/B upgrade',
    scenarioFile: 'scenarios/rauc/ab-upgrade.yaml',
    machine: 'qemuarm64',
    seed: '7',
    powerCuts: 'random:20',
    network: 'closed',
    verdict: 'passed',
    started: '2026-11-21T03:45:00.123Z',
    seconds: 312.3456,
    paths: [
      {
        releases: ['1.0', '1.1'],
        steps: [step('boot 1.0'), step('1.0->1.1 install', { console: 'console/p1.log' })],
      },
    ],
    findings: [],
    timings: {},
    host: { node: 'v20.19.0', qemu: '7.2.0', cores: 2, accelerator: 'tcg', acceleratorReason: 'asked for' },
    inputs: {
      scenario: 'cd'.repeat(32),
      image: 'rauc-ab',
      imageKey: 'k',
      disks: {},
      bundles: {},
      packages: {},
    },
    ...more,
  };
}

/** One of everything: passes, failures, an error, an unknown, a finding of its own, hostile text. */
export function motley(): RunRecord {
  const bad = cut('p1.9.none', {
    verdict: 'failed',
    during: 'confirm',
    outcome: 'new in B',
    checks: [
      step('boots'),
      step(
        'configuration',
        failure('configuration-lost', '/etc/hostname: "\u001b[31m\u0000evil" ]]> <x> & \ud800'),
      ),
    ],
  });
  return record({
    verdict: 'error',
    paths: [
      {
        releases: ['1.0', '1.1'],
        steps: [
          step('boot 1.0'),
          step('boot 1.0'),
          step('install', failure('install-failed', 'line one\nline two')),
        ],
      },
    ],
    crash: crash([
      cut('p1.4.none'),
      bad,
      cut('p1.7.torn', { kind: 'torn', verdict: 'unknown', checks: [step('boots', { verdict: 'unknown' })] }),
      cut('p1.8.none', { verdict: 'error', checks: [], outcome: 'not decided' }),
    ]),
    findings: [
      {
        check: 'configuration',
        step: idOf('configuration'),
        message: 'gone',
        cut: 'p1.9.none',
        during: 'confirm 1.0->1.1',
        token: '',
        states: 1,
        minimal: ['w3'],
        files: ['/etc/hostname'],
      },
      {
        check: 'whole-release',
        message: 'two outcomes',
        cut: '',
        during: 'install',
        token: '',
        states: 1,
        minimal: [],
        files: [],
      },
    ],
    problem: { kind: 'harness', code: 'disk-full', message: 'no space left', log: 'qemu.log' },
  });
}
