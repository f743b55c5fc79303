import { Command, CommanderError } from '@commander-js/extra-typings';
import { version } from '../core/version.ts';
import { addAdmit } from './admit.ts';
import { addCache } from './cache.ts';
import { addCheck } from './check.ts';
import { nameNearest } from './choices.ts';
import { addCi } from './ci.ts';
import { examples, type Finish, type Parent, type Surroundings } from './command.ts';
import { addCompletion } from './completion.ts';
import { addConform } from './conform.ts';
import { exitCodeHelp, exitCodes } from './exit-code.ts';
import { addFeed } from './feed.ts';
import { addImage } from './image.ts';
import { addInit } from './init.ts';
import { Interruption } from './interruption.ts';
import { addLog } from './log.ts';
import { reportError } from './print-error.ts';
import { addRecord } from './record.ts';
import { addReplay } from './replay.ts';
import { addReport } from './report.ts';
import { addRun } from './run.ts';
import { addSbom } from './sbom.ts';
import { addSchema } from './schema.ts';
import { addSetup } from './setup.ts';
import { addShell } from './shell.ts';
import type { Streams } from './streams.ts';
import { assertVisible, withVisibleWords } from './visible-words.ts';
import { addYocto } from './yocto.ts';

/** Runs one command line (without node and script) to its end and returns the exit code. Throws nothing. */
export async function runCli(args: readonly string[], given: Streams): Promise<number> {
  const streams = withVisibleWords(given, args, process.cwd());
  using interruption = new Interruption((message) => streams.stderr.write(`\n${message}\n`));
  let exitCode: number = exitCodes.nothing;
  const program = makeProgram({ streams, interruption }, (code) => {
    exitCode = code;
  });
  try {
    assertVisible(args);
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return commanderExit(error);
    return reportError(error, args, streams);
  }
}

/** Commander has printed its message already; help that was asked for is no error. */
function commanderExit({ exitCode }: CommanderError): number {
  return exitCode === 0 ? exitCodes.passed : exitCodes.scenario;
}

/** The whole command line; what is run tells its exit code to `finish`. */
export function makeProgram(surroundings: Surroundings, finish: Finish): Parent {
  const { stdout, stderr } = surroundings.streams;
  const program = new Command('brownout')
    .description('Upgrade test harness for emulated embedded Linux targets that cuts the power honestly.')
    .version(version(), '--version')
    .option('--verbose', 'with an error, show where in the program it arose')
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText(
      'after',
      `${examples(
        'brownout setup',
        'brownout init --agent rauc',
        'brownout run brownout-rauc/scenario.yaml --power-cuts none',
      )}\n\n${exitCodeHelp}`,
    );
  for (const add of [
    addSetup,
    addInit,
    addCheck,
    addRun,
    addRecord,
    addReplay,
    addShell,
    addConform,
    addAdmit,
    addReport,
    addImage,
    addYocto,
    addFeed,
    addSbom,
    addLog,
    addCache,
    addSchema,
    addCi,
    addCompletion,
  ])
    add(program, surroundings, finish);
  nameNearest(program);
  return program;
}
