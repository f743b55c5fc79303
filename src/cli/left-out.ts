import type { TextOutput } from '../report/colour.ts';
import { oneLine } from '../report/text.ts';
import { type Complain, faultText } from '../sbom/input-fault.ts';
import { exitCodes } from './exit-code.ts';

/** Messages of one command that are shown; of more only the number. */
const mostShown = 20;

/**
 * What a command leaves out of a result that is right otherwise, or finds wrong with it: each is named once, and the exit
 * code says that there was something.
 */
export class LeftOut {
  private readonly output: TextOutput;
  private readonly said = new Set<string>();
  private isSomething = false;

  /** `output`: where messages go. */
  constructor(output: TextOutput) {
    this.output = output;
  }

  /** Something that the user can repair was left out. */
  add(message: string): void {
    this.isSomething = true;
    this.say(`error: ${oneLine(message, 500)}; left out`);
  }

  /** Something that the user has to repair is there all the same. */
  wrong(message: string): void {
    this.isSomething = true;
    this.say(`error: ${oneLine(message, 500)}`);
  }

  /** Something is not as it should be, and nothing was left out for it. */
  warn(message: string): void {
    this.say(`warning: ${oneLine(message, 500)}`);
  }

  /** The exit code of the command; call it once, at the end. */
  exitCode(): number {
    const more = this.said.size - mostShown;
    if (more > 0) this.output.write(`and ${more} more of these\n`);
    return this.isSomething ? exitCodes.scenario : exitCodes.passed;
  }

  private say(line: string): void {
    if (this.said.has(line)) return;
    this.said.add(line);
    if (this.said.size <= mostShown) this.output.write(`${line}\n`);
  }
}

/** Faults of records and feeds that are read for an SBOM. */
export function complaints(leftOut: LeftOut): Complain {
  return (fault, file) => {
    const message = `${file}: ${faultText(fault)}`;
    if (fault.isLeftOut) leftOut.add(message);
    else leftOut.warn(message);
  };
}
