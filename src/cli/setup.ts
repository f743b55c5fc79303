import { assertNode, checkHost } from '../host/check.ts';
import { installHost, wishList } from '../host/install.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';

const command = (program: Parent) =>
  program
    .command('setup')
    .summary('install what the host needs: QEMU and the tools that fetch and read packages')
    .description(
      'Installs the Debian or Ubuntu packages that are missing, with apt-get as root or by sudo, and nothing else. ' +
        'Takes no time where all is there. Elsewhere it lists what to install.',
    )
    .option('--check', 'only say what is missing; exit code 3 if anything is')
    .option('--tests', "also what only this project's own tests need")
    .addHelpText('after', examples('brownout setup', 'brownout setup --check'));

type Options = OptionsOf<typeof command>;

/** `brownout setup` */
export const addSetup: AddCommand = (program, surroundings, finish) => {
  command(program).action(async (options) => finish(await setup(options, surroundings)));
};

async function setup({ check, tests }: Options, { streams, interruption }: Surroundings): Promise<number> {
  assertNode();
  const scope = {
    purposes: [
      ...(['run', 'image', 'feed', 'import'] as const),
      ...(tests === true ? (['test'] as const) : []),
    ],
  };
  if (check === true) {
    const missing = await checkHost(scope, streams.environment);
    streams.stdout.write(missing.length === 0 ? 'nothing is missing\n' : `missing:\n${wishList(missing)}\n`);
    return missing.length === 0 ? exitCodes.passed : exitCodes.harness;
  }
  const onNotice = (message: string) => streams.stdout.write(`${message}\n`);
  const installed = await installHost({ scope, signal: interruption.signal, onNotice });
  streams.stdout.write(installed.length === 0 ? 'nothing was missing\n' : 'everything is there now\n');
  return exitCodes.passed;
}
