import { commandLine } from '../core/quote.ts';
import type { ConformanceRecord } from '../model/conformance.ts';
import type { Finding, RunRecord } from '../model/record.ts';
import { againCommand } from './again-command.ts';

/** Whether a finding is on the list of known ones, so that it fails no run. */
export function isKnown({ known }: Pick<Finding, 'known'>): boolean {
  return known?.status === 'known';
}

/** The command that somebody who has read a run's verdict would type next; `folder` is the run's. */
export function nextCommand(record: RunRecord, folder: string | undefined): string {
  const { verdict, problem, findings, scenarioFile, machine, powerCuts } = record;
  const show =
    folder === undefined ? againCommand(record) : commandLine(['brownout', 'report', 'open', folder]);
  const cutWith = (how: string) =>
    commandLine(['brownout', 'run', scenarioFile, '--machine', machine, '--power-cuts', how]);
  switch (verdict) {
    case 'error':
      return problem?.kind === 'scenario' ? commandLine(['brownout', 'check', scenarioFile]) : show;
    case 'failed': {
      const replayed = findings.find((one) => !isKnown(one) && (one.file !== undefined || one.token !== ''));
      if (replayed === undefined) return show;
      const { file, token } = replayed;
      return commandLine([
        'brownout',
        'replay',
        file === undefined || folder === undefined ? token : `${folder}/${file}`,
      ]);
    }
    case 'unknown':
      return againCommand(record);
    case 'known':
      return show;
    case 'passed':
      if (powerCuts === 'none') return cutWith('random:10');
      return powerCuts.startsWith('all') ? show : cutWith('all');
  }
}

/** The same of a suite: the finding replayed, else the first case that is not as it must be done again. */
export function nextOfSuite(
  { verdict, problem, cases, scenarioFile, machine }: ConformanceRecord,
  folder: string | undefined,
): string {
  if (problem?.kind === 'scenario') return commandLine(['brownout', 'check', scenarioFile]);
  const wrong = cases.find((one) => one.verdict === verdict || one.verdict === 'proves-nothing');
  const token = wrong?.findings?.find((one) => one.token !== '')?.token;
  if (token !== undefined) return commandLine(['brownout', 'replay', token]);
  const conform = ['brownout', 'conform', scenarioFile, '--machine', machine];
  if (verdict !== 'passed')
    return commandLine(wrong === undefined ? conform : [...conform, '--case', wrong.id]);
  return commandLine(folder === undefined ? conform : ['brownout', 'report', 'open', folder]);
}
