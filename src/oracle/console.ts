import type { ConsoleSign, Severity } from '../guest/console-messages.ts';
import { type CheckResult, failed, passed } from './check.ts';

/** A line that a console has said. */
interface Said {
  severity: Severity;
  sign: ConsoleSign | undefined;
  line: string;
  /** Said in a boot that the device ended by itself before anybody could log in. */
  gaveUp: boolean;
  /** The file system that the kernel would not mount. */
  notMounted?: string;
}

/** What the kernel's words come to. */
export interface KernelJudged {
  result: CheckResult;
  /** What is worth a look and decides nothing. */
  notes: string[];
}

const codes = {
  oops: 'kernel-oops',
  panic: 'kernel-panic',
  halted: 'kernel-panic',
  emergency: 'start-up-stopped',
} as const satisfies Record<ConsoleSign, string>;

/** What may be said without anything being wrong with the device. */
export interface Excused {
  /** Whether boots that a device gives up are how it falls back, as it may. */
  mayFallBack: boolean;
  /** Lines about something else than the device. */
  elsewhere?: RegExp | undefined;
  /** File systems that a cut left so that the kernel would not mount them, and that the device has mounted since. */
  repaired?: ReadonlySet<string> | undefined;
}

/**
 * Judges what the kernel said of its own health. Fatal lines and damaged file systems fail the device; warnings are
 * notes, since a slow host brings them about as well, and so is what is excused. The code follows from the lines' kinds alone, never from times or
 * addresses in them, since outcomes are compared.
 */
export function judgeKernel(
  said: readonly Said[],
  { mayFallBack, elsewhere, repaired }: Excused,
): KernelJudged {
  const isNote = ({ severity, line, gaveUp, notMounted }: Said) =>
    severity === 'warning' ||
    (gaveUp && mayFallBack) ||
    elsewhere?.test(line) === true ||
    (notMounted !== undefined && repaired?.has(notMounted) === true);
  const against = said.filter((one) => !isNote(one));
  const notes = said.filter(isNote).map(({ line }) => line);
  const worst = against.find(({ severity }) => severity === 'fatal') ?? against[0];
  if (worst === undefined) return { result: passed('the kernel says nothing against the device'), notes };
  const more = against.length === 1 ? '' : ` (and ${against.length - 1} more lines like it)`;
  const code = worst.sign === undefined ? 'file-system-error' : codes[worst.sign];
  return { result: failed(code, `the kernel says: ${worst.line}${more}`), notes };
}

/** Whether a boot showed each text that a scenario asks for. */
export function judgeTexts(required: readonly string[], shown: readonly string[]): CheckResult {
  const missing = required.filter((text) => !shown.includes(text));
  if (missing.length === 0) return passed('the console showed what is asked for');
  const list = missing.map((text) => `"${text}"`).join(', ');
  return failed('console-text-missing', `since its power came on the console never showed ${list}`);
}
