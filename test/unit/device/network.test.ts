import { describe, expect, it } from 'vitest';
import type { Reach } from '../../../src/model/guest-network.ts';
import { slotLab } from '../../support/simulated/lab.ts';

/** Runs upgrades with one faulty try before each, without cuts, and tells what each device could reach of the host. */
async function reaches(fields: Record<string, unknown>) {
  const lab = await slotLab();
  await lab.scenario({ serverFaults: [{ name: 'gone', fault: 'missing' }], ...fields });
  const { createTarget } = lab;
  const found = new Map<string, Reach | undefined>();
  lab.createTarget = (options) => {
    found.set(options.consoleLog(1).replace(/^.*\/(\w.*)\.1\.log$/, '$1'), options.reach);
    return createTarget(options);
  };
  const record = await lab.run({ powerCuts: { mode: 'none' } });
  return { record, found };
}

describe('what a device reaches of the host', () => {
  it('is the server of its releases alone; a try with faults has a server of its own', async () => {
    const { record, found } = await reaches({});
    expect([record.verdict, record.network]).toEqual(['passed', 'closed']);
    const ports = [...found.values()].map((reach) => {
      if (reach === undefined || reach === 'open' || reach.length !== 1)
        throw new Error(`reaches ${String(reach)}`);
      return reach[0];
    });
    expect([...found.keys()]).toEqual(expect.arrayContaining([expect.stringContaining('fault')]));
    expect(ports).toHaveLength(2);
    expect(new Set(ports).size).toBe(2);
  });

  it('is whatever the host reaches where the scenario says so, and the record tells it', async () => {
    const { record, found } = await reaches({ network: 'open' });
    expect([record.verdict, record.network]).toEqual(['passed', 'open']);
    expect(new Set(found.values())).toEqual(new Set(['open']));
  });
});
