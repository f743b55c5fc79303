import { type CheckResult, failed, passed } from './check.ts';

/** What of an output a message shows. */
const shownChars = 120;

/** Which release a device says that it is on, by the text that is expected of each, and whether it may be. */
export function checkSaid(
  output: string,
  expected: Readonly<Record<string, string>>,
  allowed: readonly string[],
): { release: string | undefined; result: CheckResult } {
  const said = output.trim();
  const shown = JSON.stringify(said.slice(0, shownChars));
  const release = Object.entries(expected).find(([, text]) => text.trim() === said)?.[0];
  if (release === undefined) {
    const wanted = allowed.map((one) => `${JSON.stringify(expected[one]?.slice(0, shownChars))} of ${one}`);
    return {
      release,
      result: failed(
        'release-mixed',
        `the device says ${shown}, which is no release; expected ${wanted.join(' or ')}`,
      ),
    };
  }
  if (allowed.includes(release)) return { release, result: passed(`${release}, by what the device says`) };
  return {
    release,
    result: failed(
      'release-unexpected',
      `the device says ${shown}, which is ${release}; expected ${allowed.join(' or ')}`,
    ),
  };
}

/** Whether a device has tried a release before it came up on another one, where nothing but its resets shows that. */
export function cameUpAgain(tried: string, resets: number): CheckResult {
  if (resets === 0)
    return failed('not-tried', `the device did not reset itself, so ${tried} was never tried`);
  return passed(`came up after ${resets} resets`);
}
