import { buildPage } from '../runner/build-page.ts';
import { type AddCommand, examples, type Parent } from './command.ts';
import { exitCodes } from './exit-code.ts';

const command = (report: Parent) =>
  report
    .command('build')
    .summary('make the page of a run, a conformance suite or a dossier from its record')
    .description(
      'Makes index.html of what lies in the folder of a run: run.json, states.json, consoles; of what conform has left, ' +
        'conformance.json; or admit, admission.json. Needs no device, no image and no network; records of older programs will do, and the page says what they lack.',
    )
    .argument('<folder>', 'a folder that run, conform or admit has left')
    .addHelpText('after', examples('brownout report build reports/latest'));

/** `brownout report build` */
export const addReportBuild: AddCommand = (report, { streams }, finish) => {
  command(report).action(async (folder) => {
    streams.stdout.write(`${await buildPage(folder)}\n`);
    finish(exitCodes.passed);
  });
};
