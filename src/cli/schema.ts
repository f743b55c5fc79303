import { scenarioJsonSchema } from '../scenario/schema.ts';
import { type AddCommand, act, examples } from './command.ts';
import { exitCodes } from './exit-code.ts';

/** `brownout schema` */
export const addSchema: AddCommand = (program, { streams }, finish) => {
  const command = program
    .command('schema')
    .summary('print the JSON Schema of scenario files, for editors')
    .addHelpText('after', examples('brownout schema > scenario.schema.json'));
  act(command, finish, () => {
    streams.stdout.write(`${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`);
    return Promise.resolve(exitCodes.passed);
  });
};
