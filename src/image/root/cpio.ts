import { cpioHead, cpioPadding, cpioTrailer } from '../../package/archive/cpio.ts';
import type { Tree } from '../tree.ts';

const fileTypes = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const;

/**
 * A tree as an initial RAM file system: cpio "newc", uncompressed (Linux
 * Documentation/driver-api/early-userspace/buffer-format.rst). Inode numbers count up; times are `seconds`.
 */
export function cpioArchive(tree: Tree, seconds: number): Buffer {
  const parts: Buffer[] = [];
  let inode = 1;
  for (const [name, node] of tree.entries()) {
    const content =
      node.type === 'file' ? node.content : Buffer.from(node.type === 'symlink' ? node.target : '');
    const mode = fileTypes[node.type] | (node.type === 'symlink' ? 0o777 : node.mode);
    const links = node.type === 'directory' ? 2 : 1;
    parts.push(cpioHead({ name, inode, mode, links, seconds, bytes: content.length }));
    parts.push(content, cpioPadding(content.length));
    inode += 1;
  }
  parts.push(cpioTrailer());
  return pad(Buffer.concat(parts), 512);
}

function pad(data: Buffer, multiple: number): Buffer {
  const missing = (multiple - (data.length % multiple)) % multiple;
  return missing === 0 ? data : Buffer.concat([data, Buffer.alloc(missing)]);
}
