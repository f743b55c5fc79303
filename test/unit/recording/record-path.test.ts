import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keptRecordings, logOf, recordingFiles } from '../../../src/recording/kept-recordings.ts';
import { sectorBytes } from '../../../src/writelog/log.ts';
import { windowsOf } from '../../../src/writelog/windows.ts';
import { type Lab, slotLab } from '../../support/simulated/lab.ts';

/** What was asked of the disks in each phase of the upgrade, in order; of a write to the boot loader's disk the tries of slot B. */
async function recorded(lab: Lab): Promise<Record<string, string[]>> {
  const { verdict } = await lab.run({ recordings: { only: true, to: join(lab.folder, 'recordings') } });
  expect(verdict).toBe('passed');
  const [kept] = await keptRecordings(lab.folder);
  if (kept === undefined) throw new Error('nothing was recorded');
  const log = await logOf(kept);
  const arena = await readFile(join(kept.folder, recordingFiles.arena));
  const shown = log.records.map(({ issued, kind, completed, disk, arena: at }) => {
    const { id = '' } = log.disks[disk] ?? {};
    const sector = arena.subarray(at * sectorBytes, (at + 1) * sectorBytes).toString();
    const tries = kind === 'write' && id === 'boot' ? `, B:${/"B":(\d+)/.exec(sector)?.[1]}` : '';
    return { issued, text: `${kind} ${id}${tries}${completed === undefined ? ', of QEMU alone' : ''}` };
  });
  return Object.fromEntries(
    windowsOf(log).map(({ phase, from, to }) => [
      phase,
      shown.filter(({ issued }) => issued >= from && issued < to).map(({ text }) => text),
    ]),
  );
}

describe('a device that resets itself', () => {
  it.each([
    { resetsItself: 'at once', goingDown: [] },
    { resetsItself: 'later', goingDown: ['flush data', 'flush main'] },
  ] as const)(
    'ends its installation by that, and begins its first boot: $resetsItself',
    async ({ resetsItself, goingDown }) => {
      const lab = await slotLab({ resetsItself });
      await lab.scenario({
        agent: { name: 'rauc', reboots: 'itself' },
        expect: { confirmed: 'unchecked' },
      });
      const { install = [], ...after } = await recorded(lab);
      const choice = ['write boot, B:3', 'flush boot'];
      const ofQemu = ['boot', 'main', 'data'].map((id) => `flush ${id}, of QEMU alone`);
      expect(install.slice(install.indexOf('write boot, B:3'))).toEqual([...choice, ...goingDown, ...ofQemu]);
      // The boot loader takes a try away, and the confirmation gives all of them.
      expect(after).toEqual({
        'first-boot': ['write boot, B:2', 'flush boot'],
        confirm: choice,
      });
    },
  );
});
