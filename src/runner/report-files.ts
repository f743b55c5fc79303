import type { RunRecord } from '../model/record.ts';
import { codeQuality } from '../report/code-quality.ts';
import { junitXml } from '../report/junit.ts';
import { summaryMarkdown } from '../report/summary-markdown.ts';
import { testResults } from '../report/test-results.ts';

/** A file that is written of runs that have ended. */
export interface ReportFile {
  name: string;
  /** `run`: one a run; `all`: one a run, and one of all runs of an invocation together. */
  of: 'run' | 'all';
  /** `folderOf` names a run's folder relative to the file's; `root`, the file's own as a CI server looks for it. */
  text: (records: readonly RunRecord[], folderOf: (record: RunRecord) => string, root: string) => string;
}

/** The record of a run. */
export const recordFile = 'run.json';

/** What is written of runs that have ended, in this order. */
export const reportFiles: readonly ReportFile[] = [
  {
    name: recordFile,
    of: 'run',
    text: (records) => records.map((record) => `${JSON.stringify(record, null, 2)}\n`).join(''),
  },
  { name: 'junit.xml', of: 'all', text: (records, folderOf, root) => junitXml(records, { folderOf, root }) },
  { name: 'testresults.json', of: 'all', text: testResults },
  { name: 'summary.md', of: 'all', text: summaryMarkdown },
  { name: 'codequality.json', of: 'all', text: codeQuality },
];

/** What is written while a run goes on, an event a line: of a killed run it is all that there is. */
export const eventsFile = 'run.jsonl';

/** The record of a dossier, and that of conformance suites. */
export const admissionFile = 'admission.json';
export const suitesFile = 'conformance.json';

/** The page that people read. */
export const pageFile = 'index.html';

/** Every crash state, and which boot has decided it; of runs that cut the power in recorded logs. */
export const statesFile = 'states.json';
