import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, visibleText } from '../../../../src/report/page/html.ts';
import { anyCharacter } from '../../../support/any-character.ts';

const entities: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

describe('markup', () => {
  it('has text as text, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(anyCharacter, { maxLength: 30 }), (characters) => {
        const text = characters.join('');
        const made = html`<p title="${text}">${text}</p>`.text;
        const [, title, content] = /^<p title="([^"<>']*)">([^"<>']*)<\/p>$/s.exec(made) ?? [];
        const decoded = title?.replace(/&[^;]*;/g, (entity) => entities[entity] ?? '?');
        assert.equal(decoded, visibleText(text));
        assert.equal(content, title);
      }),
    );
  });

  it('shows what nobody sees by its number', () => {
    expect(visibleText('a\u202eb\u0000c\u001b[31m\ud800 d\te\nf')).toBe(
      'a\\u{202e}b\\u{0}c\\u{1b}[31m\\u{d800} d\te\nf',
    );
    expect(visibleText('päckchen 📦 שלום')).toBe('päckchen 📦 שלום');
  });

  it('takes lists, numbers, other markup and nothing', () => {
    expect(html`<i>${[html`<b>${1}</b>`, undefined, '<']}</i>`.text).toBe('<i><b>1</b>&lt;</i>');
  });
});
