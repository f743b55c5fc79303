import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeTargets } from '../../../src/crash/write-targets.ts';
import { bufferView } from '../../../src/filesystem/view.ts';
import { Arena } from '../../../src/nbd/arena.ts';
import { WriteLog } from '../../../src/writelog/log.ts';
import { fat, smallFat } from '../filesystem/small-fat.ts';

describe('where writes went', () => {
  it('is said of the disk as it was at the end of the phase, or later where that was free then', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brownout-targets-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await using arena = await Arena.create(join(folder, 'arena'));
    const whole = smallFat();
    const [root, data] = [fat.rootStart, fat.dataStart];
    const log = new WriteLog([{ id: 'main', sectors: fat.sectors, cache: 'writeback' }]);
    const write = (sector: number, content: Buffer) => {
      log.complete(log.issue(0, 'write', sector, content.length / 512, false, arena.append(content)));
    };
    log.mark('0/install');
    // The file's first sector comes before anything names it.
    write(data, whole.subarray(data * 512, (data + 1) * 512));
    log.mark('0/first-boot');
    log.complete(log.issue(0, 'flush', 0, 0, false));
    write(root, whole.subarray(root * 512, data * 512));
    write(data, whole.subarray(data * 512, (data + 5) * 512));
    const base = Buffer.from(whole);
    base.fill(0, root * 512, data * 512);
    expect(writeTargets({ log, bases: [bufferView(base)], arena })).toEqual([
      'disk: /ENV.TXT (bytes 0-511)',
      '',
      'disk: directory /',
      'disk: /ENV.TXT (bytes 0-511); disk: directory /loader; disk: /ENV.TXT (bytes 512-1023); 2 more places',
    ]);
  });
});
