import { type CacheEntry, cacheEntries } from '../cache/contents.ts';
import { Sum, totalBytes } from '../cache/disk-use.ts';
import { chooseEntries, ofKinds, type Pruned, takeAway } from '../cache/prune.ts';
import { openCache } from '../core/cache-folder.ts';
import { bytesText } from '../report/text.ts';
import { countText, entryJson, entryText, kindsOperand } from './cache-kinds.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { age, byteSize } from './values.ts';

const command = (cache: Parent) =>
  cache
    .command('prune')
    .summary('take away what is not in use: leftovers, what is old, what is too much')
    .description(
      'Without a limit takes what killed processes have left. With one also what is old, or what was used longest ago, until ' +
        'the rest is small enough. What a running brownout uses is never taken.',
    )
    .addArgument(kindsOperand('only things of these kinds (default: of all)'))
    .option('--older-than <time>', 'what was not used for so long: 90m, 36h, 30d, 8w', age('--older-than'))
    .option('--keep-size <size>', 'so much may stay: 500M, 20G', byteSize('--keep-size'))
    .option('--all', 'everything that is not in use')
    .option('--dry-run', 'say what would be taken, and take nothing')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples(
        'brownout cache prune --older-than 30d --dry-run',
        'brownout cache prune images steps --keep-size 20G',
      ),
    );

type Options = OptionsOf<typeof command>;

/** `brownout cache prune` */
export const addCachePrune: AddCommand = (cache, surroundings, finish) => {
  command(cache).action(async (kinds, options) => finish(await prune(kinds, options, surroundings)));
};

async function prune(
  kinds: CacheEntry['kind'][],
  { olderThan, keepSize, all, dryRun, json }: Options,
  { streams: { stdout, environment }, interruption }: Surroundings,
): Promise<number> {
  const root = await openCache(environment);
  const now = new Date();
  const entries = ofKinds(await cacheEntries(root), kinds);
  const before = olderThan === undefined ? undefined : new Date(now.getTime() - olderThan);
  const chosen = chooseEntries(entries, { all: all === true, before, keepBytes: keepSize });
  const pruned =
    dryRun === true ? wouldBe(entries, chosen) : await takeAway(root, entries, chosen, interruption.signal);
  const { taken, spared, freedBytes, leftBytes } = pruned;
  if (json === true) {
    const told = { cache: root, dryRun: dryRun === true, freedBytes, leftBytes };
    stdout.write(
      `${JSON.stringify({ ...told, taken: taken.map(entryJson), spared: spared.map(entryJson) }, null, 2)}\n`,
    );
    return exitCodes.passed;
  }
  if (dryRun === true) for (const entry of taken) stdout.write(`${entryText(entry, now)}\n`);
  const held = entries.filter(({ heldBy }) => heldBy.length > 0).length + spared.length;
  const ofKind = kinds.length === 0 ? '' : ` of ${kinds.join(', ')}`;
  const inUse =
    held === 0 ? '' : `; ${held} that ${held === 1 ? 'is' : 'are'} in use ${held === 1 ? 'stays' : 'stay'}`;
  stdout.write(
    `${dryRun === true ? 'would take' : 'took'} ${countText(taken)}: ${bytesText(freedBytes)}; ` +
      `${bytesText(leftBytes)}${ofKind} left${inUse}\n`,
  );
  return exitCodes.passed;
}

/** What pruning would come to. */
function wouldBe(entries: readonly CacheEntry[], chosen: CacheEntry[]): Pruned {
  const sum = new Sum(entries.map(({ use }) => use));
  const freedBytes = totalBytes(entries.map(({ use }) => use));
  for (const { use } of chosen) sum.take(use);
  return { taken: chosen, spared: [], freedBytes: freedBytes - sum.bytes, leftBytes: sum.bytes };
}
