import { Option } from '@commander-js/extra-typings';
import { openCache } from '../core/cache-folder.ts';
import { hold } from '../core/holds.ts';
import { exportLogWrites } from '../recording/export-log.ts';
import { keptRecording } from '../recording/kept-recordings.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';

const command = (log: Parent) =>
  log
    .command('export')
    .summary('write the log of one disk in the format of dm-log-writes')
    .description(
      'Writes what a device wrote to one disk, as the dm-log-writes of Linux would have logged it, for replay-log of ' +
        'xfstests and other tools that read this format. Replay it onto a copy of the disk image that the ' +
        'recording began with.\n\n' +
        'Each flush stands where it completed, after the writes that had completed when it was issued; a write with ' +
        'FUA (on a write-through disk: every write) stands where it completed; what was not flushed comes last, after ' +
        'the mark "unflushed". Overlapping writes keep the order in which they were issued. Write-zeroes are writes ' +
        'of zeros, trims are discards. Marks say what the scenario was doing, such as "0/install".',
    )
    .argument('<recording>', 'the beginning of its SHA-256, as in reports, or of the name of its folder')
    .requiredOption('--disk <id>', 'which disk: the format knows only one')
    .requiredOption('-o, --output <file>', 'file to create; must not be there yet')
    .addOption(
      new Option('--format <format>', 'format of the file')
        .choices(['dm-log-writes'])
        .default('dm-log-writes'),
    )
    .addHelpText(
      'after',
      examples(
        'brownout log export 3f9a1c --disk main -o main.log',
        'replay-log --log main.log --replay copy.img --end-mark unflushed',
      ),
    );

type Options = OptionsOf<typeof command>;

/** `brownout log export` */
export const addLogExport: AddCommand = (log, surroundings, finish) => {
  command(log).action(async (recording, options) =>
    finish(await exportLog(recording, options, surroundings)),
  );
};

async function exportLog(
  name: string,
  { disk, output }: Options,
  { streams, interruption }: Surroundings,
): Promise<number> {
  const cache = await openCache(streams.environment);
  const recording = await keptRecording(cache, name);
  await hold(cache, [recording.folder]);
  const { entries, bytes } = await exportLogWrites(recording, disk, output, interruption.signal);
  streams.stdout.write(`${output}: ${entries} entries, ${bytes} bytes\n`);
  return exitCodes.passed;
}
