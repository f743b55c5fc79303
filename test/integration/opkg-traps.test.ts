import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReleaseSource } from '../../src/agents/agent.ts';
import { agentFor } from '../../src/agents/index.ts';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { Deadline } from '../../src/core/deadline.ts';
import { observePackages } from '../../src/device/observe-packages.ts';
import { findFeeds } from '../../src/feed/find-feeds.ts';
import { serveFolder } from '../../src/feed/http-server.ts';
import { writeIndexes } from '../../src/feed/index-feed.ts';
import { buildImage } from '../../src/image/build.ts';
import { packagesOf } from '../../src/image/packages/feed-release.ts';
import { Arena } from '../../src/nbd/arena.ts';
import { FileDisk } from '../../src/nbd/file-disk.ts';
import { OverlayDisk } from '../../src/nbd/overlay-disk.ts';
import { checkPackages } from '../../src/oracle/packages.ts';
import type { Compression } from '../../src/package/archive/compression.ts';
import type { NewTarEntry } from '../../src/package/archive/tar.ts';
import { field } from '../../src/package/control/stanza.ts';
import { writePackage } from '../../src/package/control/write-package.ts';
import { createTarget, type Ready } from '../../src/target/target.ts';
import { testData } from '../support/data.ts';

const opkgAgent = agentFor({ name: 'opkg' });

/** A package of these tests; it installs a file that says its version. */
interface Probe {
  name: string;
  version: string;
  architecture?: string;
  depends?: string;
  compression?: Compression;
  scripts?: Record<string, string>;
  /** Instead of a file that says its version. */
  files?: NewTarEntry[];
}

const release = '4.0.1';
const limits = () => ({ deadline: Deadline.after(300_000), signal: new AbortController().signal });

describe('what goes wrong with opkg 0.5.0 on a device of kirkstone', () => {
  testData('yocto-kirkstone-aarch64');
  const stack = new CleanupStack();
  let folder: string;
  let device: Ready;

  // One device for all: its first start takes minutes.
  beforeAll(async () => {
    if (process.env['BROWNOUT_DATA'] === undefined) return;
    folder = await mkdtemp(join(tmpdir(), 'opkg-traps-'));
    stack.defer('test folder', () => rm(folder, { recursive: true, force: true }));
    const manifest = await buildImage({ name: 'yocto-ipk', machine: 'qemuarm64' });
    const arena = stack.use('arena', await Arena.create(join(folder, 'arena')));
    const path = manifest.releases[release]?.factory?.['main']?.path ?? '';
    const base = stack.use('base image', await FileDisk.open(path));
    const target = stack.use(
      'target',
      await createTarget({
        manifest,
        machine: 'qemuarm64',
        disks: manifest.disks.map((spec) => ({ spec, disk: new OverlayDisk(base, arena) })),
        folder,
        consoleLog: (n) => join(folder, `console.${n}.log`),
        accelerator: 'tcg',
        signal: new AbortController().signal,
        onNotice: () => undefined,
        // Each test has servers of its own, later.
        reach: 'open',
      }),
    );
    const state = await (await target.powerOn()).untilReady(Deadline.after(1_500_000));
    if (state.state === 'broken') throw state.failure;
    device = state;
  }, 1_600_000);
  afterAll(() => stack[Symbol.asyncDispose]());

  /** A feed on a server of its own, and what it has. */
  async function serve(name: string, probes: readonly Probe[], owner: CleanupStack) {
    const root = join(folder, name);
    for (const probe of probes) {
      const { version, architecture = 'all', depends, compression = 'xz', scripts = {} } = probe;
      const path = join(root, architecture, `${probe.name}_${version}_${architecture}.ipk`);
      await mkdir(dirname(path), { recursive: true });
      const control = [
        field('Package', probe.name),
        field('Version', version),
        field('Architecture', architecture),
        ...(depends === undefined ? [] : [field('Depends', depends)]),
      ];
      const content = Buffer.from(`${probe.name} ${version}\n`);
      const { files = [{ path: `/opt/${probe.name}`, type: 'file', mode: 0o644, content }] } = probe;
      await writeFile(path, await writePackage({ control, scripts, files }, { compression }));
    }
    await writeIndexes(root, await findFeeds(root, 'ipk'), 'ipk');
    const server = owner.use('server', await serveFolder({ root, onNotice: () => undefined }));
    const contents = (await packagesOf(root, 'ipk')).map((one) => one.contents);
    const folders = [...new Set(contents.map(({ architecture }) => architecture))];
    const url = server.guestUrl('').replace(/\/$/, '');
    const source: ReleaseSource = { url, folders, packages: contents, older: false };
    return { source, contents };
  }

  /** Brings the first probes to the device, then has it upgraded to the next. */
  async function upgrade(old: readonly Probe[], next: readonly Probe[]) {
    await using owner = new CleanupStack();
    const prefix = old.map(({ name }) => name).join('-');
    const before = await serve(`${prefix}-1`, old, owner);
    const after = await serve(`${prefix}-2`, next, owner);
    const names = old.map(({ name }) => name);
    await opkgAgent.packages?.add(device, before.source, names, limits());
    const releases = new Map([
      ['1', before.contents],
      ['2', after.contents],
    ]);
    const paths = [...releases.values()].flat().flatMap(({ files }) => files.map(({ path }) => path));
    const look = async () =>
      checkPackages(await observePackages(device, 'opkg', paths, limits().signal), releases, ['2']);
    const said = await opkgAgent.install(device, after.source, limits()).then(
      () => 'success',
      (error: unknown) => String(error),
    );
    const found = await look();
    const recover = async () => {
      await opkgAgent.packages?.recover(device, after.source, limits());
      return look();
    };
    return { said, found, recovered: await recover().catch(String) };
  }

  const probe = (name: string, more: Partial<Probe> = {}) =>
    [[{ name, version: '1.0-r0' }], [{ name, version: '1.0-r1', ...more }]] as const;

  it('takes a package that is compressed with xz', async () => {
    const { said, found } = await upgrade(...probe('plain'));
    expect([said, found]).toMatchObject(['success', { verdict: 'passed' }]);
  });

  it('cannot unpack one that is compressed with zstd, as from scarthgap on, and says so', async () => {
    const { said, found, recovered } = await upgrade(...probe('zstd', { compression: 'zst' }));
    expect(said).toMatch(/install ended with 255: [^]*Failed to extract data\.tar\.\*/);
    expect(found).toMatchObject({ code: 'release-unexpected' });
    expect(recovered).toMatch(/Failed to extract data\.tar\.\*/);
  });

  it('passes over one of a tune that its arch.conf does not have, with success', async () => {
    const { said, found } = await upgrade(...probe('tune', { architecture: 'cortexa57' }));
    expect([said, found]).toMatchObject(['success', { code: 'release-unexpected' }]);
  });

  it('cannot download anything while an upgrade has taken wget away, as that of busybox does', async () => {
    const wget = {
      preinst: '#!/bin/sh\n[ "$1" != upgrade ] || rm /usr/bin/wget\n',
      postinst: '#!/bin/sh\nln -sf /bin/busybox.nosuid /usr/bin/wget\n',
    };
    const [applets, other] = ['applets', 'other'];
    const { said, found, recovered } = await upgrade(
      [
        { name: applets, version: '1.0-r0' },
        { name: other, version: '1.0-r0', depends: applets },
      ],
      [
        { name: applets, version: '1.0-r1', scripts: wget },
        { name: other, version: '1.0-r1', depends: applets },
      ],
    );
    expect(said).toMatch(/install ended with 255: [^]*wget returned/);
    expect(found).toMatchObject({ code: 'release-mixed' });
    expect(recovered).toMatchObject({ verdict: 'passed' });
  });

  it('does nothing, with success, where the feed lacks what a new version needs', async () => {
    const { said, found } = await upgrade(...probe('needy', { depends: 'absent' }));
    expect([said, found]).toMatchObject(['success', { code: 'release-unexpected' }]);
  });

  it('finds nothing wrong with a record of packages that is empty', async () => {
    const record = '/var/lib/opkg/status';
    const run = (command: string) => device.run(command, limits());
    await run(`cp ${record} /run/status && : >${record}`);
    try {
      expect((await run('opkg list-installed && opkg upgrade')).exitCode).toBe(0);
      await expect(observePackages(device, 'opkg', [], limits().signal)).rejects.toMatchObject({
        code: 'package-database',
        message: expect.stringContaining('no package is installed') as string,
      });
    } finally {
      await run(`cp /run/status ${record}`);
    }
  });

  // The last two leave a package in part, which every look at the device finds.
  const partlyThere = (what: string) => ({
    code: 'packages-partly',
    message: expect.stringContaining(what) as string,
  });

  it('leaves the old files of a package whose preinst failed, and calls the next upgrade a success', async () => {
    const scripts = { preinst: '#!/bin/sh\n[ "$1" != upgrade ]\n' };
    const { said, found, recovered } = await upgrade(...probe('stubborn', { scripts }));
    expect(said).toMatch(/install ended with 255/);
    const partly = partlyThere('stubborn 1.0-r1 (half-installed)');
    expect([found, recovered]).toMatchObject([partly, partly]);
  });

  it('cannot make a link of a folder, as a merged /usr wants, and recovers with success without having done it', async () => {
    const file = (path: string, text: string): NewTarEntry => ({
      path,
      type: 'file',
      mode: 0o644,
      content: Buffer.from(text),
    });
    const stays = { name: 'stays', version: '1.0-r0', files: [file('/opt/tree/lib/stays', 'stays\n')] };
    const old = { name: 'merged', version: '1.0-r0', files: [file('/opt/tree/lib/merged', '0\n')] };
    const link: NewTarEntry = { path: '/opt/tree/lib', type: 'symlink', target: 'usr/lib' };
    const files = [link, file('/opt/tree/usr/lib/merged', '1\n')];
    const next = [stays, { name: 'merged', version: '1.0-r1', files }];
    const { said, found, recovered } = await upgrade([stays, old], next);
    const partly = partlyThere('merged 1.0-r1 (half-installed)');
    expect(said).toMatch(/install ended with 255: [^]*that path is currently a directory/);
    expect([found, recovered]).toMatchObject([partly, partly]);
  });
});
