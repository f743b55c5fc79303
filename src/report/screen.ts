import { oneLine } from './text.ts';

/** A screen of 80 by 24; the last row is the prompt's. */
export const columns = 80;
const rows = 23;

/** What is shown where there is room for all of it: sections give way, the later before the earlier. */
export interface Screen {
  head: readonly string[];
  sections: readonly (readonly string[])[];
  end: readonly string[];
}

/** A screen's lines, each ended. */
export function screenText({ head, sections, end }: Screen): string {
  let room = rows - height(head) - height(end);
  const body = sections.flatMap((section) => {
    const shown = within(section, room);
    room -= height(shown);
    return shown;
  });
  return [...head, ...body, ...end].map((line) => `${line}\n`).join('');
}

/** As many lines as there is room for; the last says that there are more. */
function within(lines: readonly string[], room: number): string[] {
  if (lines.length <= room) return [...lines];
  return room < 2 ? [] : [...lines.slice(0, room - 1), '  ... more on the page'];
}

/** Rows that lines take: paths and commands are not broken, so that they can be taken up whole. */
function height(lines: readonly string[]): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours take no room
  const bare = lines.map((line) => line.replaceAll(/\u001b\[\d+m/g, ''));
  return bare.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0);
}

/** A text in lines of at most `width`, broken at blanks where there are any; of more than `most` lines the beginning. */
export function wrap(text: string, indent: string, most: number, width = columns - 1): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of oneLine(text, 2000).split(' ')) {
    const room = width - indent.length;
    for (const part of word.length > room ? (word.match(new RegExp(`.{1,${room}}`, 'gu')) ?? []) : [word]) {
      if (line !== '' && line.length + 1 + part.length > room) {
        lines.push(line);
        line = part;
      } else line = line === '' ? part : `${line} ${part}`;
    }
  }
  lines.push(line);
  const shown =
    lines.length > most
      ? [...lines.slice(0, most - 1), `${(lines[most - 1] ?? '').slice(0, width - indent.length - 4)} ...`]
      : lines;
  return shown.map((one) => `${indent}${one}`);
}
