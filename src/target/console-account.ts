import type { ConsoleFinding, Severity } from '../guest/console-messages.ts';
import { hasText } from '../guest/console-text.ts';
import type { ConsoleTexts } from '../model/scenario.ts';

/** Findings of each severity that are kept of one boot: a device that floods its console must not fill memory. */
const mostOfEach = 50;

/** A line that says something of the system's health, and of which boot it is. */
export interface HeardFinding extends ConsoleFinding {
  /** Said in a boot that the device ended by itself before anybody could log in: how a device falls back. */
  gaveUp: boolean;
}

/** What the consoles of a target have said. */
export interface Heard {
  /** Since they were last asked for, oldest first, through resets, reboots and cuts: each is told once. */
  findings: readonly HeardFinding[];
  /** Those that the target was asked to listen for, and heard since somebody switched it on or rebooted it. */
  texts: readonly string[];
}

/** Keeps account of the consoles of a target's power cycles until somebody asks. */
export class ConsoleAccount {
  private readonly wanted: ConsoleTexts;
  private findings: HeardFinding[] = [];
  private readonly texts = new Set<string>();
  /** Where this boot's findings begin. */
  private boot = 0;
  private counts: Record<Severity, number> = noFindings();

  constructor(wanted: ConsoleTexts = { allow: [], require: [] }) {
    this.wanted = wanted;
  }

  /** A boot begins: the device's own reset, or somebody who switches it on or reboots it. */
  boots(by: 'itself' | 'somebody'): void {
    if (by === 'itself')
      this.findings = this.findings.map((one, i) => (i < this.boot ? one : { ...one, gaveUp: true }));
    else this.texts.clear();
    this.boot = this.findings.length;
    this.counts = noFindings();
  }

  /** Takes note of a line, whatever it is. */
  hear(line: string): void {
    for (const text of this.wanted.require) if (hasText(line, text)) this.texts.add(text);
  }

  /** Takes note of a finding, unless the scenario allows the line. */
  find(finding: ConsoleFinding): void {
    if (this.wanted.allow.some((text) => hasText(finding.line, text))) return;
    this.counts[finding.severity] += 1;
    if (this.counts[finding.severity] <= mostOfEach) this.findings.push({ ...finding, gaveUp: false });
  }

  /** Tells what nobody was told before. */
  tell(): Heard {
    const { findings } = this;
    this.findings = [];
    this.boot = 0;
    return { findings, texts: [...this.texts] };
  }
}

function noFindings(): Record<Severity, number> {
  return { fatal: 0, 'file-system': 0, warning: 0 };
}
