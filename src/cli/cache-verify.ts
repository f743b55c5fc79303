import { type CacheEntry, cacheEntries } from '../cache/contents.ts';
import { ofKinds, remove } from '../cache/prune.ts';
import { madeAgain, type Verified, Verifier } from '../cache/verify.ts';
import { openCache } from '../core/cache-folder.ts';
import { oneLine } from '../report/text.ts';
import { countText, entryJson, kindsOperand } from './cache-kinds.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';

const command = (cache: Parent) =>
  cache
    .command('verify')
    .summary('read what is kept again and compare it with its digests')
    .description(
      'Says what is damaged and what to do; changes nothing without --remove. Exit code 3 where something damaged is left.',
    )
    .addArgument(kindsOperand('only things of these kinds (default: of all)'))
    .option('--remove', 'take damaged things away, so that they are made again')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples('brownout cache verify', 'brownout cache verify images steps --remove'));

type Options = OptionsOf<typeof command>;

/** `brownout cache verify` */
export const addCacheVerify: AddCommand = (cache, surroundings, finish) => {
  command(cache).action(async (kinds, options) => finish(await verify(kinds, options, surroundings)));
};

/** What was done about an entry. */
type Treated = Verified & { removed: boolean };

async function verify(
  kinds: CacheEntry['kind'][],
  { remove: removes, json }: Options,
  { streams: { stdout, environment }, interruption }: Surroundings,
): Promise<number> {
  const root = await openCache(environment);
  const entries = ofKinds(await cacheEntries(root), kinds);
  const verifier = new Verifier();
  const all: Treated[] = [];
  for (const entry of entries) {
    interruption.signal.throwIfAborted();
    const verified = await verifier.verify(entry);
    const isDamaged = verified.damage.length > 0;
    const removed = isDamaged && removes === true && (await remove(root, entry));
    const treated = { ...verified, removed };
    all.push(treated);
    if (json !== true) for (const line of linesOf(treated)) stdout.write(`${line}\n`);
  }
  const damaged = all.filter(({ damage }) => damage.length > 0);
  const left = damaged.filter(({ removed }) => !removed);
  if (json === true)
    stdout.write(
      `${JSON.stringify({ cache: root, entries: all.map(({ entry, ...found }) => ({ ...entryJson(entry), ...found })) }, null, 2)}\n`,
    );
  else {
    const whole = all.filter(({ damage }) => damage.length === 0).map(({ entry }) => entry);
    stdout.write(`whole: ${countText(whole)}\n`);
    if (damaged.length > 0)
      stdout.write(
        `damaged: ${countText(damaged.map(({ entry }) => entry))}, ${left.length} of them there\n`,
      );
    if (left.length > 0 && removes !== true)
      stdout.write('next: brownout cache verify --remove takes what is damaged away\n');
  }
  if (entries.length === 0) return exitCodes.nothing;
  return left.length > 0 ? exitCodes.harness : exitCodes.passed;
}

function linesOf({ entry: { kind, name, heldBy }, damage, note, removed }: Treated): string[] {
  if (note !== undefined) return [`${kind}  ${name}: ${note}`];
  if (damage.length === 0) return [];
  const [first = '', ...more] = damage;
  const rest = more.length === 0 ? '' : `, and ${more.length} more`;
  const isHeld = heldBy.length > 0 ? ' (in use: it stays until that ends)' : '';
  const done = removed ? `taken away: ${madeAgain[kind]}` : `with --remove: ${madeAgain[kind]}${isHeld}`;
  return [`${kind}  ${name}: damaged: ${oneLine(first, 500)}${rest}`, `  ${done}`];
}
