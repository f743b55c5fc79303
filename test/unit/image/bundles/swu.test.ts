import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, asyncProperty, constantFrom, tuple, uint8Array, uniqueArray } from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { swDescription, swuArchive } from '../../../../src/image/bundles/swu.ts';
import { cpioSum, readCpio } from '../../../../src/package/archive/cpio.ts';
import { needPrograms } from '../../../support/host-programs.ts';

const files = uniqueArray(
  tuple(
    constantFrom('sw-description', 'sw-description.sig', 'a', 'root.ext4.zst'),
    uint8Array({ maxLength: 700 }),
  ),
  { selector: ([name]) => name, minLength: 1 },
);

describe('swuArchive', () => {
  it('gives every file back, with the sum of its bytes, in whole blocks', () =>
    assert(
      asyncProperty(files, async (wanted) => {
        const archive = swuArchive(
          wanted.map(([name, content]) => ({ name, content })),
          5,
        );
        expect(archive.length % 512).toBe(0);
        const found: [string, Buffer][] = [];
        const input = (async function* () {
          yield await Promise.resolve(archive);
        })();
        for await (const entry of readCpio(input, () => 0)) {
          if (!('name' in entry)) throw new Error('a stripped entry');
          const content: Buffer[] = [];
          for await (const part of entry.content) content.push(part);
          found.push([entry.name, Buffer.concat(content)]);
          const head = entry.head.toString('latin1');
          expect(head.slice(0, 6)).toBe('070702');
          expect(Number.parseInt(head.slice(102, 110), 16)).toBe(cpioSum(Buffer.concat(content)));
        }
        expect(found).toEqual(wanted.map(([name, content]) => [name, Buffer.from(content)]));
      }),
    ));

  describe('and GNU cpio', () => {
    needPrograms('cpio');

    it('agree on the files and on their sums', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'brownout-swu-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const content = Buffer.alloc(70_001, 'image ');
      const archive = swuArchive(
        [
          { name: 'sw-description', content: Buffer.from('software = { };\n') },
          { name: 'root', content },
        ],
        5,
      );
      const cpio = (...args: string[]) => spawnSync('cpio', args, { cwd: folder, input: archive });
      expect(cpio('-i', '--only-verify-crc')).toMatchObject({ status: 0 });
      expect(cpio('-i', '--quiet').status).toBe(0);
      expect(await readFile(join(folder, 'root'))).toEqual(content);
      archive[archive.lastIndexOf('image')] = 0x58;
      expect(cpio('-i', '--only-verify-crc').stderr.toString()).toContain('checksum error');
    });
  });
});

describe('swDescription', () => {
  const options = {
    compatible: 'gateway-qemuarm64',
    version: '2.0',
    slots: [
      { name: 'A', root: '/dev/vda2' },
      { name: 'B', root: '/dev/vda3' },
    ],
    imageSha256: 'abc',
  };

  it('has a mode for each slot, which writes it and has it tried', () => {
    const text = swDescription({ ...options, direct: false });
    expect(text).toContain('  version = "2.0";\n  hardware-compatibility = [ "gateway-qemuarm64" ];\n');
    const modes = text.split(/^ {4}(?=[AB] = \{$)/m).slice(1);
    expect(modes.map((mode) => /device = "(.*)"/.exec(mode)?.[1])).toEqual(['/dev/vda2', '/dev/vda3']);
    expect(modes.map((mode) => /name = "boot_slot"; value = "(.)"/.exec(mode)?.[1])).toEqual(['A', 'B']);
    for (const mode of modes) {
      expect(mode).toContain('sha256 = "abc"');
      expect(mode).toContain('name = "upgrade_available"; value = "1"');
      expect(mode).not.toContain('installed-directly');
    }
  });

  it('says where the image is to be written while it is read', () => {
    expect(swDescription({ ...options, direct: true }).match(/installed-directly = true;/g)).toHaveLength(2);
  });
});
