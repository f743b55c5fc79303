import { type AddCommand, examples } from './command.ts';
import { addReportBuild } from './report-build.ts';
import { addReportMerge } from './report-merge.ts';
import { addReportOpen } from './report-open.ts';
import { addReportShow } from './report-show.ts';

/** `brownout report …` */
export const addReport: AddCommand = (program, surroundings, finish) => {
  const report = program
    .command('report')
    .summary('make the page of a run again, open it, and put the runs of several workers together')
    .addHelpText('after', examples('brownout report open reports/latest'));
  for (const add of [addReportBuild, addReportMerge, addReportOpen, addReportShow])
    add(report, surroundings, finish);
};
