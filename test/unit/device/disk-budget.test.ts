import { expect, it } from 'vitest';
import { diskBudgetOf } from '../../../src/device/device.ts';
import { codesOf, slotLab } from '../../support/simulated/lab.ts';
import { prints } from '../../support/simulated/shell.ts';

it('a device that writes without end is failed, in one sentence, and the run goes on to its reports', async () => {
  let written = 0;
  const lab = await slotLab({
    before: async (command, { disks }) => {
      if (!/^rauc install/.test(command)) return undefined;
      const data = disks.get('data');
      for (; data !== undefined && written < 64 << 20; written += 4096)
        await data.write(0, Buffer.alloc(4096, 1), false);
      return prints('Installing done.');
    },
  });
  const record = await lab.run({ powerCuts: { mode: 'none' }, diskBudget: 2 << 20 });
  expect([record.verdict, codesOf(record), record.problem]).toEqual(['failed', ['disk-budget'], undefined]);
  expect(record.findings[0]?.message).toContain('the device wrote more than 2 MiB to its disks');
  expect(written).toBeLessThan(4 << 20);
});

it('a device may write eight times what its disks hold, and 2 GiB at least', () => {
  expect(diskBudgetOf([64 << 20, 1 << 20])).toBe(2 ** 31);
  expect(diskBudgetOf([2 ** 30, 2 ** 30])).toBe(2 ** 34);
});
