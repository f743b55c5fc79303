import { coloursFor } from '../report/colour.ts';
import { summaryText } from '../report/summary.ts';
import { readRun } from '../runner/build-page.ts';
import { type AddCommand, examples, type Parent } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { asTyped } from './typed-command.ts';

const command = (report: Parent) =>
  report
    .command('show')
    .summary('print all that a run came to, as a log has it')
    .description('Every step, finding, reason and table of a run, as text. Its page has more: report open.')
    .argument('[folder]', 'the folder of a run', 'reports/latest')
    .addHelpText('after', examples('brownout report show', 'brownout report show reports/latest | less'));

/** `brownout report show` */
export const addReportShow: AddCommand = (report, { streams }, finish) => {
  command(report).action(async (folder) => {
    const record = await readRun(folder);
    const colour = coloursFor(streams.stdout, streams.environment);
    streams.stdout.write(
      asTyped(summaryText([record], { colour, folderOf: () => folder }), streams.environment),
    );
    finish(exitCodes.passed);
  });
};
