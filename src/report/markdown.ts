import { oneLine } from './text.ts';

/** Any text as it stands on one line of Markdown, where it is no markup. */
export function plainMarkdown(text: string, limit = 400): string {
  return oneLine(text, limit).replaceAll(/[\\`*_{}[\]<>|#&~]/g, (letter) => `\\${letter}`);
}

/** The same as code: in a table, too. */
export function codeMarkdown(text: string, limit = 1000): string {
  return `\`${oneLine(text, limit).replaceAll('`', "'").replaceAll('|', '¦')}\``;
}
