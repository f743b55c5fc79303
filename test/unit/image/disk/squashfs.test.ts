import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { writeSquashfs } from '../../../../src/image/disk/squashfs.ts';
import { Tree } from '../../../../src/image/tree.ts';
import { readTar } from '../../../../src/package/archive/tar.ts';

/** Makes a squashfs with a mksquashfs that writes so many bytes, in a slot that has 8192. */
async function make(bytes: number) {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-squashfs-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const tree = new Tree();
  tree.addFile('boot/vmlinuz', 'kernel');
  const asked: { args: readonly string[]; input: string | Uint8Array | undefined }[] = [];
  const image = join(folder, 'slot.squashfs');
  const tools = {
    run: async (_: string, args: readonly string[], options: { input?: string | Uint8Array } = {}) => {
      asked.push({ args, input: options.input });
      await writeFile(image, Buffer.alloc(bytes));
      return { exitCode: 0, stdout: '', stderr: '' };
    },
  };
  await writeSquashfs(tools, tree, image, { bytes: 8192, epoch: 77 });
  return asked;
}

it('a slot is made of the tree’s files, in a compression that GRUB reads', async () => {
  const [{ args, input } = { args: [], input: '' }] = await make(8192);
  expect(args[args.indexOf('-comp') + 1]).toBe('gzip');
  const found: string[] = [];
  const archive = (async function* () {
    yield await Promise.resolve(Buffer.from(input ?? ''));
  })();
  for await (const entry of readTar(archive)) found.push(entry.path);
  expect(found).toEqual(['/boot', '/boot/vmlinuz']);
});

it('a release that is bigger than a slot is no release', async () => {
  await expect(make(8193)).rejects.toMatchObject({
    kind: 'scenario',
    code: 'slot-too-small',
    message: 'a release has 8193 bytes as squashfs, and a slot 8192: slotMiB has to be more',
  });
});
