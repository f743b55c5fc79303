import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrownoutError } from '../../../src/core/errors.ts';
import type { PathRecord } from '../../../src/model/record.ts';
import {
  keptRecording,
  keptRecordings,
  logOf,
  readRecording,
} from '../../../src/recording/kept-recordings.ts';
import { findRecording } from '../../../src/recording/recordings.ts';
import { type Lab, slotLab } from '../../support/simulated/lab.ts';
import { packageLab } from '../../support/simulated/package-image.ts';

const asked = { powerCuts: { mode: 'random', count: 1 } } as const;

/** A lab with the recording that its first run has kept. */
async function labWithRecording(): Promise<{ lab: Lab; folder: string; digest: string; token: string }> {
  const lab = await slotLab();
  await lab.scenario({ powerCuts: { during: ['first-boot', 'confirm'] } });
  const { crash } = await lab.run(asked);
  const [name = ''] = await readdir(join(lab.cache, 'recordings'));
  const token = crash?.cuts.find((cut) => cut.token !== undefined)?.token ?? '';
  const folder = join(lab.cache, 'recordings', name);
  const { sha256 } = await readRecording(folder);
  return { lab, folder, digest: sha256, token };
}

/** Changes a field of recording.json, given by its way from the top. */
async function change(folder: string, way: readonly string[], value: unknown): Promise<void> {
  const path = join(folder, 'recording.json');
  const all = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  let at = all;
  for (const key of way.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[way.at(-1) ?? ''] = value;
  await writeFile(path, JSON.stringify(all));
}

describe('a kept recording', () => {
  it('is found again, by later runs and by its digest', async () => {
    const { lab, digest } = await labWithRecording();
    expect((await lab.run(asked)).crash?.recording.reused).toBe(true);
    const found = await findRecording(digest.slice(0, 10));
    expect(found?.releases).toEqual(['1.0', '1.1']);
    expect(found?.scenario.expect.configuration).toEqual({ edited: 'preserved', deleted: 'stay-deleted' });
    expect(found?.log.marks.map(({ name }) => name)).toContain('0/install');
    expect(await findRecording('0'.repeat(10))).toBeUndefined();
  });

  it('of an older program, whose steps are texts alone and tables have other words, is read as one of this program', async () => {
    const lab = await packageLab();
    const append = { path: '/etc/extra.conf', content: 'mine=1\n' };
    await lab.scenario({ provision: [{ install: ['extra'] }, { append }], reinstall: ['extra'] });
    await lab.run(asked);
    const [name = ''] = await readdir(join(lab.cache, 'recordings'));
    const folder = join(lab.cache, 'recordings', name);
    const path = join(folder, 'recording.json');
    const { path: known } = await readRecording(folder);
    const reused = await lab.run(asked);
    const stored = JSON.parse(await readFile(path, 'utf8')) as { path: PathRecord };
    const { steps, configuration = [], software = [] } = stored.path;
    const older = {
      ...stored.path,
      steps: steps.map(({ name: text, verdict, seconds }) => ({ name: text, verdict, seconds })),
      configuration: configuration.map(({ check: step, files }) => ({ step, files })),
      software: software.map(({ upgrade: step, ...rest }) => ({ step, ...rest })),
    };
    expect([configuration.length, software.length]).toEqual([3, 1]);
    await writeFile(path, JSON.stringify({ ...stored, path: older }));
    expect((await readRecording(folder)).path).toEqual(known);
    const again = await lab.run(asked);
    expect(again.crash?.recording.reused).toBe(true);
    expect(again.paths).toEqual(reused.paths);
    expect(again.paths[0]?.software).toEqual(known.software);
  });

  it.each([
    ['a path without steps', ['path', 'steps'], undefined, 'path.steps: expected array'],
    [
      'a verdict that is none',
      ['path', 'steps'],
      [{ name: 'a', verdict: 'good', seconds: 1 }],
      'path.steps[0].verdict: ',
    ],
    [
      'a file that is no base64',
      ['configuration'],
      [{ path: '/a', content: '?', access: null }],
      'configuration[0].content: ',
    ],
    [
      'a document outside the folder',
      ['path', 'software'],
      [{ upgrade: 'a', diff: { changes: [], unchanged: 0 }, documents: ['../x'] }],
      'path.software[0].documents[0]: expected a path below the folder',
    ],
    ['an unknown machine', ['inputs', 'machine'], 'toaster', 'inputs.machine: '],
    ['a negative deadline', ['scenario', 'expect', 'bootsWithinMs'], -1, 'scenario.expect.bootsWithinMs: '],
    ['a scenario of an older program', ['scenario'], undefined, 'scenario: expected object'],
  ])('is dropped with a notice that names the field: %s', async (_, way, value, message) => {
    const { lab, folder, digest, token } = await labWithRecording();
    await change(folder, way, value);
    const damaged = { kind: 'harness', code: 'recording-damaged' };
    const named = { ...damaged, message: expect.stringContaining(message) as unknown };
    await expect(findRecording(digest)).rejects.toMatchObject(named);
    await expect(lab.replay(token)).rejects.toMatchObject(named);
    expect((await keptRecordings(lab.cache)).map(({ sha256 }) => sha256)).toEqual([digest]);
    lab.events.length = 0;
    expect((await lab.run(asked)).crash?.recording.reused).toBe(false);
    expect(lab.events).toContainEqual({
      type: 'notice',
      run: expect.any(String) as unknown,
      message: expect.stringContaining(`dropping the recording in ${folder}: ${message}`) as unknown,
    });
  });

  it('is told to be damaged to whoever names it', async () => {
    const { lab, folder, digest } = await labWithRecording();
    const kept = await keptRecording(lab.cache, digest);
    await truncate(join(folder, 'arena'), 512);
    await expect(logOf(kept)).rejects.toMatchObject({
      code: 'recording-damaged',
      message: expect.stringMatching(
        /log\.json: its writes need \d+ bytes of data, and there are 512$/,
      ) as unknown,
    });
    await writeFile(join(folder, 'recording.json'), '{');
    expect(await keptRecordings(lab.cache)).toEqual([]);
    await expect(keptRecording(lab.cache, digest)).rejects.toMatchObject({ code: 'recording-unknown' });
    await expect(keptRecording(lab.cache, kept.name)).rejects.toMatchObject({
      code: 'recording-damaged',
      message: expect.stringContaining('recording.json: it is not JSON') as unknown,
    });
  });

  it.each(['recording.json', 'log.json'])(
    'is no fault of brownout whatever byte of it is wrong: %s',
    async (file) => {
      const { folder, digest } = await labWithRecording();
      const path = join(folder, file);
      const whole = await readFile(path);
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flips) => {
          const bytes = Buffer.from(whole);
          bytes[at] = (bytes[at] ?? 0) ^ flips;
          await writeFile(path, bytes);
          const end = await findRecording(digest).catch((error: unknown) => error);
          expect(end instanceof Error && !(end instanceof BrownoutError)).toBe(false);
        }),
        { numRuns: 60 },
      );
    },
  );
});
