import { Option } from '@commander-js/extra-typings';
import { type CacheEntry, cacheEntries, cacheKinds } from '../cache/contents.ts';
import { totalBytes } from '../cache/disk-use.ts';
import { ofKinds } from '../cache/prune.ts';
import { openCache } from '../core/cache-folder.ts';
import { bytesText } from '../report/text.ts';
import { agoText, entryJson, entryText, kindsOperand } from './cache-kinds.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';

const command = (cache: Parent) =>
  cache
    .command('list')
    .summary('list what is kept from run to run, with sizes and when it was used last')
    .addArgument(kindsOperand('list each thing of these kinds (default: each kind in one line)'))
    .addOption(
      new Option('--sort <how>', 'size: largest first; age: what was used longest ago first')
        .choices(['size', 'age'])
        .default('size'),
    )
    .option('--json', 'print as JSON, each thing of the kinds')
    .addHelpText(
      'after',
      examples('brownout cache list', 'brownout cache list images recordings --sort age'),
    );

type Options = OptionsOf<typeof command>;

/** `brownout cache list` */
export const addCacheList: AddCommand = (cache, surroundings, finish) => {
  command(cache).action(async (kinds, options) => finish(await list(kinds, options, surroundings)));
};

async function list(
  kinds: CacheEntry['kind'][],
  { sort, json }: Options,
  { streams: { stdout, environment } }: Surroundings,
): Promise<number> {
  const root = await openCache(environment);
  const all = await cacheEntries(root);
  const entries = ofKinds(all, kinds).sort(sort === 'age' ? byAge : bySize);
  const bytes = totalBytes(all.map(({ use }) => use));
  if (json === true)
    stdout.write(`${JSON.stringify({ cache: root, bytes, entries: entries.map(entryJson) }, null, 2)}\n`);
  else {
    stdout.write(`${root}: ${bytesText(bytes)}\n`);
    const now = new Date();
    if (kinds.length > 0) for (const entry of entries) stdout.write(`${entryText(entry, now)}\n`);
    else for (const line of kindLines(all, now)) stdout.write(`${line}\n`);
  }
  return entries.length > 0 ? exitCodes.passed : exitCodes.nothing;
}

/** One line a kind. Images and steps have files in common, so that kinds add up to more than there is. */
function kindLines(entries: readonly CacheEntry[], now: Date): string[] {
  return [...cacheKinds].reverse().flatMap((kind) => {
    const own = ofKinds(entries, [kind]).sort(byAge);
    const [oldest] = own;
    if (oldest === undefined) return [];
    const held = own.filter(({ heldBy }) => heldBy.length > 0).length;
    const size = bytesText(totalBytes(own.map(({ use }) => use)));
    const inUse = held === 0 ? '' : `, ${held} in use`;
    return `${kind.padEnd(10)}  ${String(own.length).padStart(6)}  ${size.padStart(9)}  the oldest used ${agoText(oldest.used, now)}${inUse}`;
  });
}

function byAge(one: CacheEntry, other: CacheEntry): number {
  return one.used.getTime() - other.used.getTime();
}

function bySize(one: CacheEntry, other: CacheEntry): number {
  return totalBytes([other.use]) - totalBytes([one.use]);
}
