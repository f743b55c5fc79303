import { expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { bench } from '../integration/bench.ts';

const names = 'bootcount mender_boot_part upgrade_available mender_saveenv_canary';
/** What a device that was started says: its slot, its environment, its name, and whether systemd finds anything amiss. */
const state = `sed 's/.* brownout.slot=\\([AB]\\).*/\\1/' /proc/cmdline; echo $(fw_printenv ${names}); hostname; systemctl is-system-running`;
/** What Mender stores once it has written slot B. */
const installed = `printf '%s\\n' upgrade_available=1 mender_boot_part=4 bootcount=0 | fw_setenv -s -`;
const environment = (count: number, part: number, pending: number) =>
  `bootcount=${count} mender_boot_part=${part} upgrade_available=${pending} mender_saveenv_canary=1`;

it('edi-mender takes the configuration to the slot that it tries, goes back, and starts slot A without an environment', async () => {
  await using stack = new CleanupStack();
  const { boot } = await bench('edi-mender', 'qemuarm64', stack);
  const kept =
    'mkdir -p /data/backup/etc && echo gateway-7 >/data/backup/etc/hostname && echo 1.0 >/data/backup/release';
  expect(await boot(`${state}; touch /var/lib/configuration-restored; ${kept} && ${installed} && sync`)).toBe(
    `A\n${environment(0, 3, 0)}\nbrownout\nrunning\n`,
  );
  expect(await boot(state)).toBe(`B\n${environment(1, 4, 1)}\ngateway-7\nrunning\n`);
  expect(await boot(`${state}; : >/boot/firmware/uboot.env; sync`)).toBe(
    `A\n${environment(2, 3, 0)}\nbrownout\nrunning\n`,
  );
  expect(await boot(state)).toBe(`A\n${environment(0, 3, 0)}\nbrownout\nrunning\n`);
});
