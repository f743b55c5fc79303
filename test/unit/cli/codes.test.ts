import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chosenImages, imagePlaces } from '../../../src/cli/image-names.ts';
import { runCli } from '../../../src/cli/program.ts';
import {
  acceleratorName,
  byteSize,
  durationMs,
  fingerprint,
  machineName,
  pointInTime,
  releaseOption,
  seedText,
  suiteName,
  utcTime,
  vendorId,
  wholeNumber,
} from '../../../src/cli/values.ts';
import { withCode } from '../../support/errors.ts';

const scenario = 'name: x\nmachines: [qemuarm64]\nimage: rauc-ab\nagent: rauc\nreleases: ["1.0", "1.1"]\n';
const files = {
  status: 'Package: a\nVersion: 1\nArchitecture: all\nStatus: install user installed\n',
  'empty/readme': '',
  'feeds/all/a.ipk': '',
  'feeds/tune/b.ipk': '',
  'debs/a.deb': '',
  'good.yaml': scenario,
  'opkg.yaml': scenario.replace('agent: rauc', 'agent: opkg'),
  'swu.yaml': scenario
    .replace('rauc-ab', 'systemota')
    .replace('arm64', 'x86-64')
    .replace('agent: rauc', 'agent: { name: rauc, bundle: plain }'),
  'a.yaml': scenario.replace('name', 'nmae'),
  'b.yaml': scenario.replace('agent', 'agnet'),
  'gateway/image.yaml': `description: Ours
prebuilt:
  qemuarm64:
    kernel: { image: Image, arguments: root=/dev/vda }
    disks: [{ id: main }]
    ssh: { user: root, password: x }
    releases: { "1.0": { factory: { main: disk.img } } }
`,
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-codes-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  for (const name of ['setpriv', 'perl', 'qemu-system-aarch64'])
    await writeFile(join(folder, name), '', { mode: 0o755 });
});
afterAll(() => rm(folder, { recursive: true }));

describe('a command that fails says by its code why', () => {
  const sbom = ['sbom', '--status', '@status', '--format', 'opkg'];
  const index = ['feed', 'index', '--format'];

  it.each<[string, number, string[], string?]>([
    ['sbom-unwritable', 3, [...sbom, '--out', '@none/x.json']],
    ['feed-no-index', 2, [...sbom, '--feed', '@empty']],
    ['feed-several', 2, [...index, 'ipk', '--stdout', '@feeds']],
    ['option-invalid', 2, [...index, 'ipk', '--suite', 'edge', '@feeds']],
    ['option-invalid', 2, [...index, 'deb', '--date', '2026-02-01', '--valid-until', '2026-01-01', '@debs']],
    ['option-invalid', 2, ['run', '@good.yaml', '--jobs', '2', '--ssh-port', '2222']],
    ['option-invalid', 2, ['admit', 'nano', '--unit', 'x; reboot']],
    ['option-unused', 2, ['run', '@good.yaml', '--budget', '5m']],
    ['image-unknown', 2, ['admit', 'nano', '--image', 'yocto-ipkg']],
    ['agent-unsupported', 2, ['check', '@opkg.yaml']],
    ['unknown-bundle', 2, ['check', '@swu.yaml']],
    ['cache-unreadable', 3, ['cache', 'list'], '@status'],
    ['option-invalid', 2, ['run', '@good.yaml', '--recording', '@status']],
    ['folder-unwritable', 3, ['run', '@good.yaml', '--power-cuts', 'all', '--ledger', '@status']],
    ['folder-unwritable', 3, ['record', '@good.yaml', '--output', '/proc/brownout']],
    ['unknown-release', 2, ['shell', 'rauc-ab', '--machine', 'qemuarm64', '--release', '1.9']],
    ['machine-unknown', 2, ['shell', 'dnf', '--machine', 'qemuarm64']],
    ['option-invalid', 2, ['report', 'merge', '@', '--recording', '@status']],
    ['folder-unwritable', 3, ['init', '--agent', 'rauc', '--to', '/proc/brownout']],
    ['machine-unknown', 2, ['admit', 'nano', '--image', 'yocto-ipk', '--machine', 'qemux86-64']],
    ['scenarios-invalid', 2, ['run', '@a.yaml', '@b.yaml']],
    ['document-invalid', 2, ['run', '@a.yaml', '@good.yaml']],
    ['image-unknown', 2, ['image', 'build', 'rauc-ba']],
    ['image-unnamed', 2, ['image', 'build']],
  ])('%s, exit code %d', async (code, exitCode, args, cache = '@') => {
    let said = '';
    const ended = await runCli([...args.map((word) => word.replace(/^@/, `${folder}/`)), '--verbose'], {
      stdout: { write: (more) => (said += more) },
      stderr: { write: (more) => (said += more) },
      environment: { PATH: folder, BROWNOUT_CACHE: cache.replace(/^@/, `${folder}/`) },
    });
    expect({ ended, code: /^ +code: '(.*)'/m.exec(said)?.[1] }).toEqual({ ended: exitCode, code });
  });
});

describe('the value of an option', () => {
  it.each<[string, (text: string) => unknown, string, string]>([
    ['--machine', machineName, 'qemuarm46', 'did you mean "qemuarm64"?'],
    ['--jobs', wholeNumber('--jobs', 1, 256), '257', 'a whole number from 1 to 256'],
    ['--budget', durationMs, '1y', 'a duration of 1s to 168h'],
    ['--date', pointInTime('--date'), '2026-02-31T', 'a time such as'],
    ['--suite', suiteName, 'a b', 'a letter or digit'],
    ['--seed', seedText, '', '1 to 64 letters'],
    ['--name', releaseOption('--name'), 'a b', 'a release: letters'],
    ['--created', utcTime, '2026-13-01T00:00:00Z', 'a time such as'],
    ['--accelerator', acceleratorName, 'kmv', 'one of auto, kvm, tcg'],
    ['--disk-budget', byteSize('--disk-budget'), '4', 'a size of 1M to 1T'],
    ['--disk-budget', byteSize('--disk-budget'), '2T', 'such as 512M or 20G'],
    ['--vendor', vendorId, 'A/B', 'the ID of an os-release file'],
    ['--ssh-host-key', fingerprint, 'SHA256:short', 'SHA256: and 43'],
  ])('%s is refused with what is expected', (option, read, text, expected) => {
    expect(() => read(text)).toThrow(withCode('option-invalid', expected));
    expect(() => read(text)).toThrow(`${option}: expected`);
  });
});

it('a size is read to bytes', () => {
  const read = byteSize('--disk-budget');
  expect([read('512M'), read('20G')]).toEqual([512 * 2 ** 20, 20 * 2 ** 30]);
});

it('an image is chosen by name or, as a scenario names it, by a path', async () => {
  const own = (await imagePlaces(['rauc-ab'], false))[0];
  expect(own?.name).toBe('rauc-ab');
  expect(await imagePlaces(['./some/gateway', 'some/gateway/'], false)).toEqual([
    { name: 'gateway', imagesRoot: join(process.cwd(), 'some') },
  ]);
  await expect(imagePlaces(['rauc-ab', 'gateway'], false)).rejects.toThrow('no image "gateway"');
});

it('a folder with an image.yaml is built where a command names it', async () => {
  let said = '';
  const write = (more: string) => (said += more);
  const ended = await runCli(['image', 'build', `${folder}/gateway`, '--machine', 'qemux86-64'], {
    ...{ stdout: { write }, stderr: { write }, environment: { PATH: folder, BROWNOUT_CACHE: folder } },
  });
  expect([ended, said]).toEqual([4, 'nothing was built: gateway is not made for qemux86-64\n']);
});

it('all images are chosen where that is asked for, each named one once', async () => {
  expect(await chosenImages([], true)).toContain('rauc-ab');
  expect(await chosenImages(['rauc-ab', 'rauc-ab'], false)).toEqual(['rauc-ab']);
});
