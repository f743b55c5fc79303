import { openCache } from '../core/cache-folder.ts';
import { keptRecordings, logOf } from '../recording/kept-recordings.ts';
import { columns, oneLine } from '../report/text.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';

const command = (log: Parent) =>
  log
    .command('list')
    .summary('list the recordings that earlier runs left, with the requests to each disk')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples('brownout log list'));

type Options = OptionsOf<typeof command>;

/** `brownout log list` */
export const addLogList: AddCommand = (log, surroundings, finish) => {
  command(log).action(async (options) => finish(await list(options, surroundings)));
};

async function list({ json }: Options, { streams }: Surroundings): Promise<number> {
  const recordings = await keptRecordings(await openCache(streams.environment));
  const described = await Promise.all(
    recordings
      .sort((one, other) => other.made.getTime() - one.made.getTime())
      .map(async (recording) => {
        const log = await logOf(recording).catch(() => undefined);
        if (log === undefined) return { ...recording, disks: undefined };
        const { disks, records } = log;
        const requests = disks.map(({ id }, disk) => {
          const own = records.filter((record) => record.disk === disk);
          const flushes = own.filter(({ kind }) => kind === 'flush').length;
          return { id, writes: own.length - flushes, flushes };
        });
        return { ...recording, disks: requests };
      }),
  );
  if (json === true) streams.stdout.write(`${JSON.stringify(described, null, 2)}\n`);
  else {
    const lines = described.map(({ sha256, made, scenario = '?', machine = '?', releases, disks }) => {
      const requests = disks?.map(({ id, writes, flushes }) => `${id}: ${writes} writes, ${flushes} flushes`);
      return [
        sha256.slice(0, 12),
        made.toISOString().slice(0, 16).replace('T', ' '),
        scenario,
        machine,
        releases.join(' -> '),
        requests?.join('; ') ?? 'damaged',
      ].map((cell) => oneLine(cell));
    });
    for (const line of columns(lines)) streams.stdout.write(`${line}\n`);
  }
  if (described.length === 0 && json !== true) streams.stdout.write('there are no recordings\n');
  return described.length > 0 ? exitCodes.passed : exitCodes.nothing;
}
