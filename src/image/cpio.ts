import type { Tree } from './tree.ts';

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
    parts.push(record({ name, inode, mode, links: node.type === 'directory' ? 2 : 1, seconds, content }));
    inode += 1;
  }
  parts.push(
    record({ name: 'TRAILER!!!', inode: 0, mode: 0, links: 1, seconds: 0, content: Buffer.alloc(0) }),
  );
  return pad(Buffer.concat(parts), 512);
}

interface CpioRecord {
  name: string;
  inode: number;
  mode: number;
  links: number;
  seconds: number;
  content: Buffer;
}

function record({ name, inode, mode, links, seconds, content }: CpioRecord): Buffer {
  const nameBytes = Buffer.from(`${name}\0`);
  const fields = [inode, mode, 0, 0, links, seconds, content.length, 0, 0, 0, 0, nameBytes.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([pad(Buffer.concat([Buffer.from(header, 'latin1'), nameBytes]), 4), pad(content, 4)]);
}

function pad(data: Buffer, multiple: number): Buffer {
  const missing = (multiple - (data.length % multiple)) % multiple;
  return missing === 0 ? data : Buffer.concat([data, Buffer.alloc(missing)]);
}
