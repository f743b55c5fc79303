import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeKeyPair } from '../../../src/guest/key-pair.ts';
import { WriteLog } from '../../../src/writelog/log.ts';
import { storeLog } from '../../../src/writelog/stored-log.ts';
import { helpExamples } from '../../support/help-examples.ts';
import { smallPackageFile } from '../../unit/package/small-package.ts';
import { conf } from '../../unit/yocto/confs.ts';
import { makeTree } from '../../unit/yocto/deploy.ts';

const root = resolve(import.meta.dirname, '../../..');
const lines = [...new Set(helpExamples().flatMap(({ examples }) => examples))];

/** Why an example is not run here. */
const leftOut: readonly [RegExp, string][] = [
  [/^brownout (run|record|replay|shell|conform|admit) /, 'boots'],
  [/^brownout image (build|lock|verify) /, 'builds an image, or asks package servers'],
  [/^brownout image import /, 'boots what it has imported, or wants a disk of somebody’s'],
  [/^brownout setup$/, 'installs packages'],
  [/^brownout feed serve /, 'ends when it is interrupted'],
  [/^brownout report /, 'wants a report: test/unit/runner/build-page.test.ts'],
  [/--format rpm /, 'wants an rpm: test/interop/feed'],
  [/--image-spdx /, 'wants the SPDX of a build: test/unit/cli/sbom.test.ts'],
  [/\| source$/, 'is of fish: test/interop/completion'],
  [/^(ssh|replay-log) /, 'is another program'],
];
const runHere = lines.filter((line) => !leftOut.some(([pattern]) => pattern.test(line)));

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'brownout-examples-'));
  const packages = Object.fromEntries(
    await Promise.all(
      [
        ['tmp/deploy/ipk/all/a_1.ipk', 'a', '1'],
        ['releases/4.0.1/all/a_1.ipk', 'a', '1'],
        ['my-debs/a_1.deb', 'a', '1'],
      ].map(async ([path = '', name = '', version = '']) => [path, await smallPackageFile(name, version)]),
    ),
  ) as Record<string, Buffer>;
  for (const [path, content] of Object.entries(packages)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const arm = { machine: 'qemuarm64', qb_default_kernel: 'Image', qb_drive_type: '/dev/vd' };
  const x86 = { machine: 'qemux86-64', image_link_name: 'i-qemux86-64', qb_drive_type: '/dev/sd' };
  const device = '-device virtio-net-pci,netdev=net0,mac=@MAC@';
  await makeTree(join(folder, 'build/tmp/deploy/images'), {
    'qemuarm64/core-image-minimal-qemuarm64.qemuboot.conf': conf({
      ...arm,
      image_link_name: 'core-image-minimal-qemuarm64',
      qb_network_device: device,
    }),
    'qemuarm64/core-image-minimal-qemuarm64.ext4': 'disk',
    'qemuarm64/Image': 'kernel',
    'qemux86-64/i-qemux86-64.qemuboot.conf': conf({ ...x86, qb_network_device: device }),
    'qemux86-64/i-qemux86-64.wic': 'disk',
  });
  const installed = 'Package: a\nVersion: 1\nArchitecture: all\nStatus: install user installed\n';
  const recording = join('.cache/brownout/recordings/3f9a');
  const log = new WriteLog([{ id: 'main', sectors: 8, cache: 'writeback' }]);
  log.complete(log.issue(0, 'write', 2, 1, false, 0));
  await makeTree(folder, {
    '4.0.2.yaml': 'from: ipk\nrevision: { all: ".1" }\n',
    status: installed,
    'status-before': installed,
    'status-after': installed.replace('Version: 1', 'Version: 2'),
    '.ssh/lab': makeKeyPair('lab').privateKey,
    [`${recording}/log.json`]: storeLog(log),
    [`${recording}/arena`]: 'x'.repeat(512),
    [`${recording}/recording.json`]: JSON.stringify({
      sha256: `3f9a1c${'0'.repeat(58)}`,
      path: { releases: ['1.0', '2.0'] },
    }),
    'bin/brownout': `-> ${join(root, 'dist/cli/main.js')}`,
  });
  symlinkSync(join(root, 'images'), join(folder, 'images'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('each reason for leaving one out is of one that there is', () => {
  for (const [pattern] of leftOut) expect(lines.some((line) => pattern.test(line))).toBe(true);
});

it.each(runHere)('works as it stands: %s', (line) => {
  const { status, stderr } = spawnSync('bash', ['-c', line], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, HOME: folder },
  });
  // A host may lack something; the recording here is of no use, and there are no images.
  const codes = /^brownout (setup --check|cache verify)\b/.test(line) ? [0, 3, 4] : [0];
  expect(codes, stderr).toContain(status);
});
