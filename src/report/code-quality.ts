import { sha256 } from '../core/digest.ts';
import type { Finding, RunRecord } from '../model/record.ts';
import { knownText } from './known-text.ts';
import { oneLine } from './text.ts';

/** One entry of GitLab's code quality report (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format). */
interface Issue {
  description: string;
  check_name: string;
  fingerprint: string;
  severity: 'info' | 'critical';
  location: { path: string; lines: { begin: number } };
}

/**
 * Findings as GitLab shows them beside a change, each at its scenario. The fingerprint is of what broke, not of the state
 * that shows it: GitLab compares it with the target branch's, whose recording is another one.
 */
export function codeQuality(records: readonly RunRecord[]): string {
  const issues = new Map(
    records.flatMap((record) =>
      record.findings.map((finding) => {
        const issue = issueOf(record, finding);
        return [issue.fingerprint, issue] as const;
      }),
    ),
  );
  return `${JSON.stringify([...issues.values()], null, 2)}\n`;
}

function issueOf({ scenarioFile, machine, crash }: RunRecord, finding: Finding): Issue {
  const { check, message, reason, known, cut, during } = finding;
  const booted = crash?.cuts.find(({ id }) => id === cut);
  const where = booted === undefined ? during : `${booted.during} ${booted.upgrade}`;
  const parts = [
    ...(known === undefined ? [] : [knownText(known)]),
    `${machine}, ${where}: ${check}: ${message}`,
    ...(reason === undefined ? [] : [`because: ${reason}`]),
  ];
  return {
    description: oneLine(parts.join('; '), 1000),
    check_name: `brownout/${oneLine(check, 100)}`,
    fingerprint: sha256(JSON.stringify([scenarioFile, machine, check, where, message])),
    severity: known?.status === 'known' ? 'info' : 'critical',
    location: { path: scenarioFile, lines: { begin: 1 } },
  };
}
