import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesIn, showFiles } from '../../../src/device/file-answers.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "brownout-it's here-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** As the guest's shell would. */
function ask(paths: readonly string[], maxBytes = 1000, script = showFiles(paths, maxBytes)) {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  return { status, stderr, files: () => filesIn(stdout.split('\n'), paths) };
}

async function put(name: string, content: string | Buffer): Promise<string> {
  await writeFile(join(folder, name), content, { mode: 0o640 });
  return join(folder, name);
}

const access = `640 ${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;

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
    await symlink('nowhere', join(folder, 'a.dpkg-old'));
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
    const { status, files } = ask([path], 1000, `${od}\n${showFiles([path], 1000)}`);
    expect(status).toBe(0);
    expect(files()[0]!.copies).toEqual([{ suffix: '.rpmnew', content: Buffer.from('y') }]);
  });

  it('end with 3 where a file cannot be read', () => {
    expect(ask([folder]).status).toBe(3);
  });

  const path = '/etc/hosts';
  it.each([
    ['nothing', [], 'ends too early'],
    ['no end', ['644 0:0', '61'], 'ends too early'],
    ['half a copy', ['644 0:0', '61', 'copy -opkg'], 'ends too early'],
    ['an unknown copy', ['644 0:0', '61', 'copy /../shadow', '61', '.'], '"copy /../shadow"'],
    ['a copy twice', ['absent', '', 'copy -opkg', '', 'copy -opkg', '', '.'], '"copy -opkg"'],
    ['something else', ['absent', '', 'x'.repeat(1000), '.'], `"${'x'.repeat(60)}"`],
    ['an odd access', ['drwx\u001b[2J root', '61', '.'], 'its access is "drwx\\u001b[2J root"'],
  ])('refuse an answer with %s', (_, lines, why) => {
    expect(() => filesIn(lines, [path])).toThrow(
      expect.objectContaining({ code: 'observe-failed', message: expect.stringContaining(why) as string }),
    );
  });
});
