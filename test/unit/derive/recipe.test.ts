import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { recipeSchema } from '../../../src/derive/recipe.ts';
import { parseDocument } from '../../../src/document/parse.ts';

describe('the recipe of the manual', () => {
  it('is one', async () => {
    const manual = await readFile(new URL('../../../images/README.md', import.meta.url), 'utf8');
    const text = /```yaml\n(# What changed[^]*?)```/.exec(manual)?.[1] ?? '';
    const { packages, revision } = parseDocument(text, 'README.md', recipeSchema);
    expect(Object.keys(packages)).toEqual(['busybox', 'avahi-daemon', 'curl', 'nano', 'systemd', 'greeting']);
    expect(revision).toEqual({ all: '.1', except: ['nano'] });
  });

  it('is one for rpms', async () => {
    const manual = await readFile(new URL('../../../images/README.md', import.meta.url), 'utf8');
    const text = /```yaml\n(from: rpm[^]*?)```/.exec(manual)?.[1] ?? '';
    const { packages } = parseDocument(text, 'README.md', recipeSchema);
    expect(Object.keys(packages)).toEqual(['alpha', 'elf']);
  });
});
