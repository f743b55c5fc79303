/** Markup that is safe to put into a page: made by `html` alone. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in markup; text is text there, whatever it holds. */
export type Content = string | number | Html | undefined | readonly Content[];

/** Markup with values in it; each is escaped, unless it is markup itself. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(parts.reduce((all, part, i) => `${all}${i === 0 ? '' : markup(values[i - 1])}${part}`, ''));
}

function markup(value: Content): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(markup).join('');
  return escapeText(String(value));
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for markup and attributes. */
function escapeText(text: string): string {
  return visibleText(text).replace(/[&<>"']/g, (c) => entities[c] ?? c);
}

/**
 * Text in which what nobody sees, but what changes how the rest is read (control characters, signs that turn the direction
 * of writing, halves of surrogate pairs), is shown by its number.
 */
export function visibleText(text: string): string {
  return text.replace(unseen, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Control characters but tab and line feed; marks, embeddings, overrides and isolates of direction; what has no form. */
const unseen =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
