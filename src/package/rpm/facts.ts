import { numbersOf, type RpmHeader, textOf, textsOf } from './header.ts';
import type { RpmFile } from './rpm-file.ts';
import { tags } from './tags.ts';

/** What repodata says of an rpm besides its labels and files. */
export interface RpmFacts {
  /** When it was built, seconds since 1970; 0 where it does not say. */
  built: number;
  buildHost: string;
  sourceRpm: string;
  /** Of what it installs, and of its payload unpacked. */
  installedBytes: number;
  archiveBytes: number;
  /** Bytes of the file where the header begins and ends. */
  headerStart: number;
  headerEnd: number;
  /** The newest first. */
  changes: readonly { author: string; seconds: number; text: string }[];
}

/** Reads what an index says of an rpm. Throws Damage. */
export function factsOf({ header, headerStart, payloadStart, unpackedBytes }: RpmFile): RpmFacts {
  const [names, texts] = [textsOf(header, tags.changeNames), textsOf(header, tags.changeTexts)];
  return {
    built: number(header, tags.buildTime) ?? 0,
    buildHost: textOf(header, tags.buildHost) ?? '',
    sourceRpm: textOf(header, tags.sourceRpm) ?? '',
    installedBytes: number(header, tags.size, tags.longSize) ?? 0,
    archiveBytes: unpackedBytes,
    headerStart,
    headerEnd: payloadStart,
    changes: numbersOf(header, tags.changeTimes).map((seconds, i) => ({
      author: names[i] ?? '',
      seconds,
      text: texts[i] ?? '',
    })),
  };
}

/** The first number of the first of these tags that is there. */
function number(header: RpmHeader, ...of: number[]): number | undefined {
  return of.flatMap((tag) => numbersOf(header, tag))[0];
}
