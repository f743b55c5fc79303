import { mkdir, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { exportLogWrites } from '../../../src/recording/export-log.ts';
import { keptRecording, keptRecordings, logOf } from '../../../src/recording/kept-recordings.ts';
import { recordingDigest } from '../../../src/recording/recordings.ts';
import { runScenarios } from '../../../src/runner/run-scenarios.ts';
import { type Lab, slotLab } from '../../support/simulated/lab.ts';

/** Writes that are lost during the installation are enough to find a missing flush. */
const lostWrites = { powerCuts: { during: ['install'], states: ['lost'] }, expect: { retry: 'unchecked' } };

/** A run that has found a missing flush; its finding, and its recording in the cache. */
async function found(lab: Lab): Promise<{ token: string; file: string }> {
  await lab.scenario(lostWrites);
  const { findings } = await lab.run({ limits: { auditLeast: 0, auditShare: 0 } });
  const [finding] = findings;
  return {
    token: finding?.token ?? '',
    file: await realpath(join(lab.reports, 'latest', finding?.file ?? '')),
  };
}

let known: Promise<Buffer> | undefined;

/** The bytes of a finding; every lab has the same image, so that one run is enough for all. */
async function findingBytes(lab: Lab): Promise<Buffer> {
  known ??= found(lab).then(({ file }) => readFile(file));
  return known;
}

async function onlyRecording(lab: Lab): Promise<string> {
  const [name = ''] = await readdir(join(lab.cache, 'recordings'));
  return join(lab.cache, 'recordings', name);
}

/** What is below the reports; a refused replay adds nothing. */
const reportsOf = ({ reports }: Lab) => readdir(reports).catch(() => []);
const notices = ({ events }: Lab) =>
  events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
const random = { powerCuts: { mode: 'random', count: 3 } } as const;

describe('a replay', () => {
  it('boots the state that a token names, from the recording in the cache', async () => {
    const lab = await slotLab({ forgetsFlush: true });
    const { token } = await found(lab);
    const { cut, reason } = await lab.replay(token);
    expect([cut?.verdict, cut?.token, reason]).toEqual(['failed', token, '']);
  });

  it('does so where the file that the scenario was recorded from is gone', async () => {
    const lab = await slotLab({ forgetsFlush: true });
    const { token } = await found(lab);
    await rm(await lab.scenario(lostWrites));
    const { cut } = await lab.replay(token);
    expect(cut?.verdict).toBe('failed');
  });

  it('tells what is booted before it is, and then what the device is at', async () => {
    const lab = await slotLab({ forgetsFlush: true });
    const { file } = await found(lab);
    const told: string[] = [];
    lab.events.length = 0;
    const { cut } = await lab.replay(file, {
      onPlanned: ({ during, description, reason, retry }) => {
        expect(lab.events.some(({ type }) => type === 'boot')).toBe(false);
        told.push(during, description, String(retry));
        expect(reason).toMatch(/no flush/);
      },
    });
    expect(told).toEqual(['install', cut?.description, 'false']);
    const doings = lab.events.flatMap((event) => (event.type === 'boot' ? [event.doing] : []));
    expect(doings[0]).toBe('starts');
    expect(doings.filter((doing) => doing === 'ended')).toHaveLength(1);
    expect(doings.at(-1)).toBe('ended');
  });

  it('lets the guest of a finding reach all that the host reaches only where its user says so, too', async () => {
    const lab = await slotLab({ forgetsFlush: true });
    await lab.scenario({ ...lostWrites, network: 'open' });
    const { findings } = await lab.run({ limits: { auditLeast: 0, auditShare: 0 } });
    const file = await realpath(join(lab.reports, 'latest', findings[0]?.file ?? ''));
    await expect(lab.replay(file)).rejects.toMatchObject({ kind: 'scenario', code: 'open-network' });
    const { cut } = await lab.replay(file, { allowOpenNetwork: true });
    expect(cut?.verdict).toBe('failed');
    const { cut: own } = await lab.replay(findings[0]?.token ?? '');
    expect(own?.verdict).toBe('failed');
  });

  it('takes the finding in a report where the recording is gone, and nothing where that is gone too', async () => {
    const lab = await slotLab({ forgetsFlush: true });
    const { token } = await found(lab);
    await rm(join(lab.cache, 'recordings'), { recursive: true });
    const { cut, reason } = await lab.replay(token);
    expect(cut?.verdict).toBe('failed');
    expect(reason).toMatch(/no flush/);
    await rm(lab.reports, { recursive: true });
    await expect(lab.replay(token)).rejects.toMatchObject({ code: 'recording-missing' });
  });

  it('gives the device, or the disks, to who asks for them', async () => {
    const lab = await slotLab({ forgetsFlush: true });
    const { token, file } = await found(lab);
    const seen: string[] = [];
    const given = await lab.replay(token, {
      handOver: async (device) => {
        seen.push(device.state);
        await device.cutPower();
      },
    });
    expect([seen, given.cut]).toEqual([['ready'], undefined]);
    const folder = join(lab.folder, 'disks');
    await mkdir(folder);
    const reports = await reportsOf(lab);
    const { images } = await lab.replay(file, { exportTo: folder });
    expect(await reportsOf(lab)).toEqual(reports);
    expect(images).toEqual(['boot', 'main', 'data'].map((id) => join(folder, `${id}.img`)));
    const factory = lab.manifest.releases['1.0']?.factory;
    const sizes = await Promise.all(images.map(async (path) => (await stat(path)).size));
    expect(sizes).toEqual(['boot', 'main', 'data'].map((id) => factory?.[id]?.bytes));
    // The state's own writes are in them.
    expect((await readFile(images[2] ?? '')).includes('gateway-7')).toBe(true);
  });

  it.each<[string, string, (lab: Lab, token: string) => Promise<string> | string]>([
    ['token-invalid', 'what is no token', () => 'nonsense'],
    [
      'token-invalid',
      'a state that the recording has not',
      (_, token) => token.replace(/:p1\..*$/, ':p1.999999'),
    ],
    ['token-invalid', 'a state that is none', (_, token) => token.replace(/:p1\..*$/, ':p1.x')],
    [
      'inputs-changed',
      'a scenario that was changed since',
      async (lab, token) => {
        await lab.scenario({ ...lostWrites, configuration: ['/etc/motd'] });
        return token;
      },
    ],
    [
      'inputs-changed',
      'an image that was built anew',
      (lab, token) => {
        lab.manifest.key = 'slots-2';
        return token;
      },
    ],
    [
      'inputs-changed',
      'inputs with another digest',
      (_, token) => token.replace(/:[0-9a-f]{10}:/, ':0000000000:'),
    ],
    ['finding-unreadable', 'a finding that is not there', (lab) => join(lab.folder, 'finding-7.brownout')],
  ])('%s: refuses %s, and leaves no report', async (code, _, change) => {
    const lab = await slotLab({ forgetsFlush: true });
    const { token } = await found(lab);
    const reports = await reportsOf(lab);
    await expect(lab.replay(await change(lab, token))).rejects.toMatchObject({ code });
    expect(await reportsOf(lab)).toEqual(reports);
  });

  it.each<[string, RegExp, (bytes: Buffer) => Buffer]>([
    ['is empty', /it is empty|unexpected end/, () => gzipSync('')],
    ['is no gzip', /incorrect header/, () => Buffer.from('hello')],
    [
      'is of another format',
      /format/,
      (bytes) => gzipSync(gunzipSync(bytes).toString('latin1').replace('finding 1', 'finding 9')),
    ],
    ['ends too early', /too early|unexpected end/, (bytes) => gzipSync(gunzipSync(bytes).subarray(0, -600))],
    ['was cut off', /unexpected end/, (bytes) => bytes.subarray(0, -40)],
    ['names a state that is none', /state/, (bytes) => changed(bytes, /"state":"[^"]*"/, '"state":"x"')],
    [
      'refers to a disk that the image has not',
      /no disk of the image/,
      (bytes) => changed(bytes, /\["data",\d+\]/, '["input","9.9/main",0,1]'),
    ],
    [
      'names an upgrade that the path has not',
      /window\.step: there is no upgrade 7/,
      (bytes) => changed(bytes, /"window":\{"step":0/, '"window":{"step":7'),
    ],
    ['has no level', /no log|levels/, (bytes) => changed(bytes, /"levels":\[.*\]\}$/, '"levels":[]}')],
  ])('refuses a finding that %s, and leaves no report', async (_, says, damage) => {
    const lab = await slotLab({ forgetsFlush: true });
    const path = join(lab.folder, 'finding-1.brownout');
    await writeFile(path, damage(await findingBytes(lab)));
    const reports = await reportsOf(lab);
    const replayed = lab.replay(path);
    await expect(replayed).rejects.toMatchObject({ kind: 'scenario', code: 'finding-unreadable' });
    await expect(replayed).rejects.toThrow(says);
    expect(await reportsOf(lab)).toEqual(reports);
  });

  it('is a fault of the log where a recording names an upgrade that its path has not', async () => {
    const lab = await slotLab();
    await lab.scenario({ powerCuts: { during: ['first-boot'] } });
    await lab.run(random);
    const folder = await onlyRecording(lab);
    const log = (await readFile(join(folder, 'log.json'), 'utf8')).replace('0/first-boot', '7/first-boot');
    await writeFile(join(folder, 'log.json'), log);
    const about = JSON.parse(await readFile(join(folder, 'recording.json'), 'utf8')) as object;
    const sha256 = await recordingDigest(log, join(folder, 'arena'));
    await writeFile(join(folder, 'recording.json'), JSON.stringify({ ...about, sha256 }));
    expect((await lab.run(random)).problem).toMatchObject({
      code: 'log-damaged',
      message: 'the write log names upgrade 7 of 1',
    });
  });
});

/** A finding with another header. */
function changed(bytes: Buffer, what: RegExp, by: string): Buffer {
  const all = gunzipSync(bytes);
  const end = all.indexOf(10);
  const header = all.toString('utf8', 0, end);
  const other = header.replace(what, by);
  expect(other).not.toBe(header);
  return gzipSync(Buffer.concat([Buffer.from(other), all.subarray(end)]));
}

describe('a recording', () => {
  it('is kept for later runs with equal inputs, which see the same states', async () => {
    const lab = await slotLab();
    await lab.scenario(lostWrites);
    const first = await lab.run(random);
    const again = await lab.run(random);
    expect([first, again].map(({ crash }) => crash?.recording.reused)).toEqual([false, true]);
    expect(again.crash?.recording.sha256).toBe(first.crash?.recording.sha256);
    const states = (record: typeof first) =>
      record.crash?.cuts.filter(({ kind }) => kind !== 'live').map(({ id, outcome }) => [id, outcome]);
    expect(states(again)).toEqual(states(first));
    expect(notices(lab)).toContainEqual(expect.stringMatching(/using the recording of an earlier run/));
    const fresh = await lab.run({ ...random, recordings: { fresh: true } });
    expect(fresh.crash?.recording.reused).toBe(false);
    expect(await readdir(join(lab.cache, 'recordings'))).toHaveLength(1);
  });

  it('is dropped, with a notice, and made again where it is damaged', async () => {
    const lab = await slotLab();
    await lab.scenario(lostWrites);
    await lab.run(random);
    for (const [file, content] of [
      ['log.json', '{}'],
      ['arena', 'x'],
      ['recording.json', '{"sha256":'],
    ] as const) {
      await writeFile(join(await onlyRecording(lab), file), content);
      lab.events.length = 0;
      const { verdict, crash } = await lab.run(random);
      expect([file, verdict, crash?.recording.reused]).toEqual([file, 'passed', false]);
      expect(notices(lab)).toContainEqual(expect.stringMatching(/^dropping the recording/));
    }
    expect((await lab.run(random)).crash?.recording.reused).toBe(true);
  });

  it('is not kept where the host cannot, and the run goes on', async () => {
    const lab = await slotLab();
    const { createTarget } = lab;
    lab.createTarget = async (options) => {
      await writeFile(join(lab.cache, 'recordings'), 'in the way');
      return createTarget(options);
    };
    const { verdict } = await lab.run(random);
    expect(verdict).toBe('passed');
    expect(notices(lab)).toContainEqual(expect.stringMatching(/^the recording is not kept/));
  });

  it('is found by the beginning of its digest or name, and by nothing else', async () => {
    const lab = await slotLab();
    await lab.scenario({ releases: ['1.0', '1.1', '2.0'], paths: ['skip', 'adjacent'] });
    await lab.run({ ...random, jobs: 1 });
    const all = await keptRecordings(lab.cache);
    expect(all.map(({ releases }) => releases.join()).sort()).toEqual(['1.0,1.1,2.0', '1.0,2.0']);
    const [one] = all;
    expect(await keptRecording(lab.cache, one?.sha256.slice(0, 20) ?? '')).toEqual(one);
    await expect(keptRecording(lab.cache, 'zz')).rejects.toMatchObject({
      code: 'recording-unknown',
      hint: expect.stringMatching(/log list/) as string,
    });
    await expect(keptRecording(join(lab.cache, 'none'), 'zz')).rejects.toMatchObject({
      code: 'recording-unknown',
      hint: expect.stringMatching(/there are none/) as string,
    });
    const { name, ...rest } = one ?? { name: '', folder: '', sha256: '', releases: [] };
    const twin = join(lab.cache, 'recordings', `${name}-twin`);
    await mkdir(twin);
    await writeFile(join(twin, 'recording.json'), await readFile(join(rest.folder, 'recording.json')));
    await expect(keptRecording(lab.cache, name)).rejects.toMatchObject({ code: 'recording-ambiguous' });
  });

  it('is exported disk by disk', async () => {
    const lab = await slotLab();
    await lab.run(random);
    const [recording] = await keptRecordings(lab.cache);
    if (recording === undefined) throw new Error('nothing was kept');
    const signal = new AbortController().signal;
    const path = join(lab.folder, 'log.bin');
    const { bytes, entries } = await exportLogWrites(recording, 'main', path, signal);
    const main = (await logOf(recording)).records.filter(
      ({ disk, completed }) => disk === 1 && completed !== undefined,
    );
    expect(entries).toBeGreaterThanOrEqual(main.length);
    expect((await stat(path)).size).toBe(bytes);
    await expect(exportLogWrites(recording, 'main', path, signal)).rejects.toMatchObject({
      code: 'output-unusable',
    });
    await expect(exportLogWrites(recording, 'mian', `${path}2`, signal)).rejects.toMatchObject({
      code: 'disk-unknown',
      message: expect.stringMatching(/main/) as string,
    });
    const stopped = exportLogWrites(recording, 'main', `${path}3`, AbortSignal.abort(new Error('enough')));
    await expect(stopped).rejects.toThrow('enough');
    await expect(stat(`${path}3`)).rejects.toThrow(/ENOENT/);
    await writeFile(join(recording.folder, 'log.json'), '{}');
    await expect(logOf(recording)).rejects.toMatchObject({ code: 'recording-damaged' });
  });
});

describe('a run', () => {
  it('does not begin where it could leave no report, or has no room', async () => {
    const lab = await slotLab();
    await writeFile(lab.reports, 'in the way');
    await expect(lab.run(random)).rejects.toMatchObject({ code: 'reports-unwritable' });
    await rm(lab.reports);
    await mkdir(lab.cache);
    await writeFile(join(lab.cache, 'work'), 'in the way');
    await expect(lab.run(random)).rejects.toMatchObject({ code: 'cache-unwritable' });
  });

  it('says where its report cannot be written at its end', async () => {
    const lab = await slotLab();
    const run = lab.run({
      powerCuts: { mode: 'none' },
      events: (event) => {
        if (event.type === 'run-started') return;
        lab.events.push(event);
      },
      host: {
        createTarget: (options) => lab.createTarget(options),
        qemuVersion: () => Promise.resolve('simulated'),
        wrongReleaseFor: () => Promise.resolve('nobody asks'),
        pageParts: () => Promise.resolve({ script: '', style: '' }),
        imageFor: async () => {
          await rm(join(lab.reports, 'latest'), { recursive: true });
          await rm(lab.reports, { recursive: true });
          throw new Error('no image');
        },
      },
    });
    await expect(run).rejects.toMatchObject({ code: 'reports-unwritable' });
  });

  it('takes what it did not expect for a fault of its own', async () => {
    const lab = await slotLab();
    const { host } = await lab.options();
    if (host === undefined) throw new Error('a lab has a host');
    const imageFor = () => Promise.reject(new TypeError('x is not a function'));
    const record = await lab.run({ powerCuts: { mode: 'none' }, host: { ...host, imageFor } });
    expect(record).toMatchObject({
      verdict: 'error',
      problem: { kind: 'harness', code: 'unexpected', message: 'x is not a function' },
    });
  });

  it('has a folder for each of several scenarios, and numbers those with one name', async () => {
    const lab = await slotLab();
    const records = await runScenarios(await lab.options({ powerCuts: { mode: 'none' } }, 2));
    expect(records.map(({ verdict }) => verdict)).toEqual(['passed', 'passed']);
    const left = await readdir(join(lab.reports, 'latest'));
    const ofAll = ['codequality.json', 'index.html', 'junit.xml', 'summary.md', 'testresults.json'];
    expect(left.sort()).toEqual([...ofAll, 'simulated-qemuarm64', 'simulated-qemuarm64-2'].sort());
    expect(await runScenarios(await lab.options({ machine: 'qemux86-64' }))).toEqual([]);
  });
});
