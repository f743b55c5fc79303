import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDeltas, summaryPath } from '../../../../src/image/ostree/deltas.ts';
import type { Tools } from '../../../../src/image/tools.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-deltas-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The time as OSTree writes it, among other bytes. */
function stamped(text: string, seconds = Math.floor(Date.now() / 1000)): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(seconds));
  return Buffer.concat([Buffer.from(`${text} at `), time, Buffer.from(' made')]);
}

/** Writes what `ostree` writes, where it does: a superblock and a part for each delta, and a summary. */
function fakeOstree(content: (text: string) => Buffer, asked: string[] = []): Pick<Tools, 'run'> {
  return {
    run: async (_, args) => {
      asked.push(args.filter((arg) => !arg.startsWith('--repo=')).join(' '));
      const [from, to] = args.flatMap((arg) => /^--(?:from|to)=(.*)$/.exec(arg)?.[1] ?? []);
      if (from !== undefined) {
        const place = join(folder, 'deltas', from.slice(0, 2), `${from.slice(2)}-${to ?? ''}`);
        await mkdir(place, { recursive: true });
        await writeFile(join(place, '0'), 'part');
        await writeFile(join(place, 'superblock'), content(`${from} to ${to ?? ''}`));
      }
      if (args[0] === 'summary') await writeFile(join(folder, 'summary'), content('summary'));
      return { exitCode: 0, stdout: '', stderr: '' };
    },
  };
}

const step = { branch: 'stable', checksum: 'c2', seconds: 1_767_225_600 };

describe('static deltas', () => {
  it('lead to a commit from each before it, and say the same time whenever they are made', async () => {
    const asked: string[] = [];
    const ostree = fakeOstree(stamped, asked);
    await makeDeltas(ostree, folder, { ...step, checksum: 'b1', from: ['a0'] });
    expect(await makeDeltas(ostree, folder, { ...step, from: ['b1', 'a0'] })).toEqual([
      'deltas/a0/-c2/0',
      'deltas/a0/-c2/superblock',
      'deltas/b1/-c2/0',
      'deltas/b1/-c2/superblock',
    ]);
    const read = (path: string) => readFile(join(folder, path));
    expect(await read('deltas/b1/-c2/superblock')).toEqual(stamped('b1 to c2', step.seconds));
    expect(await read(summaryPath('c2'))).toEqual(stamped('summary', step.seconds));
    expect(asked.slice(-5)).toEqual([
      'static-delta generate --from=b1 --to=c2',
      'static-delta generate --from=a0 --to=c2',
      'refs --force --create=stable c2',
      'summary --update',
      'refs --delete stable',
    ]);
  });

  it.each([
    ['no place', () => Buffer.from('timeless')],
    ['two', (text: string) => Buffer.concat([stamped(text), stamped(text)])],
  ])('are not made where their time is in %s', async (_, content) => {
    await expect(makeDeltas(fakeOstree(content), folder, { ...step, from: ['a0'] })).rejects.toMatchObject({
      kind: 'harness',
      code: 'time-not-found',
    });
  });
});
