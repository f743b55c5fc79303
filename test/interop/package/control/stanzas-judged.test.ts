import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeAr } from '../../../../src/package/archive/ar.ts';
import { packTar } from '../../../../src/package/archive/tar.ts';
import { fieldValue } from '../../../../src/package/control/stanza.ts';
import { readStanzas } from '../../../../src/package/control/stanzas.ts';
import { readPackage } from '../../../../src/package/package-file.ts';
import { needPrograms } from '../../../support/host-programs.ts';
import { all } from '../../../unit/derive/feeds.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-stanzas-'));
});
afterAll(() => rm(folder, { recursive: true }));

const base = 'Package: a\nVersion: 1\nArchitecture: all\nMaintainer: m <m@x>\n';
const described = `${base}Description: s\n`;
/** Control files as they are found, by what is odd about them. */
const controls: Record<string, string> = {
  nothing: described,
  'a line of a blank': `${described} l\n \n m\n`,
  'a line of a tab': `${described} l\n\t\n m\n`,
  'a blank at the end': `${described} \n`,
  'a second stanza': `${described}\nPackage: b\nVersion: 2\n`,
  'rubbish after the stanza': `${described}\nfoo\n`,
  'a field twice': `${base}Version: 2\nDescription: s\n`,
  'an own field twice': `${base}X-A: 1\nX-a: 2\nDescription: s\n`,
  'a line without a colon': `${described}rubbish here\nSection: x\n`,
  'a blank before the colon': `${base}Section : x\nDescription: s\n`,
  'a name with a blank': `${base}no field: x\nDescription: s\n`,
  'a name of other letters': `${base}\u00c4: x\nDescription: s\n`,
  'a name with a hyphen first': `${base}-X: s\nDescription: s\n`,
  'an empty name': `${base}: s\nDescription: s\n`,
  'a comment': `${base}# c\nDescription: s\n`,
  'a continuation of nothing': ` x\n${described}`,
  'empty lines first': `\n\n${described}`,
  'line ends of DOS': `${described} l\n`.replaceAll('\n', '\r\n'),
  'no line end': described.trimEnd(),
  'a blank of another kind at the end': `${base}Description: caf\u00a0\n`,
};

describe('a deb is refused where dpkg refuses it', () => {
  needPrograms('dpkg-deb');

  it.each(Object.entries(controls))('with %s', async (_, text) => {
    const tar = (files: Parameters<typeof packTar>[0]) => all(packTar(files, 0));
    const control = { path: './control', type: 'file', mode: 0o644, content: Buffer.from(text) } as const;
    const members = [
      { name: 'debian-binary', content: Buffer.from('2.0\n') },
      { name: 'control.tar', content: await tar([control]) },
      { name: 'data.tar', content: await tar([]) },
    ];
    const path = join(folder, 'a.deb');
    await writeFile(path, writeAr(members, 0));
    const theirs = spawnSync('dpkg-deb', ['--field', path, 'Package'], { encoding: 'utf8' });
    const ours = await readPackage(path).then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(ours === '', `${theirs.stderr}\n${ours}`).toBe(theirs.status === 0);
    if (ours !== '') expect(ours).toMatch(/control: (line \d+: |its last line has no line end)/);
  });
});

describe('an index is read as apt reads it', () => {
  needPrograms('apt-cache');

  it('whatever is odd about a stanza', async () => {
    const one = (name: string, more: string) =>
      `Package: ${name}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n${more}`;
    const text = [
      one('a', 'Description: x\n \n y\nDepends: z\n'),
      one('b', 'Depends: x\nDepends: y\nX-Foo : z\n'),
      // apt loses the field after such a line as well; opkg does not.
      one('c', 'Depends: a\nrubbish without colon\nX: y\n'),
      `${one('d', '')}\r`,
      ` nothing before\n${one('e', 'Depends: d\n')}`,
      one('f', 'Version: 2\nno field: x\nDepends: e\n'),
    ].join('\n');
    const file = join(folder, 'status');
    await writeFile(file, text);
    await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
    const options = {
      'Dir::State::status': file,
      'Dir::State::lists': join(folder, 'lists'),
      'Dir::Cache': folder,
      'Dir::Etc': join(folder, 'none'),
      'APT::Architecture': 'amd64',
    };
    const args = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const { stdout } = spawnSync('apt-cache', [...args, 'dump'], { encoding: 'utf8' });
    const theirs = stdout.split(/^(?=Package: )/m).flatMap((part) => {
      const [, name, version] = /^Package: (\S+)\n Version: (\S+)\n/.exec(part) ?? [];
      return name === undefined ? [] : [[name, version, /Depends: (\S+)/.exec(part)?.[1]]];
    });
    const ours = [...readStanzas(text)].map(({ stanza }) =>
      ['Package', 'Version', 'Depends'].map((field) => fieldValue(stanza, field)),
    );
    expect(ours).toHaveLength(6);
    expect(theirs.sort()).toEqual(ours.sort());
  });
});
