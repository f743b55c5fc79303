import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readFeedFacts } from '../../../src/sbom/feed-facts.ts';
import { withCode } from '../../support/errors.ts';

it('takes no more packages of a feed than a system could have', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-facts-'));
  try {
    const stanza = (name: string) => `Package: ${name}\nVersion: 1\nArchitecture: all\nLicense: MIT\n`;
    await writeFile(join(folder, 'Packages'), ['a', 'b', 'c'].map(stanza).join('\n'));
    const read = (most: number) => readFeedFacts(folder, () => undefined, undefined, most);
    expect((await read(3)).size).toBe(3);
    await expect(read(2)).rejects.toThrow(withCode('feed-damaged', 'Packages: more than 2 packages'));
  } finally {
    await rm(folder, { recursive: true });
  }
});
