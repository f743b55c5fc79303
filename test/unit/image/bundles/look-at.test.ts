import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bundleFormats } from '../../../../src/image/bundles/index.ts';
import { bufferSource } from '../../../../src/package/archive/byte-source.ts';
import { smallMender, smallRaucb, smallSwu } from '../small-bundles.ts';

type Format = keyof typeof bundleFormats;

const found = async (format: Format, bytes: Buffer | Promise<Buffer>) =>
  bundleFormats[format].lookAt?.(bufferSource(await bytes));

const html = Buffer.from('<html><body>404 Not Found</body></html>\n');
/** A bundle of RAUC with another length of its signature. */
const claiming = (length: bigint) => {
  const bundle = smallRaucb();
  bundle.writeBigUInt64BE(length, bundle.length - 8);
  return bundle;
};
const odc = Buffer.from(`070707${'0'.repeat(70)}sw-description\0`);
const mender = (more: Record<string, string>) =>
  smallMender({ version: '{"format":"mender","version":3}', ...more });

describe('a bundle that somebody else has made', () => {
  it.each<[Format, Buffer | Promise<Buffer>]>([
    ['verity', smallRaucb()],
    ['plain', smallRaucb()],
    // Encrypted, of format "crypt": only its end says what it is.
    ['verity', smallRaucb().fill('x', 0, 4096)],
    ['swu', smallSwu()],
    ['swu-direct', smallSwu(['sw-description', 'a'])],
    ['mender', smallMender()],
    ['mender-file', smallMender()],
  ])('in the form of %s is the device’s to judge', async (format, bytes) => {
    expect(await found(format, bytes)).toBeUndefined();
  });

  it.each<[Format, string, Buffer | Promise<Buffer>, string]>([
    [
      'verity',
      'an answer of a web server',
      html,
      'it is text that begins with "<html><body>404 Not Found</body></html>\\n", and no bundle of RAUC',
    ],
    ['verity', 'an update of SWUpdate', smallSwu(), 'it is an update of SWUpdate, and no bundle of RAUC'],
    ['plain', 'an artifact of Mender', smallMender(), 'it is an artifact of Mender, and no bundle of RAUC'],
    ['plain', 'packed', gzipSync(smallRaucb()), 'it is packed (gzip), and no bundle of RAUC'],
    ['verity', 'nothing but zeros', Buffer.alloc(9000), 'it is zeros, and no bundle of RAUC'],
    ['verity', 'without its end', smallRaucb().subarray(0, -100), 'it has no CMS signature at its end, '],
    [
      'verity',
      'half there',
      smallRaucb().subarray(0, 2000),
      'it is cut short: its squashfs has 4096 bytes, of which 2000 are there',
    ],
    ['verity', 'one byte', Buffer.from('h'), 'it is text that begins with "h", and no bundle of RAUC'],
    [
      'verity',
      'with a length beyond all',
      claiming(0xffff_ffff_ffff_ffffn),
      'it has no CMS signature at its end, ',
    ],
    ['verity', 'with a length of 0', claiming(0n), 'it has no CMS signature at its end, '],
    [
      'verity',
      'with a length of more than there is',
      claiming(4305n),
      'it has no CMS signature at its end, ',
    ],
    ['swu', 'a bundle of RAUC', smallRaucb(), 'it is a bundle of RAUC, and no update of SWUpdate'],
    ['swu', 'an artifact of Mender', smallMender(), 'it is an artifact of Mender, and no update of SWUpdate'],
    [
      'swu',
      'another cpio archive',
      smallSwu(['rootfs.ext4.zst']),
      'its first file is "rootfs.ext4.zst", and that of an update of SWUpdate is sw-description',
    ],
    ['swu', 'the old form of cpio', odc, 'it is a cpio archive in the old form ("odc"), '],
    ['swu', 'no file', smallSwu([]), 'it is a cpio archive without any file'],
    ['swu', 'one byte', Buffer.from('0'), 'it is text that begins with "0", and no update of SWUpdate'],
    ['mender', 'an update of SWUpdate', smallSwu(), 'it is an update of SWUpdate, and no artifact of Mender'],
    ['mender', 'packed', gzipSync(html), 'it is packed (gzip), and no artifact of Mender'],
    [
      'mender',
      'another tar archive',
      smallMender({ 'etc/passwd': 'root' }),
      'it is a tar archive whose first file is "etc/passwd", ',
    ],
    [
      'mender',
      'a tar archive with a version of its own',
      smallMender({ version: '4.2\n' }),
      'its file version says "4.2\\n", and that of an artifact of Mender has "format":"mender"',
    ],
    [
      'mender',
      'without its data',
      mender({ manifest: 'x', 'header.tar.gz': 'x' }),
      'it is no whole artifact of Mender: there is no data/ in it',
    ],
    [
      'mender',
      'without anything',
      mender({}),
      'it is no whole artifact of Mender: there is no manifest in it',
    ],
  ])('for %s, %s: is named, with what was found', async (format, _, bytes, what) => {
    expect(await found(format, bytes)).toContain(what);
  });

  it('that is cut short anywhere is never taken for a whole one, and never read beyond its end', async () => {
    for (const [format, whole, end] of [
      ['verity', smallRaucb(), 0],
      // Behind the archive's end only blanks are missing.
      ['swu', smallSwu(), smallSwu().lastIndexOf('TRAILER!!!') + 10],
      ['mender', await smallMender(), 0],
    ] as const) {
      const last = end === 0 ? whole.length : end;
      for (let bytes = 1; bytes < last - (format === 'mender' ? 512 : 0); bytes += 7) {
        const why = await found(format, whole.subarray(0, bytes));
        expect(why, `${format} of ${bytes} bytes`).toMatch(/^it (is|has) /);
      }
    }
  });

  it('with any byte that is another is told within its bounds', async () => {
    for (const [format, whole] of [
      ['verity', smallRaucb()],
      ['swu', smallSwu()],
      ['mender', await smallMender()],
    ] as const)
      for (let at = 0; at < whole.length; at += 3) {
        const spoilt = Buffer.from(whole);
        spoilt.writeUInt8(spoilt.readUInt8(at) ^ 0xff, at);
        const why = await found(format, spoilt);
        if (why !== undefined) expect(why).toMatch(/^it/);
      }
  });
});
