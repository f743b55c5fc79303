import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../../src/core/cleanup.ts';
import { NamedWrites } from '../../../src/crash/named-writes.ts';
import { bufferView } from '../../../src/filesystem/view.ts';
import { Arena } from '../../../src/nbd/arena.ts';
import { sectorBytes, WriteLog } from '../../../src/writelog/log.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { RealExt4 } from '../../support/real-ext4.ts';
import { upgradedRpmDatabase } from '../../support/real-rpm-database.ts';

/** What the write of each block is called with which a file gets this content, in the place of the one before. */
async function writesOf(path: string, files: Readonly<Record<string, string>>, content: string) {
  using ext4 = new RealExt4();
  const base = ext4.make(files);
  const after = ext4.after(base, [`rm ${path}`, `write ${ext4.file('new', content)} ${path}`]);
  return await namesOf(ext4, base, after, ext4.blocksOf(after, path));
}

/** The same of a file that is written over, where it lies. */
async function writesOver(path: string, files: Readonly<Record<string, Buffer>>, content: Buffer) {
  using ext4 = new RealExt4();
  const base = ext4.make({ ...files, [path]: Buffer.alloc(content.length, 0xff) });
  const after = Buffer.from(base);
  const data = ext4.blocksOf(base, path);
  for (const [i, block] of data.entries())
    content.copy(after, block * ext4.blockBytes, i * ext4.blockBytes, (i + 1) * ext4.blockBytes);
  return await namesOf(ext4, base, after, data);
}

/** What the writes of a file's blocks set, in this order, before what else differs is written. */
async function namesOf(ext4: RealExt4, base: Buffer, after: Buffer, data: readonly number[]) {
  await using stack = new CleanupStack();
  const folder = await mkdtemp(join(tmpdir(), 'brownout-contents-'));
  stack.defer('folder', () => rm(folder, { recursive: true }));
  const arena = stack.use('arena', await Arena.create(join(folder, 'arena')));
  const log = new WriteLog([{ id: 'main', cache: 'writeback', sectors: base.length / sectorBytes }]);
  const sectors = ext4.blockBytes / sectorBytes;
  const write = (block: number) => {
    const bytes = after.subarray(block * ext4.blockBytes, (block + 1) * ext4.blockBytes);
    log.complete(log.issue(0, 'write', block * sectors, sectors, false, arena.append(bytes)));
  };
  for (const block of data) write(block);
  for (const block of ext4.differences(base, after).keys()) if (!data.includes(block)) write(block);
  const cut = { state: { at: log.now }, window: { phase: 'install', to: log.now } };
  const names = new NamedWrites({ log, bases: [bufferView(base)], arena }, cut);
  return data.map((_, seq) => /\): sets (.*)\)$/.exec(names.name(seq))?.[1]);
}

const stanza = (name: string, version: string, status: string, more = '') =>
  `Package: ${name}\nStatus: install ok ${status}\nVersion: ${version}\n${more}\n`;
const commits = { old: 'a1'.repeat(32), now: 'b2'.repeat(32) } as const;

describe('a write names what it sets in a file with a meaning', () => {
  needPrograms('mke2fs', 'debugfs');

  it('dpkg’s list: packages that are new or in another state', async () => {
    const old = `${stanza('base', '12', 'installed')}${stanza('tool', '1.0', 'installed')}`;
    const now = `${stanza('base', '12', 'installed')}${stanza('tool', '2.0', 'unpacked')}${stanza('extra', '1', 'half-installed')}`;
    expect(await writesOf('/var/lib/dpkg/status', { 'var/lib/dpkg/status': old }, now)).toEqual([
      'package tool from 1.0 installed to 2.0 unpacked, package extra as 1 half-installed',
    ]);
  });

  it('its journal, beside the list', async () => {
    const files = {
      'var/lib/dpkg/status': stanza('tool', '1.0', 'installed'),
      'var/lib/dpkg/updates/0001': '#',
    };
    expect(
      await writesOf('/var/lib/dpkg/updates/0001', files, stanza('tool', '2.0', 'half-configured')),
    ).toEqual(['package tool from 1.0 installed to 2.0 half-configured']);
  });

  it('opkg’s list in several blocks: only what a block has all of', async () => {
    const long = (version: string) =>
      Array.from({ length: 4 }, (_, i) =>
        stanza(`tool${i}`, version, 'installed', `Description: ${'long '.repeat(100)}\n`),
      ).join('');
    expect(await writesOf('/usr/lib/opkg/status', { 'usr/lib/opkg/status': long('1') }, long('2'))).toEqual([
      'package tool0 from 1 installed to 2 installed',
      'package tool2 from 1 installed to 2 installed',
      undefined,
    ]);
  });

  it('a branch of OSTree: the commit that it names', async () => {
    const path = 'ostree/repo/refs/heads/os/arm64';
    expect(await writesOf(`/${path}`, { [path]: `${commits.old}\n` }, `${commits.now}\n`)).toEqual([
      `ref os/arm64 from ${commits.old.slice(0, 12)} to ${commits.now.slice(0, 12)}`,
    ]);
  });

  describe('with a real rpm', () => {
    needPrograms('rpm', 'sqlite3');

    it('the log of rpm’s database: what the next reader finds once a transaction is whole', async () => {
      using database = await upgradedRpmDatabase();
      const { file, log } = database.files();
      const path = 'var/lib/rpm/rpmdb.sqlite';
      const named = await writesOver(`${path}-wal`, { [path]: file }, log);
      expect(named.filter((text) => text !== undefined)).toEqual([
        'package tool from 1.0-r0 to 1.0-r0 and 2.0-r0',
        'package tool from 1.0-r0 and 2.0-r0 to 2.0-r0',
      ]);
    });
  });

  it('nothing where the file is another one, or says what it said', async () => {
    expect(await writesOf('/etc/status', { 'etc/status': 'a' }, stanza('tool', '1', 'installed'))).toEqual([
      undefined,
    ]);
    const list = stanza('tool', '1.0', 'installed');
    expect(await writesOf('/var/lib/dpkg/status', { 'var/lib/dpkg/status': list }, list)).toEqual([
      undefined,
    ]);
    expect(await writesOf('/repo/refs/heads/x', { 'repo/refs/heads/x': 'a' }, 'no commit\n')).toEqual([
      undefined,
    ]);
  });
});
