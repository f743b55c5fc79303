/** What XML 1.0 has no way to write ("2.2 Characters"). */
const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Attributes of an element; those without a value are left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element with text in it. */
export function textElement(name: string, text: string, attributes: Attributes = {}): string {
  return `<${name}${attributesText(attributes)}>${escaped(text)}</${name}>`;
}

/** An element with nothing in it. */
export function emptyElement(name: string, attributes: Attributes): string {
  return `<${name}${attributesText(attributes)}/>`;
}

/** The beginning of an element. */
export function openElement(name: string, attributes: Attributes): string {
  return `<${name}${attributesText(attributes)}>`;
}

function attributesText(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([name, value]) => {
      if (value === undefined) return '';
      return ` ${name}="${escaped(String(value)).replace(/[\t\n\r]/g, (found) => `&#${found.charCodeAt(0)};`)}"`;
    })
    .join('');
}

function escaped(text: string): string {
  return text
    .replace(forbidden, '')
    .replace(/[&<>"]/g, (found) => entities[found] ?? found)
    .replace(/\r/g, '&#13;');
}
