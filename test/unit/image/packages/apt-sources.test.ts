import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRecords } from '../../../../src/image/packages/apt.ts';
import {
  findMirror,
  mirrorOf,
  parseLines,
  parseStanzas,
} from '../../../../src/image/packages/apt-sources.ts';

describe('parseLines', () => {
  it('reads one-line sources with options and comments', () => {
    const text = [
      '# deb http://old.example/debian stable main',
      'deb [arch=amd64 signed-by=/x.gpg] http://mirror.example/debian bookworm main contrib # ours',
      'deb-src http://mirror.example/debian bookworm main',
    ].join('\n');
    expect(parseLines(text)).toEqual([
      { uri: 'http://mirror.example/debian', components: ['main', 'contrib'] },
    ]);
  });
});

describe('parseStanzas', () => {
  it('reads deb822 sources, several addresses and continued lines', () => {
    const text = [
      'Types: deb deb-src',
      '# a comment within',
      'URIs: http://one.example/debian',
      ' http://two.example/debian/',
      'Suites: trixie',
      'Components: main',
      '',
      'Enabled: no',
      'Types: deb',
      'URIs: http://off.example/debian',
      'Components: main',
    ].join('\n');
    expect(parseStanzas(text).map(({ uri }) => uri)).toEqual([
      'http://one.example/debian',
      'http://two.example/debian/',
    ]);
  });
});

describe('mirrorOf', () => {
  const main = ['main'];

  it('tells Debian from other sources and the security archive from the main one', () => {
    expect(
      mirrorOf([
        { uri: 'http://docker.example/linux/debian', components: ['stable'] },
        { uri: 'http://ubuntu.example/ubuntu', components: main },
        { uri: 'http://mirror.example/debian-security/', components: main },
        { uri: 'http://mirror.example/debian/', components: main },
      ]),
    ).toEqual({ main: 'http://mirror.example/debian/', security: 'http://mirror.example/debian-security/' });
  });

  it('finds snapshots and mirror lists, and guesses the security archive beside', () => {
    expect(mirrorOf([{ uri: 'http://s.example/archive/debian/20260101T000000Z', components: main }])).toEqual(
      {
        main: 'http://s.example/archive/debian/20260101T000000Z',
        security: 'http://s.example/archive/debian-security/20260101T000000Z',
      },
    );
    expect(mirrorOf([{ uri: 'mirror+file:/etc/apt/mirrors/debian.list', components: main }])?.security).toBe(
      'mirror+file:/etc/apt/mirrors/debian-security.list',
    );
  });

  it('finds nothing on other systems', () => {
    expect(mirrorOf([{ uri: 'http://ubuntu.example/ubuntu', components: main }])).toBeUndefined();
  });
});

describe('findMirror', () => {
  it('prefers the environment, then the host, then Debian itself', async () => {
    const etc = await mkdtemp(join(tmpdir(), 'brownout-apt-'));
    try {
      expect(await findMirror({ BROWNOUT_DEBIAN_MIRROR: 'http://own.example/debian/' }, etc)).toEqual({
        main: 'http://own.example/debian',
        security: 'http://own.example/debian-security',
      });
      expect(await findMirror({}, etc)).toEqual({
        main: 'http://deb.debian.org/debian',
        security: 'http://deb.debian.org/debian-security',
      });
      await mkdir(join(etc, 'sources.list.d'));
      await writeFile(
        join(etc, 'sources.list.d', 'd.sources'),
        'Types: deb\nURIs: http://h.example/debian\nComponents: main\n',
      );
      await writeFile(
        join(etc, 'sources.list.d', 'off.list.disabled'),
        'deb http://no.example/debian x main\n',
      );
      expect(await findMirror({}, etc)).toMatchObject({ main: 'http://h.example/debian' });
    } finally {
      await rm(etc, { recursive: true });
    }
  });
});

describe('parseRecords', () => {
  it('takes complete records only', () => {
    const digest = 'a'.repeat(64);
    const text = `Package: one\nVersion: 1:2-3\nSize: 10\nSHA256: ${digest}\nDescription: x\n y\n\nPackage: two\nVersion: 1\n`;
    expect(parseRecords(text)).toEqual([{ name: 'one', version: '1:2-3', sha256: digest, bytes: 10 }]);
  });
});
