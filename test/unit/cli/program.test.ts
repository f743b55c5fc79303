import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { theMachine } from '../../../src/cli/image-names.ts';
import { usualLimits } from '../../../src/crash/usual-limits.ts';
import { WriteLog } from '../../../src/writelog/log.ts';
import { storeLog } from '../../../src/writelog/stored-log.ts';
import { withCode } from '../../support/errors.ts';
import { printed } from '../../support/printed.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

function brownout(...args: string[]) {
  return printed(args, { PATH: folder, BROWNOUT_CACHE: folder });
}

async function scenario(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const good = 'name: x\nmachines: [qemuarm64]\nimage: rauc-ab\nagent: rauc\nreleases: ["1.0", "1.1"]\n';

describe('help', () => {
  it.each([[['--help']], [['run', '--help']]])('%s states the exit codes', async (args) => {
    const { code, out, err } = await brownout(...args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const line of [
      '0  all passed',
      '1  a device',
      '2  the scenario',
      '3  the harness',
      '4  nothing was run',
    ])
      expect(out).toContain(line);
  });

  it.each([
    ['conform', '--budget <duration>'],
    ['shell', '--within <time>'],
  ])('%s states a default as it is typed', async (command, option) => {
    const { out } = await brownout(command, '--help');
    expect(out.slice(out.indexOf(option)).replace(/\s+/g, ' ')).toMatch(/^[^(]*\(default: 15m\)/);
  });

  it.each([
    ['run'],
    ['setup'],
    ['schema'],
    ['image build'],
    ['image list'],
    ['image verify'],
    ['image lock'],
    ['image import'],
    ['shell'],
    ['feed index'],
    ['feed serve'],
    ['yocto list'],
    ['log list'],
    ['log export'],
  ])('%s has an example', async (command) => {
    const { code, out } = await brownout(...command.split(' '), '--help');
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Examples?:\\n {2}\\$ brownout ${command}`));
  });

  it.each([
    ['--audit', usualLimits.auditShare * 100],
    ['--retry-boots', usualLimits.retryBoots],
    ['--second-cut-boots', usualLimits.secondCutBoots],
  ])('of %s has the default that the manual has', async (option, value) => {
    const { out } = await brownout('run', '--help');
    expect(out).toMatch(new RegExp(`${option} <[^-]*\\(default: ${value}\\)`));
    const manual = await readFile('scenarios/README.md', 'utf8');
    expect(manual).toContain(`| \`${option} ${value}\` | ${value} |`);
    expect(manual).toContain(`at least ${usualLimits.auditLeast} a path`);
  });

  it('prints the version', async () =>
    expect(await brownout('--version')).toMatchObject({ code: 0, out: '0.1.0\n' }));
});

describe('a wrong command line', () => {
  it.each([
    ['no command', [], 'Usage: brownout'],
    ['an unknown command', ['rnu'], 'Did you mean run?'],
    ['an unknown option', ['run', 's.yaml', '--sed', '1'], 'Did you mean --seed?'],
    ['no scenario', ['run'], "missing required argument 'scenario'"],
    [
      'a machine',
      ['run', 's.yaml', '--machine', 'qemuarm46'],
      '--machine: expected one of qemux86-64, qemuarm64, found "qemuarm46"; did you mean "qemuarm64"?',
    ],
    ['cuts', ['run', 's.yaml', '--power-cuts', 'al'], 'did you mean "all"?'],
    ['a seed', ['run', 's.yaml', '--seed', 'a b'], '--seed: expected'],
    ['jobs', ['run', 's.yaml', '--jobs', '0'], '--jobs: expected a whole number from 1 to 256, found "0"'],
    [
      'a port',
      ['run', 's.yaml', '--ssh-port', '99999'],
      '--ssh-port: expected a whole number from 1 to 65535',
    ],
    ['an image', ['image', 'build', 'rauc-ba'], 'yocto-ipk-2026; did you mean "rauc-ab"?'],
    ['no image', ['image', 'build'], 'name an image: apt, '],
  ])('%s ends with 2', async (_, args, message) => {
    const { code, out, err } = await brownout(...args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(message);
    expect(err).not.toContain('    at ');
  });
});

describe('run', () => {
  it.each(['--second-cut-boots', '--recovery-boots'])(
    'takes %s for the boots after a second cut',
    async (option) => {
      const { code, err } = await brownout('run', 'none.yaml', option, '-1');
      expect(code).toBe(2);
      expect(err).toContain(`${option}: expected a whole number`);
      const none = await brownout('run', join(folder, 'none.yaml'), '--power-cuts', 'all', option, '3');
      expect(none.err).toContain('none.yaml cannot be read');
    },
  );

  it('has no help on the older name of an option', async () => {
    const { out } = await brownout('run', '--help');
    expect(out).toContain('--second-cut-boots');
    expect(out).not.toContain('--recovery-boots');
  });

  it('reports what is wrong with every scenario before anything starts', async () => {
    const a = await scenario('a.yaml', good.replace('qemuarm64', 'qemuarm46'));
    const b = await scenario('b.yaml', good.replace('name', 'nmae'));
    const { code, err } = await brownout('run', a, b, join(folder, 'c.yaml'));
    expect(code).toBe(2);
    expect(err).toContain(`${a}:2:12: machines[0]: expected one of`);
    expect(err).toContain(`${b}:1:1: unknown key "nmae"; did you mean "name"?`);
    expect(err).toContain('c.yaml cannot be read: no such file');
  });

  it('says which host packages are missing, as JSON too', async () => {
    const path = await scenario('a.yaml', good);
    const { code, out, err } = await brownout('run', path, '--json');
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      exitCode: 3,
      error: {
        kind: 'harness',
        code: 'host-incomplete',
        message: 'this host lacks qemu-system-aarch64, setpriv, perl',
      },
    });
    expect(err).toContain('hint: run: brownout setup');
  });

  it('runs nothing where no scenario names the machine', async () => {
    const path = await scenario('a.yaml', good);
    await writeFile(join(folder, 'setpriv'), '', { mode: 0o755 });
    await writeFile(join(folder, 'perl'), '', { mode: 0o755 });
    const reports = join(folder, 'reports');
    const args = ['run', path, '--machine', 'qemux86-64', '--reports', reports];
    expect(await brownout(...args)).toMatchObject({
      code: 4,
      out: 'nothing was run: no scenario names qemux86-64\n',
    });
    const { code, out } = await brownout(...args, '--json');
    expect({ code, json: JSON.parse(out) as unknown }).toEqual({ code: 4, json: { exitCode: 4, runs: [] } });
  });

  it('refuses one port for several machines at once', async () => {
    const path = await scenario('a.yaml', good);
    await writeFile(join(folder, 'setpriv'), '', { mode: 0o755 });
    await writeFile(join(folder, 'perl'), '', { mode: 0o755 });
    await writeFile(join(folder, 'qemu-system-aarch64'), '', { mode: 0o755 });
    const { code, err } = await brownout('run', path, '--jobs', '2', '--ssh-port', '2222');
    expect(code).toBe(2);
    expect(err).toContain('--ssh-port serves one machine at a time');
  });

  it('shows where an error arose only when asked', async () => {
    const { err } = await brownout('run', join(folder, 'none.yaml'), '--verbose');
    expect(err).toContain('    at ');
  });
});

describe('setup --check', () => {
  it('lists what is missing with the package that has it', async () => {
    const { code, out } = await brownout('setup', '--check');
    expect(code).toBe(3);
    expect(out).toContain('  qemu-system-aarch64 (Debian: qemu-system-arm)\n');
    expect(out).not.toContain('nbdinfo');
    expect((await brownout('setup', '--check', '--tests')).out).toContain('nbdinfo (Debian: libnbd-bin)');
  });
});

describe('image', () => {
  it('lists what can be built', async () => {
    expect((await brownout('image', 'list')).out).toMatch(/^rauc-ab +qemuarm64 +not built$/m);
    const { out } = await brownout('image', 'list', '--json');
    const machine = (name: string) => ({ machine: name, folders: [] });
    expect(JSON.parse(out)).toEqual(
      expect.arrayContaining([
        { name: 'rauc-ab', machines: [machine('qemux86-64'), machine('qemuarm64')] },
        { name: 'yocto-ipk', machines: [machine('qemuarm64')] },
      ]),
    );
  });

  it('verifies nothing where nothing is built', async () => {
    expect(await brownout('image', 'verify')).toMatchObject({ code: 4 });
  });
});

describe('log', () => {
  /** Keeps a recording of one write and one flush. */
  async function keep(name: string, sha256: string): Promise<string> {
    const kept = join(folder, 'recordings', name);
    await mkdir(kept, { recursive: true });
    const log = new WriteLog([
      { id: 'main', sectors: 8, cache: 'writeback' },
      { id: 'vars', sectors: 8, cache: 'writethrough' },
    ]);
    log.complete(log.issue(0, 'write', 2, 1, false, 0));
    log.complete(log.issue(0, 'zero', 0, 2, false));
    log.complete(log.issue(0, 'flush', 0, 0, false));
    await writeFile(join(kept, 'log.json'), storeLog(log));
    await writeFile(join(kept, 'arena'), Buffer.alloc(512, 7));
    await writeFile(
      join(kept, 'recording.json'),
      JSON.stringify({ sha256, path: { releases: ['1.0', '2.0'] } }),
    );
    return kept;
  }

  it('lists what there is', async () => {
    expect(await brownout('log', 'list')).toMatchObject({ code: 4, out: 'there are no recordings\n' });
    const kept = await keep('aa-bb', 'f'.repeat(64));
    await mkdir(join(folder, 'recordings', 'rubbish'));
    const { code, out: listed } = await brownout('log', 'list');
    expect([code, listed]).toEqual([
      0,
      expect.stringMatching(
        /^f{12} {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}\? {2}\? {2}1\.0 -> 2\.0 {2}main: 2 writes, 1 flushes; vars: 0 writes, 0 flushes\n$/,
      ),
    ]);
    const about = join(kept, 'recording.json');
    const stored = JSON.parse(await readFile(about, 'utf8')) as object;
    const of = { scenario: { source: { path: 'a/b/stable.yaml' } }, inputs: { machine: 'qemuarm64' } };
    await writeFile(about, JSON.stringify({ ...stored, ...of }));
    await keep('old', 'e'.repeat(64));
    await utimes(join(folder, 'recordings', 'old', 'recording.json'), 0, 0);
    const lines = (await brownout('log', 'list')).out.split('\n');
    expect(lines[0]).toContain('  stable  qemuarm64  1.0 -> 2.0  ');
    expect(lines[1]).toMatch(/^e{12} {2}1970-01-01 00:00 {2}\? {7}\? {10}1\.0 -> 2\.0 {2}/);
    await rm(join(folder, 'recordings', 'old'), { recursive: true });
    const { out } = await brownout('log', 'list', '--json');
    expect(JSON.parse(out)).toMatchObject([
      { name: 'aa-bb', disks: [{ id: 'main', writes: 2, flushes: 1 }, {}] },
    ]);
  });

  it('exports one disk of one recording', async () => {
    await keep('aa-bb', 'f'.repeat(64));
    const file = join(folder, 'main.log');
    for (const name of ['fff', 'aa-']) {
      const { code, out } = await brownout('log', 'export', name, '--disk', 'main', '-o', file);
      expect({ code, out }).toEqual({ code: 0, out: `${file}: 3 entries, ${7 * 512} bytes\n` });
      const bytes = await readFile(file);
      expect(bytes.readBigUInt64LE(16)).toBe(3n);
      expect(bytes.subarray(2 * 512, 3 * 512).every((byte) => byte === 7)).toBe(true);
      expect(bytes.subarray(4 * 512, 6 * 512).every((byte) => byte === 0)).toBe(true);
      await rm(file);
    }
  });

  it('says what is wrong with what is asked for', async () => {
    const file = join(folder, 'main.log');
    const wrong = async (...args: string[]) => {
      const { code, out, err } = await brownout('log', 'export', ...args);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      return err;
    };
    expect(await wrong('f', '--disk', 'main', '-o', file)).toContain('no recording begins with "f"');
    await keep('aa-bb', 'f'.repeat(64));
    await keep('aa-cc', `fe${'f'.repeat(62)}`);
    expect(await wrong('0', '--disk', 'main', '-o', file)).toContain('hint: brownout log list');
    expect(await wrong('f', '--disk', 'main', '-o', file)).toContain(
      '2 recordings begin with "f": ffffffffffff, fef',
    );
    expect(await wrong('fe', '--disk', 'mian', '-o', file)).toContain('found "mian"; did you mean "main"?');
    expect(await wrong('fe', '-o', file)).toContain("required option '--disk <id>'");
    expect(await wrong('fe', '--disk', 'main')).toContain("required option '-o, --output <file>'");
    expect(await wrong('fe', '--disk', 'main', '-o', file, '--format', 'x')).toContain(
      '--format: expected one of dm-log-writes, found "x"',
    );
    await writeFile(file, 'precious');
    expect(await wrong('fe', '--disk', 'main', '-o', file)).toContain('main.log: it is there already');
    expect(await readFile(file, 'utf8')).toBe('precious');
  });

  it('leaves no half a file of a damaged recording', async () => {
    const kept = await keep('aa-bb', 'f'.repeat(64));
    await writeFile(join(kept, 'arena'), '');
    const file = join(folder, 'main.log');
    expect(await brownout('log', 'export', 'ff', '--disk', 'main', '-o', file)).toMatchObject({ code: 3 });
    await expect(readFile(file)).rejects.toThrow('ENOENT');
    await writeFile(join(kept, 'log.json'), '{');
    expect((await brownout('log', 'list')).out).toContain('1.0 -> 2.0  damaged');
    const { code, err } = await brownout('log', 'export', 'ff', '--disk', 'main', '-o', file);
    expect(code).toBe(3);
    expect(err).toContain('cannot read the recording');
  });
});

describe('schema', () => {
  it('prints JSON Schema', async () => {
    const { code, out } = await brownout('schema');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ type: 'object', additionalProperties: false });
  });

  it('knows every kind of file that users write', async () => {
    for (const kind of ['scenario', 'image', 'recipe']) {
      const { code, out } = await brownout('schema', kind);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ title: `brownout ${kind}` });
    }
    expect((await brownout('schema', 'imago')).code).toBe(2);
  });
});

it('the machine of an image that is made for several has to be named', () => {
  expect(theMachine('x', ['qemuarm64'], undefined)).toBe('qemuarm64');
  expect(theMachine('x', ['qemux86-64', 'qemuarm64'], 'qemux86-64')).toBe('qemux86-64');
  expect(() => theMachine('x', ['qemux86-64', 'qemuarm64'], undefined)).toThrow(
    withCode('machine-unnamed', 'made for qemux86-64 and qemuarm64'),
  );
});
