import { Argument } from 'commander';
import { recipeJsonSchema } from '../derive/recipe.ts';
import { imageJsonSchema } from '../image/description.ts';
import { scenarioJsonSchema } from '../scenario/schema.ts';
import { type AddCommand, act, examples } from './command.ts';
import { exitCodes } from './exit-code.ts';

/** Every kind of file that users write. */
const schemas = {
  scenario: scenarioJsonSchema,
  image: imageJsonSchema,
  recipe: recipeJsonSchema,
};
type Kind = keyof typeof schemas;
const kinds = Object.keys(schemas) as Kind[];

/** `brownout schema` */
export const addSchema: AddCommand = (program, { streams }, finish) => {
  const command = program
    .command('schema')
    .summary('print the JSON Schema of scenario files, image descriptions or recipes, for editors')
    .addArgument(new Argument('[kind]', 'kind of file').choices(kinds).default('scenario'))
    .addHelpText(
      'after',
      examples('brownout schema > scenario.schema.json', 'brownout schema recipe > recipe.schema.json'),
    );
  act(command, finish, (_, [kind]) => {
    const schema = schemas[kinds.find((one) => one === kind) ?? 'scenario'];
    streams.stdout.write(`${JSON.stringify(schema(), null, 2)}\n`);
    return Promise.resolve(exitCodes.passed);
  });
};
