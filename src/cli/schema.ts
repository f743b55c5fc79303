import { Argument } from '@commander-js/extra-typings';
import { recipeJsonSchema } from '../derive/recipe.ts';
import { imageJsonSchema } from '../image/description.ts';
import { scenarioJsonSchema } from '../scenario/schema.ts';
import { type AddCommand, examples, type Parent } from './command.ts';
import { exitCodes } from './exit-code.ts';

/** Every kind of file that users write. */
const kinds = ['scenario', 'image', 'recipe'] as const;
const schemas: Record<(typeof kinds)[number], () => Record<string, unknown>> = {
  scenario: scenarioJsonSchema,
  image: imageJsonSchema,
  recipe: recipeJsonSchema,
};

const command = (program: Parent) =>
  program
    .command('schema')
    .summary('print the JSON Schema of scenario files, image descriptions or recipes, for editors')
    .addArgument(new Argument('[kind]', 'kind of file').choices(kinds).default('scenario'))
    .addHelpText(
      'after',
      examples('brownout schema > scenario.schema.json', 'brownout schema recipe > recipe.schema.json'),
    );

/** `brownout schema` */
export const addSchema: AddCommand = (program, { streams }, finish) => {
  command(program).action((kind) => {
    streams.stdout.write(`${JSON.stringify(schemas[kind](), null, 2)}\n`);
    finish(exitCodes.passed);
  });
};
