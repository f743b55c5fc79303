import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../../src/core/cleanup.ts';
import { reasonOf } from '../../../src/crash/explain.ts';
import { NamedWrites } from '../../../src/crash/named-writes.ts';
import { writeTargets } from '../../../src/crash/write-targets.ts';
import { bufferView } from '../../../src/filesystem/view.ts';
import { Arena } from '../../../src/nbd/arena.ts';
import { sectorBytes, WriteLog } from '../../../src/writelog/log.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { RealExt4 } from '../../support/real-ext4.ts';
import { upgradedRpmDatabase } from '../../support/real-rpm-database.ts';

type Files = Readonly<Record<string, string | Buffer>>;
type Commands = (ext4: RealExt4) => readonly string[];

/** A disk that is one ext4, and gets transactions in its journal. */
interface Logged {
  log: WriteLog;
  names: NamedWrites;
  /** Where each write went, as the page's map has it. */
  targets: string[];
}

interface Options {
  /** How many blocks of the journal are written. */
  blocks?: number;
  /** The path of a file whose first block is written at the end. */
  data?: string;
}

/** Logs the transactions: the metadata that each list of debugfs's commands changes is one. Each block is a write. */
async function logged(
  stack: CleanupStack,
  files: Files,
  transactions: readonly Commands[],
  { blocks = 1000, data }: Options = {},
): Promise<Logged> {
  using ext4 = new RealExt4();
  const base = ext4.make(files);
  const changes: Map<number, Buffer>[] = [];
  let now = base;
  for (const commands of transactions) {
    const after = ext4.after(now, commands(ext4));
    changes.push(ext4.differences(now, after));
    now = after;
  }
  const written = ext4.differences(base, ext4.journaled(base, changes));

  const folder = await mkdtemp(join(tmpdir(), 'brownout-named-'));
  stack.defer('folder', () => rm(folder, { recursive: true }));
  const arena = stack.use('arena', await Arena.create(join(folder, 'arena')));
  const log = new WriteLog([{ id: 'main', cache: 'writeback', sectors: base.length / sectorBytes }]);
  const sectors = ext4.blockBytes / sectorBytes;
  const journal = [...written].filter(([block]) => block !== 1).slice(0, blocks);
  for (const [block, content] of journal)
    log.complete(log.issue(0, 'write', block * sectors, sectors, false, arena.append(content)));
  if (data !== undefined) {
    const [block = 0] = ext4.blocksOf(base, data);
    const content = base.subarray(block * ext4.blockBytes, (block + 1) * ext4.blockBytes);
    log.complete(log.issue(0, 'write', block * sectors, sectors, false, arena.append(content)));
  }
  const cut = { state: { at: log.now }, window: { phase: 'install', to: log.now } };
  const disks = { log, bases: [bufferView(base)], arena };
  return { log, names: new NamedWrites(disks, cut), targets: writeTargets(disks) };
}

/** What the writes are called, each name once, without the writes' numbers. */
async function namesOf(
  files: Files,
  transactions: readonly Commands[],
  options?: Options,
): Promise<string[]> {
  await using stack = new CleanupStack();
  const { log, names } = await logged(stack, files, transactions, options);
  return [...new Set(log.records.map(({ seq }) => names.name(seq).replace(/^write \d+ of /, '')))];
}

const lock: Commands = (ext4) => [`write ${ext4.file('pid', '17\n')} /update13/lock`];

describe('a write to the journal of ext4', () => {
  needPrograms('mke2fs', 'debugfs');

  it('is named by what its commit does to which file: a lock that stays is named by its path', async () => {
    expect(await namesOf({ 'update13/': '' }, [lock])).toEqual([
      'install (disk: journal superblock)',
      'install (disk: part of journal commit 1: the new name /update13/lock)',
      'install (disk: journal commit 1: the new name /update13/lock)',
    ]);
  });

  it('is named by what the file system was before its own commit, not before all', async () => {
    const names = await namesOf({ 'etc/hosts': 'old\n', 'etc/hosts.new': 'new\n', 'update13/': '' }, [
      lock,
      () => ['unlink /etc/hosts', 'ln /etc/hosts.new /etc/hosts', 'unlink /etc/hosts.new'],
      () => ['rm /update13/lock'],
    ]);
    expect(names.filter((name) => !name.includes('part of'))).toEqual([
      'install (disk: journal superblock)',
      'install (disk: journal commit 1: the new name /update13/lock)',
      'install (disk: journal commit 2: the rename of /etc/hosts.new to /etc/hosts)',
      'install (disk: journal commit 3: the removal of /update13/lock)',
    ]);
  });

  it('says which package has which version where a list of packages gets its name', async () => {
    const list = (version: string) => `Package: tool\nStatus: install ok installed\nVersion: ${version}\n`;
    const names = await namesOf(
      { 'var/lib/opkg/status': list('1.0'), 'var/lib/opkg/status.new': list('2.0') },
      [
        () => [
          'unlink /var/lib/opkg/status',
          'ln /var/lib/opkg/status.new /var/lib/opkg/status',
          'unlink /var/lib/opkg/status.new',
        ],
      ],
    );
    expect(names.at(-1)).toBe(
      'install (disk: journal commit 1: the rename of /var/lib/opkg/status.new to /var/lib/opkg/status ' +
        '(sets package tool from 1.0 installed to 2.0 installed))',
    );
  });

  describe('with a real rpm', () => {
    needPrograms('rpm', 'sqlite3');

    it('says so of rpm’s database, whose log it makes longer', async () => {
      using database = await upgradedRpmDatabase();
      const { file, log } = database.files();
      const path = '/var/lib/rpm/rpmdb.sqlite';
      const names = await namesOf({ [path.slice(1)]: file, [`${path.slice(1)}-wal`]: log }, [
        () => [`sif ${path}-wal size 0`],
        () => [`sif ${path}-wal size ${log.length}`],
      ]);
      expect(names.at(-1)).toBe(
        `install (disk: journal commit 2: the size of ${path}-wal (0 to ${log.length} bytes) ` +
          '(sets package tool from 1.0-r0 to 2.0-r0))',
      );
    });
  });

  it('is numbered by its commit where no more is asked', async () => {
    await using stack = new CleanupStack();
    const { targets } = await logged(stack, { 'update13/': '' }, [lock, () => ['rm /update13/lock']]);
    expect([...new Set(targets)]).toEqual([
      'disk: journal superblock',
      'disk: part of journal commit 1',
      'disk: journal commit 1',
      'disk: part of journal commit 2',
      'disk: journal commit 2',
    ]);
  });

  it('has no more than its place for a name where no commit followed', async () => {
    expect(await namesOf({ 'update13/': '' }, [lock], { blocks: 3 })).toEqual([
      'install (disk: journal superblock)',
      'install (disk: journal)',
    ]);
  });
});

describe('a reason for a cut between two commits', () => {
  needPrograms('mke2fs', 'debugfs');

  it('names the lock that the first leaves, and the file whose data come with the second', async () => {
    await using stack = new CleanupStack();
    const { log, names } = await logged(stack, { 'update13/': '' }, [
      (ext4) => [...lock(ext4), `write ${ext4.file('nothing', '')} /update13/2.0`],
      () => ['sif /update13/2.0 size 5000', 'rm /update13/lock'],
    ]);
    const commits = log.records.filter(({ seq }) => /\(disk: journal commit/.test(names.name(seq)));
    const [last, next] = commits.map(({ seq }) => seq);
    const failure = {
      state: { at: log.now, shape: { kind: 'prefix' } },
      window: { phase: 'install', upgrade: 0, from: 0, to: log.now },
      stage: 'retry',
    } as const;
    const { text, files } = reasonOf({ kind: 'between', last, next }, names, failure);
    expect(text).toMatch(
      /^write \d+ of install \(disk: journal commit 1: the new name \/update13\/lock, the new name \/update13\/2\.0\) is on the disk, and a cut after it leaves a device whose upgrade cannot be done again although nothing was lost: \/update13\/2\.0 has 0 of its 5000 bytes then, which come later\. Its name came first: fsync a file before it gets its name$/,
    );
    expect(files).toContain('disk: /update13/2.0 (0 of 5000 bytes)');
  });

  it('blames no log, which is written late as well', async () => {
    await using stack = new CleanupStack();
    const { log, names } = await logged(stack, { 'var/log/update': 'x\n', state: 'release=1.0\n' }, [
      () => ['sif /var/log/update size 0', 'sif /state size 0'],
      () => ['sif /var/log/update size 2', 'sif /state size 9'],
    ]);
    const last = log.records.find(({ seq }) => /\(disk: journal commit 1/.test(names.name(seq)))?.seq ?? 0;
    expect(names.emptyAfter(last, { from: 0 }).map(({ path }) => path)).toEqual(['/state']);
  });

  it('names the write that brings the data, and says what would repair a file that was emptied in place', async () => {
    await using stack = new CleanupStack();
    const { log, names } = await logged(
      stack,
      { state: 'release=1.0\n', other: 'x\n' },
      [() => ['sif /state size 0', 'sif /other size 0'], () => ['sif /state size 9', 'sif /other size 1']],
      { data: '/other' },
    );
    const last = log.records.find(({ seq }) => /\(disk: journal commit 1/.test(names.name(seq)))?.seq;
    const failure = {
      state: { at: log.now, shape: { kind: 'prefix' } },
      window: { phase: 'install', upgrade: 0, from: 0, to: log.now },
      stage: 'whole',
    } as const;
    const { text } = reasonOf({ kind: 'between', last, next: undefined }, names, failure);
    expect(text.replace(/^.*nothing was lost: /, '')).toBe(
      `/other has 0 of its 1 bytes then (as has /state), which come with ${names.numbered(log.records.length - 1)}. ` +
        'It was emptied in place: write another file, fsync that, and rename it over this one',
    );
  });

  it('names the commit that comes too late, where every cut until the end of the phase is alike', async () => {
    await using stack = new CleanupStack();
    const { log, names } = await logged(stack, { 'app/2.0.part': 'app 2.0\n', lock: '' }, [
      () => ['rm /lock'],
      () => ['ln /app/2.0.part /app/2.0', 'unlink /app/2.0.part'],
    ]);
    const ends = log.records.filter(({ seq }) => /\(disk: journal commit \d/.test(names.name(seq)));
    const [last, late] = [ends[0], ends.at(-1)];
    const window = { phase: 'install', upgrade: 0, from: 0, to: (last?.issued ?? 0) + 1 } as const;
    const failure = { state: { at: window.to, shape: { kind: 'prefix' } }, window, stage: 'whole' } as const;
    const reason = reasonOf({ kind: 'from-there-on', last: last?.seq }, names, failure);
    expect(reason.text).toBe(
      `${names.name(last?.seq ?? 0)} is on the disk, and each cut from there to the end of install leaves the device broken ` +
        `although nothing was lost: the next commit of a journal is ${names.numbered(late?.seq ?? 0)} ` +
        '(disk: journal commit 2: the rename of /app/2.0.part to /app/2.0)',
    );
    expect(reason.files).toHaveLength(2);
    const nothing = { ...failure, window: { ...window, to: log.now } };
    expect(reasonOf({ kind: 'from-there-on', last: last?.seq }, names, nothing).text).toMatch(
      /nothing was lost$/,
    );
  });
});
