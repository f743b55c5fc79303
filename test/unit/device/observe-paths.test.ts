import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readAnswer, statScript } from '../../../src/device/observe-paths.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "brownout-it's -> here-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** As the guest's shell would. */
function ask(paths: readonly string[], before = '', change = (script: string) => script) {
  const input = `${before}${change(statScript('dpkg', paths))}`;
  const { status, stdout, stderr } = spawnSync('sh', ['-s'], { encoding: 'utf8', input });
  expect([status, stderr]).toEqual([0, '']);
  return readAnswer(stdout.split('\n'), paths);
}

it('kind, mode, owner and target of paths are read from a real shell', async () => {
  const path = (name: string) => join(folder, name);
  await writeFile(path('su'), '');
  await chmod(path('su'), 0o4755);
  await mkdir(path('mail'));
  await chmod(path('mail'), 0o1770);
  await symlink("lib z's -> no.so", path('libz.so'));
  await symlink('/nowhere', path("l'ink"));
  expect(spawnSync('mkfifo', ['-m', '600', path('fifo')]).status).toBe(0);
  const many = Array.from({ length: 120 }, (_, i) => path(`gone${i}`));
  const asked = [...['su', 'mail', 'libz.so', "l'ink", 'fifo'].map(path), ...many];
  const owner = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const seen = ask(asked);
  expect([...(seen?.shown.entries() ?? [])].slice(0, 6)).toEqual([
    [path('su'), { kind: 'file', mode: 0o4755, owner }],
    [path('mail'), { kind: 'folder', mode: 0o1770, owner }],
    [path('libz.so'), { kind: 'link', mode: 0o777, owner, target: "lib z's -> no.so" }],
    [path("l'ink"), { kind: 'link', mode: 0o777, owner, target: '/nowhere' }],
    [path('fifo'), { kind: 'other', mode: 0o600, owner }],
    [path('gone0'), undefined],
  ]);
  expect(seen?.shown.size).toBe(asked.length);
  expect([seen?.users.get('root'), seen?.groups.get('root')]).toEqual(['0', '0']);
});

it("dpkg's own exceptions are read", async () => {
  await writeFile(join(folder, 'diversions'), '/usr/bin/diff\n/usr/bin/diff.distrib\nother\n');
  await writeFile(join(folder, 'statoverride'), 'root mail 2755 /usr/bin/mlock it\n#0 #7 600 /usr/bin/su\n');
  const here = (script: string) => script.replaceAll('/var/lib/dpkg', '"$here"');
  const seen = ask([], `here="${folder}"\n`, here);
  expect(seen?.diverted).toContain('/usr/bin/diff');
  expect(seen?.overrides).toEqual(
    new Map([
      ['/usr/bin/mlock it', { mode: 0o2755, owner: 'root:mail' }],
      ['/usr/bin/su', { mode: 0o600, owner: '0:7' }],
    ]),
  );
});

it.each([
  ['busybox, which quotes what a link says', "stat a1ff 0:0 '/bin/vi' -> 'busybox'", '/bin/vi', 'busybox'],
  ['coreutils, which quotes nothing', 'stat a1ff 0:0 /bin/vi -> busybox', '/bin/vi', 'busybox'],
  ['a link to a name with quotes', "stat a1ff 0:0 /bin/vi -> 'b'", '/bin/vi', "'b'"],
])('a link is read as of %s', (_, line, path, target) => {
  expect(readAnswer([line], [path])?.shown.get(path)).toEqual({
    kind: 'link',
    mode: 0o777,
    owner: '0:0',
    target,
  });
});

it('a stat that cannot tell is told, and not taken for a device without files', () => {
  expect(ask(['/etc/passwd'], 'stat() { echo "unrecognized option: c" >&2; false; }\n')).toBeUndefined();
});

it('lines of no form, and of paths that nobody asked for, change nothing', () => {
  const lines = [
    'stat zz 0:0 /a',
    'stat 81a4 0:0 /etc/shadow',
    "stat a1ff 0:0 '/etc/x' -> '/etc/y'",
    'user x y',
    'group 1',
    'override root mail nine /usr/bin/x',
    '',
  ];
  expect(readAnswer(lines, ['/a'])).toEqual({
    shown: new Map([['/a', undefined]]),
    users: new Map(),
    groups: new Map(),
    diverted: new Set(),
    overrides: new Map(),
  });
});
