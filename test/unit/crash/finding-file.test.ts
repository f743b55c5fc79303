import { readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrownoutError } from '../../../src/core/errors.ts';
import { type Lab, slotLab } from '../../support/simulated/lab.ts';

type Json = Record<string, unknown>;

interface Found {
  lab: Lab;
  file: string;
  header: Json;
  data: Buffer;
  token: string;
}

/** A lab with the finding that its run has left. */
async function labWithFinding(): Promise<Found> {
  const lab = await slotLab({ forgetsFlush: true });
  const { findings } = await lab.run();
  const file = await realpath(join(lab.reports, 'latest', findings[0]?.file ?? ''));
  const text = gunzipSync(await readFile(file));
  const end = text.indexOf(10);
  const header = JSON.parse(text.toString('utf8', 0, end)) as Json;
  return { lab, file, header, data: text.subarray(end + 1), token: findings[0]?.token ?? '' };
}

/** Writes a finding with this header, and the data of the one that was found. */
async function write({ file, data }: Found, header: unknown): Promise<void> {
  const line = Buffer.from(`${JSON.stringify(header)}\n`);
  await writeFile(file, gzipSync(Buffer.concat([line, data])));
}

/** What a replay comes to that boots nothing. */
async function replay({ lab, file }: Found): Promise<unknown> {
  return await lab.replay(file, { exportTo: lab.folder }).catch((error: unknown) => error);
}

const unreadable = (message: string) => ({
  kind: 'scenario',
  code: 'finding-unreadable',
  message: expect.stringContaining(message) as unknown,
});

/** The header with other fields in its only level. */
function withLevel({ header }: Found, fields: (level: Json) => Json): Json {
  const [level = {}] = header['levels'] as Json[];
  return { ...header, levels: [{ ...level, ...fields(level) }] };
}

function withLog(found: Found, change: (log: { disks: Json[]; records: number[][] }) => void): Json {
  return withLevel(found, ({ log }) => {
    const value = JSON.parse(String(log)) as { disks: Json[]; records: number[][] };
    change(value);
    return { log: JSON.stringify(value) };
  });
}

describe('a finding', () => {
  it('is replayed as older programs wrote it', async () => {
    const found = await labWithFinding();
    const files = (found.header['configuration'] as Json[]).map(({ path, content, access }) => ({
      path,
      content,
      access,
    }));
    await write(found, { ...found.header, configuration: files });
    const { cut } = await found.lab.replay(found.file);
    expect(cut).toMatchObject({ verdict: 'failed', token: found.token });
  });

  it('of a second cut is replayed with the word that older programs had for that', async () => {
    const found = await labWithFinding();
    const { scenario, window } = found.header as { scenario: Json; window: Json };
    const powerCuts = { ...(scenario['powerCuts'] as Json), during: ['install', 'recovery'] };
    await write(found, {
      ...found.header,
      scenario: { ...scenario, powerCuts },
      window: { ...window, phase: 'recovery' },
    });
    const replayed = await found.lab.replay(found.file);
    expect(replayed.cut?.during).toBe('second-cut');
    expect(replayed.scenario.powerCuts.during).toEqual(['install', 'second-cut']);
  });

  it('is refused with the file and the field where it is damaged', async () => {
    const found = await labWithFinding();
    const { header } = found;
    const window = header['window'] as Json;
    const scenario = header['scenario'] as Json;
    const cases: [Json | unknown[], string][] = [
      [
        { ...header, format: 'brownout finding 2' },
        'format: expected "brownout finding 1", found "brownout finding 2"',
      ],
      [[], 'expected object, received array'],
      [{ ...header, token: undefined }, 'token: expected string, received undefined'],
      [{ ...header, window: { ...window, from: -1 } }, 'window.from: '],
      [{ ...header, window: { ...window, step: 7 } }, 'window.step: there is no upgrade 7 on 1.0->1.1'],
      [{ ...header, levels: [] }, 'levels: '],
      [{ ...header, scenario: { ...scenario, paths: [[]] } }, 'scenario.paths[0]: '],
      [{ ...header, scenario: { ...scenario, agent: { name: 'nobody' } } }, 'scenario.agent'],
      [{ ...header, inputs: { ...(header['inputs'] as Json), path: '1.0' } }, 'inputs.path: expected array'],
      [{ ...header, configuration: [{ path: 1 }] }, 'configuration[0].path: expected string'],
      [
        withLevel(found, () => ({ state: '12.sideways' })),
        'levels[0].state: "12.sideways" names no crash state',
      ],
      [
        withLevel(found, () => ({ state: '9.lost4000' })),
        'levels[0].state: write 4000 is not un-flushed at 9',
      ],
      [withLevel(found, () => ({ pieces: [['data', -1]] })), 'levels[0].pieces[0]'],
      [withLevel(found, () => ({ pieces: [['data', 2 ** 40]] })), 'levels[0].pieces[0]'],
      [
        withLevel(found, () => ({ pieces: [['zero', 2 ** 31]] })),
        'levels[0].pieces: they are 2147483648 sectors',
      ],
      [
        withLevel(found, () => ({ pieces: [['input', '1.0/moon', 0, 1]] })),
        'levels[0].pieces[0]: 1.0/moon is no disk of the image',
      ],
      [
        withLevel(found, () => ({ pieces: [['input', '1.0/main', 2 ** 30, 1]] })),
        'levels[0].pieces[0]: 1.0/main has no 1 sectors from 1073741824 on',
      ],
      [withLevel(found, () => ({ log: '{' })), 'levels[0].log: it is not JSON'],
      [withLog(found, ({ records }) => records.reverse()), 'levels[0].log: records['],
      [withLog(found, ({ disks }) => disks.pop()), 'levels[0].log: '],
      [
        withLog(found, ({ records }) => records.forEach((row) => row[1] === 0 && (row[5] = 2 ** 30))),
        'levels[0].log: its writes have ',
      ],
      [
        withLog(found, ({ disks }) => disks.forEach((disk) => (disk['sectors'] = 2 ** 30))),
        'levels[0].log: its disks are not those of the image',
      ],
    ];
    for (const [damaged, message] of cases) {
      await write(found, damaged);
      expect(await replay(found), message).toMatchObject(unreadable(message));
      expect(await replay(found)).toMatchObject(unreadable(found.file));
    }
  });

  it('is refused where the file is not whole, or is no finding at all', async () => {
    const found = await labWithFinding();
    const whole = await readFile(found.file);
    const text = gunzipSync(whole);
    const cases: [Buffer, string][] = [
      [whole.subarray(0, whole.length - 4), 'unexpected end of file'],
      [Buffer.from('PK'), 'incorrect header check'],
      [gzipSync(Buffer.alloc(0)), 'it is empty'],
      [gzipSync(Buffer.from('no line')), 'it is empty'],
      [gzipSync(Buffer.from('{"format":\n')), 'it is not JSON'],
      [gzipSync(text.subarray(0, text.length - 512)), 'it ends too early'],
      [gzipSync(Buffer.concat([text, Buffer.alloc(512)])), 'it has more data than its log needs'],
    ];
    for (const [bytes, message] of cases) {
      await writeFile(found.file, bytes);
      expect(await replay(found), message).toMatchObject(unreadable(message));
    }
    const { lab } = found;
    expect(await replay({ ...found, file: join(lab.folder, 'none.brownout') })).toMatchObject(
      unreadable('no such file'),
    );
  });

  it('is no fault of brownout whatever byte of it is wrong', async () => {
    const found = await labWithFinding();
    const packed = await readFile(found.file);
    const plain = gunzipSync(packed);
    const headerEnd = plain.indexOf(10);
    const flipped = (bytes: Buffer, at: number, flips: number) => {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ flips;
      return copy;
    };
    const flips = fc.integer({ min: 1, max: 255 });
    const damaged = fc.oneof(
      fc.tuple(fc.nat(packed.length - 1), flips).map(([at, by]) => flipped(packed, at, by)),
      fc.tuple(fc.nat(headerEnd), flips).map(([at, by]) => gzipSync(flipped(plain, at, by), { level: 1 })),
    );
    await fc.assert(
      fc.asyncProperty(damaged, async (bytes) => {
        await writeFile(found.file, bytes);
        const end = await replay(found);
        if (end instanceof Error) expect(end).toBeInstanceOf(BrownoutError);
      }),
      { numRuns: 60 },
    );
  });
});
