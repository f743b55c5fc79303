import { expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { bench } from '../integration/bench.ts';

const images = '/boot/EFI/Linux';
const bless = '/usr/lib/systemd/systemd-bless-boot';
/** What a device that was started says: what it runs from, whether its release counts as good, and whether systemd finds anything amiss. */
const state = `sed -n 's/^\\(\\S*\\) \\/ .*/\\1/p' /proc/mounts; ${bless} status; ls ${images}; systemctl is-system-running`;

it.each(['qemux86-64', 'qemuarm64'] as const)(
  'sysupdate on %s counts tries in the name of what is started, until that counts as good',
  async (machine) => {
    await using stack = new CleanupStack();
    const { boot } = await bench('sysupdate', machine, stack);
    const counted = `mv ${images}/brownout_1.0.efi ${images}/brownout_1.0+3-0.efi`;
    const said = (status: string, name: string) => `/dev/vda2\n${status}\n${name}\nrunning\n`;
    expect(await boot(`${state}; ${counted} && sync`)).toBe(said('clean', 'brownout_1.0.efi'));
    expect(await boot(state)).toBe(said('indeterminate', 'brownout_1.0+2-1.efi'));
    expect(await boot(`${bless} good; ${state}; sync`)).toBe(said('good', 'brownout_1.0.efi'));
    expect(await boot(state)).toBe(said('clean', 'brownout_1.0.efi'));
  },
);
