import type { CaseRecord, ConformanceRecord } from '../../../src/model/conformance.ts';

/** A case of a suite. */
export function caseOf(
  id: string,
  verdict: CaseRecord['verdict'],
  more: Partial<CaseRecord> = {},
): CaseRecord {
  return {
    id,
    group: 'installation',
    title: `what ${id} asks`,
    verdict,
    seconds: 3,
    steps: [],
    notes: [],
    ...more,
  };
}

/** A suite for one scenario on one machine. */
export function suite(
  machine: string,
  cases: CaseRecord[],
  more: Partial<ConformanceRecord> = {},
): ConformanceRecord {
  return {
    format: 1,
    id: 'x',
    scenario: 'RAUC',
    scenarioFile: 'a.yaml',
    machine,
    image: 'rauc-ab',
    imageKey: 'k',
    agent: 'rauc',
    abilities: ['slots', 'verified'],
    releases: { old: '1.0', new: '1.1' },
    verdict: 'failed',
    started: '2026-11-21T03:45:00Z',
    seconds: 100,
    cases,
    ...more,
  };
}
