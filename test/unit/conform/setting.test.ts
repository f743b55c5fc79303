import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { assertRenewed, assertSame, type Noted } from '../../../src/conform/kept.ts';
import { useData } from '../../../src/conform/owners-data.ts';
import { editing, showing } from '../../../src/conform/setting.ts';
import { parseScenario } from '../../../src/scenario/load.ts';

/** A file of the host, and what its shell prints of it. */
function setting() {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-setting-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "it's.conf");
  writeFileSync(path, 'level=1\n');
  const shell = (command: string) => execFileSync('sh', ['-c', command], { encoding: 'utf8' });
  return { path, shell, shown: () => shell(showing(path)).replaceAll(folder, '') };
}

const digest = '77cbcd8a90cbac95ded74158eb2e1d8c3d4ccf24aa3aa1d0a6a3f1b6f6d5e4a1';

it('is changed by its owner, and shown, as text, a link, a folder, or nothing', () => {
  const texts = (['a line more', 'a link', 'a folder', 'nothing'] as const).map((to) => {
    const { path, shell, shown } = setting();
    const before = shown();
    shell(editing(path, to));
    if (to === 'a line more') expect(readFileSync(path, 'utf8')).toBe('level=1\n# of the owner\n');
    return { to, was: shown() === before, text: shown().replace(/[0-9a-f]{64}/, digest) };
  });
  expect(texts).toEqual([
    { to: 'a line more', was: false, text: `${digest}  -\n` },
    { to: 'a link', was: false, text: `link to /it's.conf.own\n${digest}  -\n` },
    { to: 'a folder', was: false, text: `folder\n${digest}  /it's.conf/kept\n` },
    { to: 'nothing', was: false, text: 'nothing\n' },
  ]);
});

const noted = (text: string): Noted => new Map([['setting', new Map([['/etc/a.conf', text]])]]);

it('is lost where it is not what its owner made of it, and stale where nobody made anything of it', () => {
  expect(assertSame(noted('nothing'), noted('nothing'), ['setting'])).toEqual([]);
  expect(() => assertSame(noted('nothing'), noted(digest), ['setting'])).toThrow(
    expect.objectContaining({ kind: 'device', code: 'setting-lost' }),
  );
  assertRenewed(noted(digest), noted('nothing'));
  expect(() => assertRenewed(noted(digest), noted(digest))).toThrow(
    expect.objectContaining({ kind: 'device', code: 'setting-stale' }),
  );
});

it("says of a release that it cannot read the owner's data, in the words of the scenario's command", async () => {
  const scenario = parseScenario(
    'name: n\nmachines: [qemuarm64]\nimage: i\nagent: rauc\nreleases: ["1.0", "2.0"]\nconformance: { data: { write: w, read: r } }\n',
    's.yaml',
  );
  const { signal } = new AbortController();
  const asked: string[] = [];
  const device = {
    run: (command: string) => {
      asked.push(command);
      return Promise.resolve({
        exitCode: command === 'r' ? 3 : 0,
        stdout: '',
        stderr: 'form 2',
        truncated: false,
      });
    },
  };
  await useData({ scenario, signal }, device, 'write');
  await expect(useData({ scenario, signal }, device, 'read')).rejects.toMatchObject({
    kind: 'device',
    code: 'data-unreadable',
    message: expect.stringContaining('form 2') as string,
  });
  expect(asked).toEqual(['w', 'r']);
});
