import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { reasonOf } from '../../../src/crash/explain.ts';
import { NamedWrites } from '../../../src/crash/named-writes.ts';
import { bufferView } from '../../../src/filesystem/view.ts';
import { Arena } from '../../../src/nbd/arena.ts';
import { WriteLog } from '../../../src/writelog/log.ts';
import { fat, smallFat } from '../filesystem/small-fat.ts';
import { smallGpt } from '../filesystem/small-gpt.ts';
import { emptyStore, VariableFirmware } from '../filesystem/small-uefi.ts';

type Cache = 'writeback' | 'writethrough';

/** The reason of a device that is broken between the first write of `changed` sectors and another one. */
async function sentence(
  base: Buffer,
  changed: Buffer,
  [from, to]: [number, number],
  cache: Cache = 'writeback',
) {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-effects-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await using arena = await Arena.create(join(folder, 'arena'));
  const log = new WriteLog([{ id: 'main', sectors: base.length / 512, cache }]);
  log.mark('0/install');
  const write = (content: Buffer, sector: number) =>
    log.complete(log.issue(0, 'write', sector, content.length / 512, false, arena.append(content)));
  write(changed.subarray(from * 512, to * 512), from);
  write(Buffer.alloc(512, 1), base.length / 512 - 40);
  const window = { phase: 'install', upgrade: 0, from: 0, to: log.now };
  const failure = { state: { at: log.now, shape: { kind: 'prefix' } }, window, stage: 'whole' } as const;
  const names = new NamedWrites({ log, bases: [bufferView(base)], arena }, failure);
  return reasonOf({ kind: 'between', last: 0, next: 1 }, names, failure).text.replace(
    / is on the disk before.*$/,
    '',
  );
}

/** An environment as mkenvimage makes it. */
function uboot(variables: Record<string, string>, bytes = 1024): Buffer {
  const environment = Buffer.alloc(bytes);
  environment.write(
    `${Object.entries(variables)
      .map(([name, value]) => `${name}=${value}\0`)
      .join('')}\0`,
    4,
  );
  environment.writeUInt32LE(crc32(environment.subarray(4)), 0);
  return environment;
}

/** A disk of 100 sectors with this from the fourth on. */
function disk(content: Buffer): Buffer {
  const bytes = Buffer.alloc(100 * 512);
  content.copy(bytes, 4 * 512);
  return bytes;
}

describe('a reason names what a write sets', () => {
  it('in the environment of U-Boot: variables, what they were and what they are', async () => {
    const before = disk(uboot({ BOOT_ORDER: 'A B', BOOT_A_LEFT: '3', BOOT_B_LEFT: '0', loglevel: '4' }));
    const after = disk(uboot({ BOOT_ORDER: 'B A', BOOT_A_LEFT: '3', BOOT_B_LEFT: '3', slot: '2\u0007' }));
    expect(await sentence(before, after, [4, 6])).toBe(
      'write 1 of install (disk: no file system (slot or raw data), bytes 2048-3071: sets BOOT_ORDER from "A B" to "B A", ' +
        'BOOT_B_LEFT from "0" to "3", loglevel removed, slot as "2\\u0007")',
    );
  });

  it('where the environment before it was none, all of them', async () => {
    const after = disk(uboot({ a: '1', b: '2', c: '3', d: '4', e: '5' }));
    expect(await sentence(disk(Buffer.alloc(1024)), after, [4, 6])).toContain(
      ': sets a as "1", b as "2", c as "3", d as "4", 1 more)',
    );
  });

  it('nothing where half of an environment is written, whose checksum does not hold', async () => {
    const after = disk(uboot({ a: '1' }));
    expect(await sentence(disk(uboot({ a: '2' })), after, [4, 5])).toBe(
      'write 1 of install (disk: no file system (slot or raw data), bytes 2048-2559)',
    );
  });

  it('in the environment of GRUB, also where its block is longer', async () => {
    const grub = (text: string) => {
      const block = Buffer.alloc(2048);
      block.write(`# GRUB Environment Block\n${text}`.padEnd(1024, '#'));
      return disk(block);
    };
    expect(await sentence(grub('ORDER=A B\nA_TRY=0\n'), grub('ORDER=B A\nA_TRY=0\n'), [4, 8])).toContain(
      ': sets ORDER from "A B" to "B A")',
    );
  });

  it('in a partition table: which partitions, and how', async () => {
    const content = Buffer.alloc(10 * 512);
    const table = (...names: string[]) => smallGpt(names.map((name) => ({ name, content })));
    const base = table('system-a', 'system-b');
    expect(await sentence(base, table('system-b', 'system-a'), [0, 34])).toBe(
      'write 1 of install (main: GPT: partition 1 is called "system-b", not "system-a", partition 2 is called "system-a", not "system-b")',
    );
    const third = Buffer.from(table('system-a', 'system-b', 'data').subarray(0, 34 * 512));
    const wider = Buffer.concat([base, Buffer.alloc(10 * 512)]);
    const grown = Buffer.from(wider);
    third.copy(grown);
    expect(await sentence(wider, grown, [0, 34])).toContain('partition 3 "data" is new)');
  });

  it('in a directory of FAT: names and sizes, and a file whose clusters are not there', async () => {
    const after = smallFat();
    const root = fat.rootStart * 512;
    // /ENV.TXT has two clusters of 512 bytes; a new name, /NEW.IMG, has its first cluster and no chain.
    after.writeUInt32LE(900, root + 28);
    after.write('NEW     IMG', root + 64, 'latin1');
    after.writeUInt8(0x20, root + 64 + 11);
    after.writeUInt16LE(9, root + 64 + 26);
    after.writeUInt32LE(4096, root + 64 + 28);
    const text = await sentence(smallFat(), after, [fat.rootStart, fat.rootStart + 1]);
    expect(text).toBe(
      'write 1 of install (disk: directory /: the size of /ENV.TXT (0 to 900 bytes), the new name /NEW.IMG, ' +
        '/NEW.IMG has clusters for 512 of its 4096 bytes)',
    );
  });

  it('among UEFI variables: which of them', async () => {
    const firmware = new VariableFirmware(emptyStore());
    firmware.set({ name: 'BootOrder', data: Buffer.from([0, 0, 1, 0]) });
    firmware.set({ name: 'Boot0000', data: Buffer.from('A') });
    firmware.set({ name: 'LoaderEntryDefault', data: Buffer.from('app-1.0\0', 'utf16le') });
    const before = Buffer.from(firmware.bytes);
    firmware.set({ name: 'BootOrder', data: Buffer.from([1, 0, 0, 0]) });
    firmware.set({ name: 'LoaderEntryDefault', data: Buffer.from('app-2.0\0', 'utf16le') });
    firmware.set({ name: 'BootNext', data: Buffer.from([1, 0]) });
    firmware.remove('Boot0000');
    const sectors = firmware.bytes.length / 512;
    const text = await sentence(before, firmware.bytes, [0, sectors - 41], 'writethrough');
    expect(text).toMatch(
      /^write 1 of install \(UEFI's flash: bytes 0-\d+: UEFI variable "BootOrder" has another value, "Boot0000" is gone, "LoaderEntryDefault" is "app-2.0", not "app-1.0", "BootNext" is new\)$/,
    );
    expect(await sentence(before, firmware.bytes, [0, sectors - 41])).not.toContain('UEFI variable');
  });
});
