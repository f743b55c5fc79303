/** The parts of `[EPOCH:]VERSION[-RELEASE]`. */
export interface Evr {
  /** Undefined where none is given, which counts as 0. */
  epoch?: string;
  version: string;
  /** Undefined where none is given; packages always have one. */
  release?: string;
}

/** Takes a version apart as rpm does (4.18, rpmio/rpmver.c, `rpmverParse`). */
export function parseEvr(text: string): Evr {
  const [, epoch, rest = text] = /^(\d*):(.*)$/s.exec(text) ?? [];
  const dash = rest.lastIndexOf('-');
  return {
    ...(epoch === undefined ? {} : { epoch: epoch === '' ? '0' : epoch }),
    ...(dash < 0 ? { version: rest } : { version: rest.slice(0, dash), release: rest.slice(dash + 1) }),
  };
}

/**
 * Which of two rpm versions, `[EPOCH:]VERSION[-RELEASE]`, is the newer: negative, 0 or positive, as in `sort` (rpm
 * 4.18, rpmio/rpmver.c, `rpmverCmp`). Any text is compared; whether it is a version is not judged.
 */
export function compareRpmVersions(a: string, b: string): number {
  const [left, right] = [parseEvr(a), parseEvr(b)];
  return (
    comparePart(left.epoch ?? '0', right.epoch ?? '0') ||
    comparePart(left.version, right.version) ||
    compareReleases(left.release, right.release)
  );
}

/** None is older than any, also than an empty one. */
function compareReleases(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return comparePart(a, b);
}

/** `rpmvercmp` (rpm 4.18, rpmio/rpmvercmp.c): runs of digits and of letters; all else only divides them. */
function comparePart(a: string, b: string): number {
  let [left, right] = [a, b];
  for (;;) {
    [left, right] = [left.replace(/^[^A-Za-z0-9~^]+/, ''), right.replace(/^[^A-Za-z0-9~^]+/, '')];
    const mark = compareMarks(left, right);
    if (mark === 'both') [left, right] = [left.slice(1), right.slice(1)];
    else if (mark !== 0) return mark;
    else if (left === '' || right === '') return left.length - right.length;
    else {
      const isNumber = /^\d/.test(left);
      const run = isNumber ? /^\d*/ : /^[A-Za-z]*/;
      const [x, y] = [run.exec(left)?.[0] ?? '', run.exec(right)?.[0] ?? ''];
      // Digits are newer than letters.
      if (y === '') return isNumber ? 1 : -1;
      const difference = isNumber ? compareNumbers(x, y) : compareTexts(x, y);
      if (difference !== 0) return difference;
      [left, right] = [left.slice(x.length), right.slice(y.length)];
    }
  }
}

/** `~` comes before all, also the end; `^` after the end, and before all else. 0: neither is at the beginning. */
function compareMarks(a: string, b: string): number | 'both' {
  for (const mark of ['~', '^']) {
    const [left, right] = [a.startsWith(mark), b.startsWith(mark)];
    if (left && right) return 'both';
    if (!left && !right) continue;
    const older = mark === '~' || (left ? b : a) !== '' ? -1 : 1;
    return left ? older : -older;
  }
  return 0;
}

/** Numbers of any length. */
function compareNumbers(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return left.length - right.length || compareTexts(left, right);
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
