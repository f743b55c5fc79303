import { HarnessError } from '../core/errors.ts';
import type { ConfigurationPromise, Fate, FileFate } from '../model/configuration.ts';
import { type CheckResult, failed, passed } from './check.ts';
import { fileFate, kindText } from './fate.ts';
import type { FileState, OwnedFile } from './observation.ts';
import { type Shipped, shippingOf } from './shipped.ts';

/** What the owner's files are judged by. */
export interface ConfigurationTerms {
  promise: ConfigurationPromise;
  /** What was shipped by the release that ran when the owner left the files so; undefined where nobody knows. */
  shippedBefore: Shipped | undefined;
  /** The same for each release that may run now, at least one: it is enough if a file is right for one of them. */
  shippedNow: readonly (Shipped | undefined)[];
}

/**
 * Decides what became of each of the owner's files, and whether that may be. Codes: `configuration-lost` where the
 * bytes of a file are nowhere, `configuration-damaged` where a file is nobody's, else `configuration-changed`.
 */
export function checkConfiguration(
  before: readonly OwnedFile[],
  after: readonly FileState[],
  terms: ConfigurationTerms,
): CheckResult & { files: FileFate[] } {
  const now = new Map(after.map((file) => [file.path, file]));
  const judged = before.map((file) => judge(file, now.get(file.path), terms));
  const files = judged.map(({ fate }) => fate);
  const wrong = judged.filter(({ problem }) => problem !== undefined);
  if (wrong.length === 0) return { ...passed(countsText(files)), files };
  const worst = (['lost', 'damaged'] as const).find((one) => files.some(({ fate }) => fate === one));
  const message = wrong.map(({ problem }) => problem).join('; ');
  const fates = wrong.map(({ fate }) => fate);
  const about = { paths: fates.map(({ path }) => path), fates: fates.slice(0, mostFates) };
  return { ...failed(`configuration-${worst ?? 'changed'}`, message, about), files };
}

/** Fates that a failure has with it: each may have two texts of 4 KiB. */
const mostFates = 4;

interface Judged {
  fate: FileFate;
  /** Undefined: it may be so. */
  problem: string | undefined;
}

function judge(before: OwnedFile, after: FileState | undefined, terms: ConfigurationTerms): Judged {
  const { path } = before;
  if (after === undefined) throw new HarnessError('not-observed', `nobody looked at ${path}`);
  const readings = terms.shippedNow.map((shipped): Judged => {
    const shippedBefore = shippingOf(terms.shippedBefore, path);
    const fate = fileFate({ before, after, shippedBefore, shippedNow: shippingOf(shipped, path) });
    return { fate, problem: problemOf(before, after, fate, terms.promise) };
  });
  const best = readings.find(({ problem }) => problem === undefined) ?? readings.at(-1);
  if (best === undefined) throw new HarnessError('no-release', 'the configuration is judged by no release');
  return best;
}

/** What is wrong with a file, if the promise does not allow it. */
function problemOf(
  before: FileState,
  after: FileState,
  { path, fate, copy }: FileFate,
  { edited, deleted }: ConfigurationPromise,
): string | undefined {
  const unless = (allowed: boolean, problem: string) => (allowed ? undefined : `${path} ${problem}`);
  switch (fate) {
    case 'preserved':
    case 'default':
      return undefined;
    case 'merged':
      return unless(
        edited !== 'preserved',
        `${difference(before, after)}, though all of the owner's changes are in it`,
      );
    case 'access changed':
      return unless(
        edited === 'kept-somewhere',
        before.access === after.access
          ? 'has other extended attributes'
          : `has access ${after.access ?? 'none'}, not ${before.access ?? 'none'}`,
      );
    case 'kind changed':
      return unless(
        edited === 'kept-somewhere',
        `is a ${kindText(after)} now, with what the owner had in it`,
      );
    case 'replaced with copy':
      return unless(
        edited === 'kept-somewhere',
        `${difference(before, after)}; what the owner had is in ${copy ?? 'a copy'}`,
      );
    case 'damaged':
      return `${path} ${difference(before, after)} and is no content that a package ships; what the owner had is in ${copy ?? 'a copy'}`;
    case 'recreated':
      return unless(deleted === 'may-return', 'is back, though the owner deleted it');
    case 'stale default':
      return `${path} is still the old default, though the owner never changed it and there is a new one`;
    case 'lost':
      return `${path} ${difference(before, after)}, and no copy has what the owner had`;
  }
}

function difference(one: FileState, other: FileState): string {
  const { content: before } = one;
  const { content: after } = other;
  if (after === undefined) return 'is gone';
  if (before === undefined) return 'is there';
  if (one.kind !== other.kind) return `is a ${kindText(other)} now, not a ${kindText(one)}`;
  if (one.kind === 'link' && before.equals(after))
    return `is the same link, but what the owner wrote through it is not there`;
  if (one.kind === 'link') return `is a ${kindText(other)} now, not one to ${before.toString('utf8')}`;
  const at = firstDifference(before, after);
  return `differs from byte ${at} on (${before.length} bytes before, ${after.length} now)`;
}

function firstDifference(a: Buffer, b: Buffer): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i += 1) if (a[i] !== b[i]) return i;
  return shorter;
}

/** `4 preserved, 1 default` */
function countsText(files: readonly FileFate[]): string {
  const counts = new Map<Fate, number>();
  for (const { fate } of files) counts.set(fate, (counts.get(fate) ?? 0) + 1);
  return [...counts].map(([fate, count]) => `${count} ${fate}`).join(', ');
}
