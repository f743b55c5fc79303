import type { AddCommand } from './command.ts';
import { addReportBuild } from './report-build.ts';
import { addReportOpen } from './report-open.ts';

/** `brownout report …` */
export const addReport: AddCommand = (program, surroundings, finish) => {
  const report = program.command('report').summary('make the page of a run again, and open it');
  for (const add of [addReportBuild, addReportOpen]) add(report, surroundings, finish);
};
