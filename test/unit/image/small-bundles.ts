import { buffer } from 'node:stream/consumers';
import { swuArchive } from '../../../src/image/bundles/swu.ts';
import { packTar } from '../../../src/package/archive/tar.ts';

/** The form of a bundle of RAUC: a squashfs, a CMS signature, and its length. */
export function smallRaucb(
  signature = Buffer.concat([Buffer.from('3082', 'hex'), Buffer.alloc(198, 's')]),
): Buffer {
  const squashfs = Buffer.alloc(4096, 'files ');
  squashfs.write('hsqs');
  squashfs.writeBigUInt64LE(4096n, 40);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(signature.length));
  return Buffer.concat([squashfs, signature, length]);
}

/** The form of an update of SWUpdate; other files by their names. */
export function smallSwu(names = ['sw-description', 'sw-description.sig', 'rootfs.ext4.zst']): Buffer {
  return swuArchive(
    names.map((name) => ({ name, content: Buffer.alloc(1001, name) })),
    1,
  );
}

/** The form of a Mender Artifact; other files in place of its own. */
export function smallMender(
  files: Readonly<Record<string, string>> = {
    version: '{"format":"mender","version":3}',
    manifest: 'abc  version\n',
    'header.tar.gz': 'header',
    'data/0000.tar.gz': 'd'.repeat(1001),
  },
): Promise<Buffer> {
  const entries = Object.entries(files).map(([path, text]) => ({
    ...{ path, type: 'file' as const, mode: 0o644 },
    content: Buffer.from(text),
  }));
  return buffer(packTar(entries, 1));
}
