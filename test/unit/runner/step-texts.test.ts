import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../src/model/record.ts';
import { slotLab } from '../../support/simulated/lab.ts';
import { packageLab } from '../../support/simulated/package-image.ts';

const checks = [
  { name: 'services', run: 'echo up', when: 'always' },
  { name: 'failed units', run: 'echo up' },
];
function textsOf({ paths, crash }: RunRecord) {
  return {
    path: paths.flatMap(({ steps }) => steps.map(({ name }) => name)),
    tables: paths.flatMap(({ configuration = [] }) => configuration.map((one) => one.check)),
    cut: [...new Set(crash?.cuts.flatMap((one) => one.checks.map(({ name }) => name)))],
  };
}

describe('the texts of steps', () => {
  it('of a device with slots: upgrades, server faults, a way back, cuts with retries', async () => {
    const lab = await slotLab();
    await lab.scenario({
      releases: ['1.1', '2.0'],
      paths: [['2.0', '1.1']],
      checks,
      expect: { rollback: 'succeeds' },
      serverFaults: [{ name: 'gone', fault: 'missing' }],
    });
    const record = await lab.run({ powerCuts: { mode: 'random', count: 3 } });
    expect(textsOf(record)).toMatchInlineSnapshot(`
      {
        "cut": [
          "boots",
          "release",
          "configuration",
          "services",
          "failed units",
          "retry",
          "retry: release",
          "retry: configuration",
          "retry: services",
          "retry: failed units",
        ],
        "path": [
          "boot 1.1",
          "come to 2.0",
          "provision",
          "2.0->1.1 gone: install",
          "2.0->1.1 gone: boots",
          "2.0->1.1 gone: release",
          "2.0->1.1 gone: configuration",
          "2.0->1.1 gone: services",
          "2.0->1.1 gone: failed units",
          "2.0->1.1 gone: refused",
          "2.0->1.1 gone: confirm",
          "2.0->1.1 gone: repaired: install",
          "2.0->1.1 gone: repaired: boots",
          "2.0->1.1 gone: repaired: release",
          "2.0->1.1 gone: repaired: configuration",
          "2.0->1.1 gone: repaired: services",
          "2.0->1.1 gone: repaired: failed units",
          "2.0->1.1 install",
          "2.0->1.1 before reboot: services",
          "2.0->1.1 first boot",
          "2.0->1.1 release",
          "2.0->1.1 configuration",
          "2.0->1.1 services",
          "2.0->1.1 failed units",
          "2.0->1.1 confirm",
          "confirmed: start 1",
          "confirmed: start 2",
          "confirmed: start 3",
          "confirmed: start 4",
          "confirmed: release",
          "confirmed: configuration",
          "confirmed: services",
          "confirmed: failed units",
          "rollback",
          "rollback: release",
          "rollback: configuration",
          "rollback: services",
          "rollback: failed units",
          "rollback: confirm",
          "rollback: start 1",
          "rollback: start 2",
          "rollback: start 3",
          "rollback: start 4",
          "rollback: release",
          "rollback: configuration",
          "rollback: services",
          "rollback: failed units",
        ],
        "tables": [
          "2.0->1.1 configuration",
          "rollback: configuration",
        ],
      }
    `);
  });

  it('of an upgrade that is given up by the device', async () => {
    const lab = await slotLab({ unbootable: '1.1' });
    await lab.scenario({ expect: { upgrade: 'falls-back' } });
    expect(textsOf(await lab.run({ powerCuts: { mode: 'none' } }))).toMatchInlineSnapshot(`
      {
        "cut": [],
        "path": [
          "boot 1.0",
          "provision",
          "1.0->1.1 install",
          "1.0->1.1 first boot",
          "1.0->1.1 release",
          "1.0->1.1 configuration",
          "1.0->1.1 fallback",
          "1.0->1.1 confirm",
          "confirmed: start 1",
          "confirmed: start 2",
          "confirmed: start 3",
          "confirmed: start 4",
          "confirmed: release",
          "confirmed: configuration",
        ],
        "tables": [
          "1.0->1.1 configuration",
        ],
      }
    `);
  });

  it('of a kernel that stumbles', async () => {
    const lab = await slotLab({ oops: 'BUG: scheduling while atomic' });
    await lab.scenario();
    expect(textsOf(await lab.run({ powerCuts: { mode: 'none' } }))).toMatchInlineSnapshot(`
      {
        "cut": [],
        "path": [
          "boot 1.0",
          "provision",
          "kernel",
          "1.0->1.1 install",
          "1.0->1.1 first boot",
          "1.0->1.1 release",
          "1.0->1.1 configuration",
          "1.0->1.1 kernel",
          "1.0->1.1 confirm",
        ],
        "tables": [
          "1.0->1.1 configuration",
        ],
      }
    `);
  });

  it('of a device with packages: installed, upgraded, recovered, removed and installed again', async () => {
    const lab = await packageLab();
    await lab.scenario({
      checks,
      provision: [{ install: ['extra'] }, { append: { path: '/etc/extra.conf', content: 'mine=1\n' } }],
      reinstall: ['extra'],
      serverFaults: [{ name: 'no beta', fault: 'missing', package: 'beta' }],
    });
    const record = await lab.run({ powerCuts: { mode: 'random', count: 3 } });
    expect(textsOf(record)).toMatchInlineSnapshot(`
      {
        "cut": [
          "boots",
          "recovers",
          "release",
          "configuration",
          "services",
          "failed units",
        ],
        "path": [
          "boot 1.0",
          "installed: install",
          "installed: release",
          "installed: services",
          "provision",
          "installed, rebooted: boots",
          "installed, rebooted: release",
          "installed, rebooted: configuration",
          "installed, rebooted: services",
          "installed, rebooted: failed units",
          "1.0->1.1 no beta: install",
          "1.0->1.1 no beta: boots",
          "1.0->1.1 no beta: refused",
          "1.0->1.1 no beta: configuration",
          "1.0->1.1 no beta: repaired: install",
          "1.0->1.1 no beta: repaired: boots",
          "1.0->1.1 no beta: repaired: release",
          "1.0->1.1 no beta: repaired: configuration",
          "1.0->1.1 no beta: repaired: services",
          "1.0->1.1 no beta: repaired: failed units",
          "1.0->1.1 install",
          "1.0->1.1 before reboot: services",
          "1.0->1.1 first boot",
          "1.0->1.1 release",
          "1.0->1.1 configuration",
          "1.0->1.1 services",
          "1.0->1.1 failed units",
          "1.0->1.1 confirm",
          "removed: remove",
          "removed: gone",
          "reinstalled: install",
          "reinstalled: release",
          "reinstalled: services",
          "reinstalled, rebooted: boots",
          "reinstalled, rebooted: release",
          "reinstalled, rebooted: configuration",
          "reinstalled, rebooted: services",
          "reinstalled, rebooted: failed units",
        ],
        "tables": [
          "installed, rebooted: configuration",
          "1.0->1.1 configuration",
          "reinstalled, rebooted: configuration",
        ],
      }
    `);
  });
});
