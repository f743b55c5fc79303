import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { codeDigest, programDigest } from '../../../src/core/program-digest.ts';

it('is another one for any change of code, and for no other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-code-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'oracle'));
  await writeFile(join(folder, 'oracle/check.js'), 'passed');
  const first = await codeDigest(folder);
  await writeFile(join(folder, 'oracle/notes.txt'), 'passed');
  expect(await codeDigest(folder)).toBe(first);
  await writeFile(join(folder, 'oracle/check.js'), 'failed');
  const second = await codeDigest(folder);
  expect(second).not.toBe(first);
  await rename(join(folder, 'oracle/check.js'), join(folder, 'oracle/judge.js'));
  expect(await codeDigest(folder)).not.toBe(second);
});

it('is of this program', async () => {
  expect(await programDigest()).toMatch(/^[0-9a-f]{64}$/);
});
