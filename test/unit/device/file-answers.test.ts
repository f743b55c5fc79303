import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesIn, showFiles } from '../../../src/device/file-answers.ts';
import type { OwnedPath } from '../../../src/model/scenario.ts';
import { needPrograms } from '../../support/host-programs.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "brownout-it's here-"));
});
afterEach(() => rm(folder, { recursive: true }));

const asOwned = (paths: readonly (string | OwnedPath)[]) =>
  paths.map(
    (one): OwnedPath => (typeof one === 'string' ? { path: one, links: 'kept', attributes: false } : one),
  );

/** As the guest's shell would. */
function ask(given: readonly (string | OwnedPath)[], maxBytes = 1000, before = '') {
  const paths = asOwned(given);
  const script = `${before}${showFiles(paths, maxBytes)}`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  return { status, stderr, files: () => filesIn(stdout.split('\n'), paths) };
}

async function put(name: string, content: string | Buffer): Promise<string> {
  await writeFile(join(folder, name), content, { mode: 0o640 });
  return join(folder, name);
}

const own = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
const access = `640 ${own}`;

describe('showFiles and filesIn, of a small busybox', () => {
  needPrograms('hexdump');

  it('show the same where od has no -A', async () => {
    const bytes = Buffer.from(Array.from({ length: 300 }, (_, i) => i % 256));
    const paths = [await put('app.conf', bytes), await put('hosts', ''), join(folder, 'link')];
    await symlink('app.conf', join(folder, 'link'));
    const small = `od() { echo "od: invalid option -- 'A'" >&2; return 1; }\n`;
    const found = ask(paths, 1000, small);
    expect([found.status, found.stderr]).toEqual([0, '']);
    expect(found.files()).toEqual(ask(paths).files());
    expect(found.files()[0]?.content).toEqual(bytes);
  });
});

describe('showFiles and filesIn', () => {
  it('show files and the copies beside them, and no other files', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const app = await put('app.conf', bytes);
    const hosts = await put('hosts', '');
    const gone = join(folder, 'gone');
    await put('app.conf-opkg', 'a');
    await put('app.conf-opkg.backup', '');
    await put('app.conf.rpmsave', '.\ncopy -opkg\n');
    await put('app.conf.bak', 'no suffix of a package manager');
    await put('gone.dpkg-dist', 'b');
    const { status, files } = ask([app, gone, hosts]);
    expect(status).toBe(0);
    const copy = (suffix: string, content: string) => ({ suffix, content: Buffer.from(content) });
    expect(files()).toEqual([
      {
        path: app,
        content: bytes,
        access,
        copies: [copy('-opkg', 'a'), copy('-opkg.backup', ''), copy('.rpmsave', '.\ncopy -opkg\n')],
      },
      { path: gone, content: undefined, access: undefined, copies: [copy('.dpkg-dist', 'b')] },
      { path: hosts, content: Buffer.alloc(0), access, copies: [] },
    ]);
  });

  it('ask for nothing where there is nothing to ask for', () => {
    const { status, files } = ask([]);
    expect([status, files()]).toEqual([0, []]);
  });

  it('leave out a copy that is too large, and one that is no file', async () => {
    const path = await put('a', 'a');
    await put('a-opkg', 'x'.repeat(1001));
    await put('a.rpmnew', 'x'.repeat(1000));
    expect(spawnSync('mkfifo', [join(folder, 'a.rpmsave')]).status).toBe(0);
    expect(
      ask([path])
        .files()[0]!
        .copies.map(({ suffix }) => suffix),
    ).toEqual(['.rpmnew']);
  });

  it('pass over a copy that is gone when it is read', async () => {
    const path = await put('a', 'a');
    await put('a-opkg', 'x');
    await put('a.rpmnew', 'y');
    const od = 'od() { case "$(readlink /dev/fd/0)" in *-opkg) false;; *) command od "$@";; esac; }';
    const { status, files } = ask([path], 1000, `${od}\n`);
    expect(status).toBe(0);
    expect(files()[0]!.copies).toEqual([{ suffix: '.rpmnew', content: Buffer.from('y') }]);
  });

  it('end with 3 where a file cannot be read', async () => {
    const path = await put('a', 'a');
    expect(ask([path], 1000, 'od() { test -z "$(cat)"; }\n').status).toBe(3);
  });

  it('show a link as a link, also one that leads nowhere, and what kind the rest is of', async () => {
    const zone = await put('UTC', 'TZif');
    const link = join(folder, 'localtime');
    await symlink(zone, link);
    const dangling = join(folder, 'masked');
    await symlink('/nowhere/it is', dangling);
    await symlink('/dev/null', join(folder, 'masked.rpmsave'));
    const fifo = join(folder, 'fifo');
    expect(spawnSync('mkfifo', ['-m', '600', fifo]).status).toBe(0);
    await chmod(folder, 0o751);
    const { status, files } = ask([link, dangling, folder, fifo]);
    expect(status).toBe(0);
    expect(files()).toEqual([
      { path: link, kind: 'link', content: Buffer.from(zone), access: `777 ${own}`, copies: [] },
      {
        path: dangling,
        kind: 'link',
        content: Buffer.from('/nowhere/it is'),
        access: `777 ${own}`,
        copies: [{ suffix: '.rpmsave', kind: 'link', content: Buffer.from('/dev/null') }],
      },
      { path: folder, kind: 'folder', content: Buffer.alloc(0), access: `751 ${own}`, copies: [] },
      { path: fifo, kind: 'other', content: Buffer.alloc(0), access: `600 ${own}`, copies: [] },
    ]);
  });

  it('follow a link where that is wanted, and show both where the owner wrote through it', async () => {
    const file = await put('file', 'abc');
    const link = join(folder, 'link');
    await symlink('file', link);
    const dangling = join(folder, 'dangling');
    await symlink('nowhere', dangling);
    const look = (path: string, links: OwnedPath['links']) => ({ path, links, attributes: false });
    const asked = [
      look(link, 'followed'),
      look(dangling, 'followed'),
      look(link, 'both'),
      look(dangling, 'both'),
    ];
    expect(ask([...asked, look(file, 'both')]).files()).toEqual([
      { path: link, content: Buffer.from('abc'), access, copies: [] },
      { path: dangling, content: undefined, access: undefined, copies: [] },
      {
        path: link,
        kind: 'link',
        content: Buffer.from('file'),
        behind: Buffer.from('abc'),
        access: `777 ${own}`,
        copies: [],
      },
      { path: dangling, kind: 'link', content: Buffer.from('nowhere'), access: `777 ${own}`, copies: [] },
      { path: file, content: Buffer.from('abc'), access, copies: [] },
    ]);
  });

  it('show extended attributes where they are asked for, and say where the device cannot', async () => {
    const path = await put('a', 'a');
    const getfattr = `getfattr() { printf '# file: a\\nuser.b=0x02\\nuser.a=0x01\\n\\n'; }\n`;
    const wanted = { path, links: 'kept', attributes: true } as const;
    const seen = (before: string) => ask([wanted], 1000, before).files()[0]?.attributes;
    expect(seen(getfattr)).toBe('user.a=0x01\nuser.b=0x02\n');
    expect(seen('command() { false; }\n')).toEqual({ unknown: true });
    expect(ask([path], 1000, getfattr).files()[0]).not.toHaveProperty('attributes');
  });

  const path = '/etc/hosts';
  it.each([
    ['nothing', [], 'ends too early'],
    ['no end', ['file 644 0:0', '61'], 'ends too early'],
    ['half a copy', ['file 644 0:0', '61', 'copy -opkg'], 'ends too early'],
    ['an unknown copy', ['file 644 0:0', '61', 'copy /../shadow', '61', '.'], '"copy /../shadow"'],
    ['a copy twice', ['absent', '', 'copy -opkg', '', 'copy -opkg', '', '.'], '"copy -opkg"'],
    ['something else', ['absent', '', 'x'.repeat(1000), '.'], `"${'x'.repeat(60)}"`],
    ['an odd access', ['drwx\u001b[2J root', '61', '.'], 'its access is "drwx\\u001b[2J root"'],
  ])('refuse an answer with %s', (_, lines, why) => {
    expect(() => filesIn(lines, asOwned([path]))).toThrow(
      expect.objectContaining({ code: 'observe-failed', message: expect.stringContaining(why) as string }),
    );
  });
});
