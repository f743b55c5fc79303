import type { Stanza } from '../../src/package/control/stanza.ts';
import { readStanzas } from '../../src/package/control/stanzas.ts';

/** The one stanza of a text in which nothing is odd. */
export function onlyStanza(text: string): Stanza {
  const [first, ...more] = readStanzas(text);
  if (first === undefined || more.length > 0 || first.odd !== undefined)
    throw new TypeError(`not one sound stanza: ${JSON.stringify(first?.odd)}`);
  return first.stanza;
}
