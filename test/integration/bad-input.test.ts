import { copyFile, mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { Deadline } from '../../src/core/deadline.ts';
import { messageOf } from '../../src/core/errors.ts';
import { waitFor } from '../../src/core/wait.ts';
import { buildImage } from '../../src/image/build.ts';
import type { ImageManifest } from '../../src/model/image.ts';
import { run } from '../../src/process/run.ts';
import { brownout, projectFolder, qemusNaming, recordOf, temporaryFolder } from './cli.ts';
import { writePrebuilt } from './prebuilt.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let image: ImageManifest;

beforeAll(async () => {
  folder = await temporaryFolder();
  image = await buildImage({ name: 'rauc-ab', machine: 'qemuarm64' });
});
afterAll(() => folder[Symbol.asyncDispose]());

/** A scenario file beside the image `gateway`, with more lines at its end. */
async function scenario(name: string, lines = ''): Promise<string> {
  const path = join(folder.path, `${name}.yaml`);
  await writeFile(
    path,
    `name: ${name}\nmachines: [qemuarm64]\nimage: ./${name}\nagent: { name: rauc, bundle: verity }\nreleases: ["1.0", "2.0"]\n${lines}`,
  );
  return path;
}

/** A scenario beside an image whose last release is the reference image's, spoilt. */
async function withBundle(name: string, spoil: (bundle: string) => Promise<void>): Promise<string> {
  const bundle = join(folder.path, `${name}.raucb`);
  await copyFile(image.releases['2.0']!.bundles['verity']!.path, bundle);
  await spoil(bundle);
  await writePrebuilt(image, join(folder.path, name), ['1.0', '2.0'], { bundle });
  return scenario(name);
}

const runJson = (path: string, ...more: string[]) =>
  brownout([
    'run',
    path,
    '--power-cuts',
    'none',
    '--json',
    '--reports',
    join(folder.path, 'reports'),
    ...more,
  ]);

describe('a device that breaks its promise: exit 1', () => {
  it('a bundle with a wrong signature', async () => {
    const result = await runJson(await withBundle('forged', forge));
    expect(result.code, result.stderr).toBe(1);
    const step = recordOf(result).paths[0]?.steps.at(-1);
    expect(step).toMatchObject({
      name: '1.0->2.0 install',
      verdict: 'failed',
      problem: { kind: 'device', code: 'install-failed' },
    });
    expect(step?.problem?.message).toMatch(/signature|bundle/i);
    expect(step?.console).toMatch(/^console\/.*\.log$/);
  });

  it.each([
    ['panics', 'echo c > /proc/sysrq-trigger; sleep 60', 'connection-lost', /reset itself \(.*Kernel panic/],
    ['hangs', 'sleep 600', 'install-timeout', /within 10 s/],
  ])('a guest that %s', async (name, install, code, message) => {
    const path = join(folder.path, `${name}.yaml`);
    await writeFile(
      path,
      `name: ${name}\nmachines: [qemuarm64]\nimage: rauc-ab\nreleases: ["1.0", "2.0"]\nagent: { name: script, install: "${install}" }\nexpect: { installs: { within: 10s } }\n`,
    );
    const result = await runJson(path);
    expect(result.code, result.stderr).toBe(1);
    const step = recordOf(result).paths[0]?.steps.find(({ name: found }) => found === '1.0->2.0 install');
    expect(step).toMatchObject({ problem: { kind: 'device', code } });
    expect(step?.problem?.message).toMatch(message);
    expect(step?.console).toMatch(/^console\/.*\.log$/);
    expect(await qemusNaming(join(folder.path, 'reports'))).toEqual([]);
  });

  it('a guest that never opens ssh: one message with the limit and the console log', async () => {
    const mainDisk = join(folder.path, 'empty.img');
    await writeFile(mainDisk, '');
    await truncate(mainDisk, 256 << 20);
    await writePrebuilt(image, join(folder.path, 'empty'), ['1.0', '2.0'], { mainDisk });
    const started = Date.now();
    const result = await runJson(await scenario('empty', 'expect: { boots: { within: 15s } }\n'));
    expect(result.code, result.stderr).toBe(1);
    expect(Date.now() - started).toBeLessThan(60_000);
    const problem = recordOf(result).paths[0]?.steps[0]?.problem;
    expect(problem).toMatchObject({ kind: 'device' });
    expect(['boot-timeout', 'reset-loop', 'no-ssh']).toContain(problem?.code);
    const { folder: report } = (JSON.parse(result.stdout) as { runs: { folder: string }[] }).runs[0]!;
    expect((await readFile(resolve(projectFolder, report, problem?.log ?? ''))).length).toBeGreaterThan(0);
  });
});

describe('a wrong scenario or command line: exit 2', () => {
  it('a truncated bundle: told with its place in the image.yaml, and nothing is booted', async () => {
    const result = await runJson(await withBundle('truncated', (bundle) => truncate(bundle, 1 << 20)));
    expect(result.code, result.stderr).toBe(2);
    expect(result.stderr).toMatch(
      /truncated\/image\.yaml:1:\d+: .*bundles\.verity: .*it is cut short: its squashfs has \d+ bytes, of which 1048576 are there/,
    );
    expect(JSON.parse(result.stdout)).toMatchObject({ error: { kind: 'scenario', code: 'bundle-invalid' } });
  });

  it('a file to be preserved that the device never had', async () => {
    const path = join(folder.path, 'absent.yaml');
    await writeFile(
      path,
      'name: absent\nmachines: [qemuarm64]\nimage: rauc-ab\nreleases: ["1.0", "2.0"]\nagent: rauc\nconfiguration: [/etc/hostnmae]\n',
    );
    const result = await runJson(path);
    expect(result.code, result.stderr).toBe(2);
    expect(recordOf(result).problem).toMatchObject({ kind: 'scenario', code: 'configuration-absent' });
    expect(recordOf(result).problem?.message).toContain('/etc/hostnmae');
  });

  it('an image whose key is not the device’s', async () => {
    await writePrebuilt(
      { ...image, ssh: { ...image.ssh, hostKeySha256: 'A'.repeat(43) } },
      join(folder.path, 'stranger'),
      ['1.0', '2.0'],
    );
    const result = await runJson(await scenario('stranger'));
    expect(result.code, result.stderr).toBe(2);
    expect(recordOf(result).problem).toMatchObject({ kind: 'scenario', code: 'image-mismatch' });
  });

  it('an unknown key: file, line, column and the nearest word', async () => {
    const path = await scenario('typo', 'relaeses: []\n');
    const result = await brownout(['run', path]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(`${path}:6:1`);
    expect(result.stderr).toContain('did you mean "releases"?');
  });

  it.each([
    ['a wrong machine', ['run', 'scenarios/rauc/ab-upgrade.yaml', '--machine', 'qemuarm']],
    ['a missing scenario', ['run', 'scenarios/nowhere.yaml']],
    [
      'a mode of cuts that does not exist',
      ['run', 'scenarios/rauc/ab-upgrade.yaml', '--power-cuts', 'sometimes'],
    ],
  ])('%s', async (_, args) => {
    const result = await brownout(args);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/^error: /m);
    expect(result.stderr).not.toMatch(/^ {4}at /m);
  });

  it('an image file that cannot be read', async () => {
    await writePrebuilt(image, join(folder.path, 'missing'), ['1.0', '2.0'], {
      mainDisk: join(folder.path, 'nowhere.img'),
    });
    const result = await runJson(await scenario('missing'));
    expect(result.code).toBe(2);
    expect(recordOf(result).problem).toMatchObject({ code: 'image-unreadable' });
    expect(recordOf(result).problem?.message).toContain('nowhere.img');
  });

  it('a release that the image does not have', async () => {
    await writePrebuilt(image, join(folder.path, 'norelease'), ['1.0', '1.1']);
    const result = await brownout(['run', await scenario('norelease')]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/^error: .*it has 1\.0, 1\.1/m);
  });
});

describe('a host that is not up to it: exit 3', () => {
  it('no QEMU', async () => {
    const bin = join(folder.path, 'bin');
    await mkdir(bin);
    const result = await brownout(['run', join(projectFolder, 'scenarios/rauc/ab-upgrade.yaml')], {
      env: { PATH: bin },
    });
    expect(result.code).toBe(3);
    expect(result.stderr).toContain('qemu-system-aarch64');
    expect(result.stderr).toContain('brownout setup');
  });

  it('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const result = await brownout([
      'run',
      join(projectFolder, 'test/scenarios/upgrade.yaml'),
      '--machine',
      'qemuarm64',
      '--power-cuts',
      'none',
      '--json',
      '--reports',
      join(folder.path, 'reports'),
      '--ssh-port',
      String(port),
    ]);
    server.close();
    expect(result.code).toBe(3);
    expect(recordOf(result).problem).toMatchObject({ kind: 'harness', code: 'port-taken' });
    expect(recordOf(result).problem?.message).toContain(String(port));
  });

  it('a full disk', async (context) => {
    await using small = await smallDisk('small', '24m', context);
    await writePrebuilt(image, join(folder.path, 'full'), ['1.0', '2.0']);
    const result = await brownout(
      [
        'run',
        await scenario('full'),
        '--power-cuts',
        'none',
        '--json',
        '--reports',
        join(folder.path, 'reports'),
      ],
      { env: { BROWNOUT_CACHE: small.path } },
    );
    expect(result.code, result.stderr).toBe(3);
    expect(recordOf(result).problem).toMatchObject({ kind: 'harness', code: 'storage-failed' });
    expect(recordOf(result).problem?.message).toContain('ENOSPC');
  });

  it('a report folder that is full', async (context) => {
    await using small = await smallDisk('few', '64k', context);
    await writeFile(join(small.path, 'filler'), Buffer.alloc(60 << 10));
    const result = await brownout([
      'run',
      await scenario('missing'),
      '--reports',
      join(small.path, 'reports'),
    ]);
    expect(result.code, result.stderr).toBe(3);
    expect(result.stderr).toMatch(/^error: cannot write .*ENOSPC/m);
    expect(result.stderr).toContain('--reports');
  });

  it('an interruption: no QEMU is left, and the report says how far the run came', async () => {
    const reports = join(folder.path, 'interrupted');
    const result = await brownout(
      [
        'run',
        join(projectFolder, 'test/scenarios/upgrade.yaml'),
        '--machine',
        'qemuarm64',
        '--power-cuts',
        'none',
        '--json',
        '--reports',
        reports,
      ],
      {
        onStarted: (child) => {
          void waitFor(
            'QEMU to run',
            async () => ((await qemusNaming(reports)).length > 0 ? true : undefined),
            { deadline: Deadline.after(120_000) },
          ).then(() => child.kill('SIGINT'));
        },
      },
    );
    expect(result.code).toBe(3);
    expect(await qemusNaming(reports)).toEqual([]);
    const record = JSON.parse(await readFile(join(reports, 'latest', 'run.json'), 'utf8')) as {
      verdict: string;
    };
    expect(record.verdict).toBe('error');
  });
});

/** A file system of its own with little room; skips the test where mounting is not allowed. */
async function smallDisk(
  name: string,
  size: string,
  context: TestContext,
): Promise<{ path: string } & AsyncDisposable> {
  const path = join(folder.path, name);
  await mkdir(path);
  try {
    await run({ program: 'mount', args: ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path] });
  } catch (error) {
    context.skip(`mounting a small file system needs root: ${messageOf(error)}`);
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      await run({ program: 'umount', args: [path] });
    },
  };
}

/** Changes one byte of the signature at the bundle's end (CMS, then its size in 8 bytes). */
async function forge(bundle: string): Promise<void> {
  await using file = await open(bundle, 'r+');
  const { size } = await file.stat();
  const at = size - 8 - 20;
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 0xff;
  await file.write(byte, 0, 1, at);
}
