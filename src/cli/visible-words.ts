import { ScenarioError } from '../core/errors.ts';
import type { TextOutput } from '../report/colour.ts';
import type { Streams } from './streams.ts';

/** Names of files may have any character; on a terminal some of them move the cursor, or make one line two. */
const control = /\p{Cc}/u;
const notOnlyControl = /\P{Cc}/u;
/** Folders that the program is told by its surroundings. */
const places = ['HOME', 'TMPDIR', 'XDG_CACHE_HOME', 'BROWNOUT_CACHE', 'BROWNOUT_DATA'];

/** A text whose control characters are escaped, as JSON does it: `a\nb`. */
export function visible(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (one) =>
    one >= '\u007f'
      ? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`
      : JSON.stringify(one).slice(1, -1),
  );
}

/** The same of a text of several lines, which stay lines. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

/** Throws ScenarioError `option-invalid` for a word of which nobody would see anything. */
export function assertVisible(args: readonly string[]): void {
  const unseen = args.find((word) => word !== '' && !notOnlyControl.test(word));
  if (unseen !== undefined)
    throw new ScenarioError(
      'option-invalid',
      `an argument is nothing but control characters: ${JSON.stringify(unseen)}`,
    );
}

/**
 * The same streams, on which words that a person has given, or parts of their paths, are shown with their control characters escaped.
 * Who makes a message cannot tell such a line end from one between two messages; here it is known which words have one.
 */
export function withVisibleWords(streams: Streams, args: readonly string[], folder: string): Streams {
  const { stdout, stderr, environment } = streams;
  const given = [...args, folder, ...places.map((name) => environment[name] ?? '')];
  const words = given
    .flatMap((word) => word.split(/[/=]/))
    .filter((word) => control.test(word) && notOnlyControl.test(word));
  if (words.length === 0) return streams;
  // An error's other control characters are escaped before it is written.
  const forms = [...new Set(words.flatMap((word) => [word, visibleLines(word)]))].sort(
    (a, b) => b.length - a.length,
  );
  const shown = (text: string) => forms.reduce((so, form) => so.replaceAll(form, visible(form)), text);
  return { stdout: replacing(stdout, shown), stderr: replacing(stderr, shown), environment };
}

/** The output itself but for what is written: whether it is a terminal, and how wide, is asked of it each time. */
function replacing(output: TextOutput, shown: (text: string) => string): TextOutput {
  return Object.create(output, {
    write: { value: (text: string) => output.write(shown(text)) },
  }) as TextOutput;
}
