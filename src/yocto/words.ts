import { ScenarioError } from '../core/errors.ts';

/**
 * Splits a value into words as Python's `shlex.split` does, which runqemu uses: blanks separate, `'…'` keeps
 * everything, `"…"` keeps all but `\"` and `\\`, and `\` keeps the next character. Nothing else has a meaning: no
 * variables, no patterns, no comments. `where` (`file:line: key`) begins the message of ScenarioError
 * `qemuboot-invalid`, thrown for a quote without end.
 */
export function splitWords(text: string, where: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < text.length; i += 1) {
    const character = text.charAt(i);
    if (/[ \t\r\n]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "'" || character === '"') {
      const { content, end } = quoted(text, i, where);
      word = (word ?? '') + content;
      i = end;
    } else if (character === '\\') {
      if (i + 1 === text.length) throw unfinished(where, 'a backslash at its end');
      i += 1;
      word = (word ?? '') + text.charAt(i);
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** What stands in quotes that begin at `start`, and where they end. */
function quoted(text: string, start: number, where: string): { content: string; end: number } {
  const quote = text.charAt(start);
  let content = '';
  for (let i = start + 1; i < text.length; i += 1) {
    const character = text.charAt(i);
    if (character === quote) return { content, end: i };
    const next = text.charAt(i + 1);
    if (quote === '"' && character === '\\' && (next === '"' || next === '\\')) {
      content += next;
      i += 1;
    } else {
      content += character;
    }
  }
  throw unfinished(where, `a ${quote} without its counterpart`);
}

function unfinished(where: string, what: string): ScenarioError {
  return new ScenarioError('qemuboot-invalid', `${where} has ${what}`, {
    hint: 'correct the variable in the machine or image configuration and build the image again',
  });
}

/** What runqemu puts in place of `@NAME@`. */
type Placeholder = 'MAC' | 'TAP' | 'ROOTFS' | 'PORT' | 'CLIENT' | 'GATEWAY' | 'DEPLOY_DIR_IMAGE';

/**
 * Puts values in place of runqemu's placeholders, in words that are split already, so that a blank in a path splits
 * nothing. After a `=` a comma is doubled, as QEMU's options want it. Throws ScenarioError `qemuboot-unsupported` for
 * a placeholder that has no value here, such as `@TAP@` where there is no tap device.
 */
export function fillPlaceholders(
  words: readonly string[],
  values: Partial<Record<Placeholder, string>>,
  where: string,
): string[] {
  return words.map((word) =>
    word.replaceAll(
      /@(MAC|TAP|ROOTFS|PORT|CLIENT|GATEWAY|DEPLOY_DIR_IMAGE)@/g,
      (all, name: Placeholder, at: number) => {
        const value = values[name];
        if (value === undefined)
          throw new ScenarioError('qemuboot-unsupported', `${where} has ${all}, which means nothing there`);
        return word.lastIndexOf('=', at) < 0 ? value : value.replaceAll(',', ',,');
      },
    ),
  );
}

/** Options, each with its argument where it has one; an argument never begins with `-`. */
export function optionPairs(words: readonly string[]): [option: string, argument?: string][] {
  const found: [string, string?][] = [];
  for (const word of words) {
    const last = found.at(-1);
    if (word.startsWith('-') || last?.length !== 1) found.push([word]);
    else last.push(word);
  }
  return found;
}

/** The reverse of optionPairs. */
export function pairWords(pairs: readonly (readonly [string, string?])[]): string[] {
  return pairs.flatMap(([option, argument]) => (argument === undefined ? [option] : [option, argument]));
}
