import { describe, expect, it } from 'vitest';
import { type FileChange, fileChanges } from '../../../../src/filesystem/ext4/commit-changes.ts';
import { bufferView } from '../../../../src/filesystem/view.ts';
import { needPrograms } from '../../../support/host-programs.ts';
import { RealExt4 } from '../../../support/real-ext4.ts';

const files = {
  'etc/hosts': 'localhost\n',
  'etc/hosts.new': 'localhost, controller\n',
  'etc/motd': 'welcome\n',
  'update13/': '',
};

/** What a transaction with the metadata that these commands change does to files. */
function changesBy(commands: (ext4: RealExt4) => readonly string[]): FileChange[] {
  using ext4 = new RealExt4();
  const before = ext4.make(files);
  const after = ext4.after(before, commands(ext4));
  return fileChanges(bufferView(before), ext4.differences(before, after));
}

describe('what a transaction does to files', () => {
  needPrograms('mke2fs', 'debugfs');

  it.each<[string, (ext4: RealExt4) => readonly string[], FileChange[]]>([
    [
      'a rename over another file',
      () => ['unlink /etc/hosts', 'ln /etc/hosts.new /etc/hosts', 'unlink /etc/hosts.new'],
      [{ kind: 'renamed', path: '/etc/hosts', from: '/etc/hosts.new' }],
    ],
    [
      'a rename into another folder',
      () => ['ln /etc/motd /update13/motd', 'unlink /etc/motd'],
      [{ kind: 'renamed', path: '/update13/motd', from: '/etc/motd' }],
    ],
    ['a folder for a lock', () => ['mkdir /update13/lock'], [{ kind: 'made', path: '/update13/lock' }]],
    [
      'a file for a lock',
      (ext4) => [`write ${ext4.file('pid', '17\n')} /update13/lock`],
      [{ kind: 'made', path: '/update13/lock' }],
    ],
    ['a file less', () => ['rm /etc/motd'], [{ kind: 'removed', path: '/etc/motd' }]],
    [
      'a file that is emptied, and one that only gets another mode',
      () => ['sif /etc/hosts size 0', 'sif /etc/motd mode 0100600'],
      [
        { kind: 'resized', path: '/etc/hosts', from: 10, to: 0 },
        { kind: 'mode', path: '/etc/motd' },
      ],
    ],
    ['another owner', () => ['sif /etc/motd uid 7'], [{ kind: 'owner', path: '/etc/motd' }]],
    ['times alone', () => ['sif /etc/motd mtime 20200101'], [{ kind: 'inode', path: '/etc/motd' }]],
    [
      'another file with the number of one that is gone, which is no rename',
      (ext4) => [
        'rm /etc/motd',
        `write ${ext4.file('other', 'other\n')} /etc/other`,
        'sif /etc/other generation 99',
      ],
      [
        { kind: 'made', path: '/etc/other' },
        { kind: 'removed', path: '/etc/motd' },
      ],
    ],
    [
      'extended attributes in a block of their own',
      (ext4) => [`ea_set -f ${ext4.file('value', 'v'.repeat(600))} /etc/motd user.note`],
      [
        { kind: 'attributes', path: '/etc/motd' },
        { kind: 'inode', path: '/etc/motd' },
      ],
    ],
  ])('%s', (_, commands, changes) => expect(changesBy(commands)).toEqual(changes));

  it('is links that lead elsewhere', () => {
    using ext4 = new RealExt4();
    const before = ext4.after(ext4.make(files), [
      'symlink /etc/version app-1.0',
      'symlink /etc/version.new app-2.0',
    ]);
    const after = ext4.after(before, [
      'unlink /etc/version',
      'ln /etc/version.new /etc/version',
      'unlink /etc/version.new',
      `symlink /etc/far ${'f'.repeat(80)}`,
    ]);
    expect(fileChanges(bufferView(before), ext4.differences(before, after))).toEqual([
      { kind: 'renamed', path: '/etc/version', from: '/etc/version.new', link: 'app-2.0' },
      { kind: 'made', path: '/etc/far' },
    ]);
  });

  it('is a file without a name that somebody has open', () => {
    using ext4 = new RealExt4();
    const before = ext4.make(files);
    const number = ext4.inodeOf(before, '/etc/motd');
    const after = ext4.after(before, ['unlink /etc/motd', `ssv last_orphan ${number}`]);
    expect(fileChanges(bufferView(before), ext4.differences(before, after))).toEqual([
      { kind: 'removed', path: '/etc/motd' },
      { kind: 'orphaned', path: '/etc/motd' },
    ]);
  });

  it('is nothing that can be named where the file system before is damaged', () => {
    using ext4 = new RealExt4();
    const before = ext4.make(files);
    const after = ext4.after(before, ['mkdir /update13/lock']);
    const writes = ext4.differences(before, after);
    expect(fileChanges(bufferView(before.fill(0, 1024, 2048)), writes)).toEqual([]);
  });
});
