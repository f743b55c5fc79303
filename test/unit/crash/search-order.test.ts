import { describe, expect, it } from 'vitest';
import { summaryText } from '../../../src/report/summary.ts';
import { FileStore } from '../../support/simulated/file-store.ts';
import { slotLab } from '../../support/simulated/lab.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';

/** At its first start the new release does something to a file of the owner's. */
function atFirstStart(
  change: (files: FileStore, path: string, content: Buffer) => Promise<void>,
): SlotTraits['onStart'] {
  return async ({ disks }, release) => {
    const disk = disks.get('data');
    if (release === '1.0' || disk === undefined) return;
    const files = new FileStore(disk);
    const [path, marker] = ['/etc/app.conf', '/var/migrated'];
    const file = await files.read(path);
    if (file === undefined || (await files.read(marker)) !== undefined) return;
    await change(files, path, file.content);
    await files.replace(marker, Buffer.from('yes'));
    await files.flush();
  };
}

/** Devices with one fault each. */
const mutants: Record<string, SlotTraits> = {
  'the slot is not flushed': { forgetsFlush: true },
  'the boot loader is told before the slot is written': { activatesFirst: true },
  "the owner's files are rewritten in place": { rewritesFiles: true },
  'a migration empties the file first': {
    onStart: atFirstStart((files, path, content) => files.rewrite(path, content)),
  },
  'a migration flushes the emptied file': {
    onStart: atFirstStart(async (files, path, content) => {
      await files.rewrite(path, Buffer.alloc(0));
      await files.flush();
      await files.rewrite(path, content);
    }),
  },
  'a migration leaves half of the file for a while': {
    onStart: atFirstStart(async (files, path, content) => {
      await files.replace(path, content.subarray(0, 4));
      await files.flush();
      await files.replace(path, content);
    }),
  },
  'the slot is not flushed, and the files are rewritten': { forgetsFlush: true, rewritesFiles: true },
};

describe('the order of the search', () => {
  it('comes upon a fault within five boots, for half of the mutants at least', async () => {
    const found: Record<string, number | undefined> = {};
    for (const [name, traits] of Object.entries(mutants)) {
      const lab = await slotLab(traits);
      await lab.scenario({ powerCuts: { during: ['install', 'first-boot', 'confirm'] } });
      const record = await lab.run({ jobs: 1 });
      expect(record.verdict).toBe('failed');
      found[name] = record.crash?.bootsUntilFound;
    }
    const boots = Object.values(found).map((count) => count ?? Number.POSITIVE_INFINITY);
    expect(boots.sort((a, b) => a - b)[boots.length >> 1]).toBeLessThanOrEqual(5);
  });

  it('is told: how many boots it took until the first finding', async () => {
    const lab = await slotLab({ forgetsFlush: true });
    const record = await lab.run();
    const drawn = (record.crash?.cuts ?? []).filter(({ kind }) => kind !== 'live');
    const first = 1 + drawn.findIndex(({ verdict }) => verdict === 'failed');
    expect(first).toBeGreaterThan(0);
    expect(record.crash?.bootsUntilFound).toBe(first);
    expect(summaryText([record])).toContain(`, the first by boot ${first}\n`);
    const sound = await (await slotLab()).run();
    expect(sound.crash).not.toHaveProperty('bootsUntilFound');
  });
});
