import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JsonlRecorder } from '../../../src/report/recorder.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-recorder-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('JsonlRecorder', () => {
  it('has each event in the file before the next thing happens', async () => {
    const path = join(folder, 'run.jsonl');
    await using recorder = await JsonlRecorder.open(path);
    recorder.sink({ type: 'notice', run: 'r', message: 'two\nlines' });
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      type: 'notice',
      run: 'r',
      message: 'two\nlines',
    });
  });

  it('appends to what is there and ignores events after its end', async () => {
    const path = join(folder, 'run.jsonl');
    for (let i = 0; i < 2; i += 1) {
      const recorder = await JsonlRecorder.open(path);
      recorder.sink({ type: 'notice', run: 'r', message: String(i) });
      await recorder[Symbol.asyncDispose]();
      recorder.sink({ type: 'notice', run: 'r', message: 'late' });
    }
    expect((await readFile(path, 'utf8')).trimEnd().split('\n')).toHaveLength(2);
  });

  it('does not throw into a run when the disk is full, but remembers', async (context) => {
    const recorder = await JsonlRecorder.open('/dev/full').catch(() => undefined);
    if (recorder === undefined) return context.skip('this system has no /dev/full');
    recorder.sink({ type: 'notice', run: 'r', message: 'x' });
    expect(recorder.failure?.message).toContain('ENOSPC');
    await recorder[Symbol.asyncDispose]();
  });

  it('says which file cannot be written', async () => {
    await expect(JsonlRecorder.open(join(folder, 'none', 'run.jsonl'))).rejects.toMatchObject({
      kind: 'harness',
      code: 'reports-unwritable',
      message: expect.stringContaining('none/run.jsonl') as string,
    });
  });
});
