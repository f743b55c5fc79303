import { expect, it } from 'vitest';
import { FileStore } from '../../support/simulated/file-store.ts';
import { slotLab } from '../../support/simulated/lab.ts';
import type { Power } from '../../support/simulated/machine.ts';

/** The recording starts the device twice, and four times after the confirmation; what starts later and has met its owner comes up after a cut. */
function afterCuts(work: (power: Power) => Promise<void> | void) {
  let starts = 0;
  return async (power: Power) => {
    starts += 1;
    const disk = power.disks.get('data');
    if (starts <= 6 || disk === undefined) return;
    const owned = await new FileStore(disk).read('/etc/hostname');
    if (owned?.content.toString() === 'gateway-7\n') await work(power);
  };
}

it('a damaged file system after a cut fails the device, with one outcome whatever times and addresses the kernel says', async () => {
  let boots = 0;
  const lab = await slotLab({
    onStart: afterCuts(({ say }) => {
      boots += 1;
      say(
        `[${boots.toFixed(6).padStart(12)}] EXT4-fs error (device vda4): at 0x${(boots * 4096).toString(16)}`,
      );
    }),
  });
  const { verdict, crash, findings } = await lab.run();
  expect(verdict).toBe('failed');
  expect(crash).toMatchObject({ mismatches: 0, undecided: 0 });
  expect(crash?.audited).toBeGreaterThan(0);
  for (const { name } of crash?.outcomes ?? []) expect(name).toMatch(/: (?:old|new) .*, file-system-error$/);
  expect(findings[0]?.message).toContain('EXT4-fs error (device vda4)');
});

it('a warning after a cut is a note of its boot', async () => {
  const lab = await slotLab({
    onStart: afterCuts(({ say }) => say('[    1.000000] WARNING: CPU: 0 PID: 1 at a.c:1')),
  });
  const { verdict, crash } = await lab.run();
  expect(verdict).toBe('passed');
  expect(crash?.cuts[0]?.notes?.[0]).toContain('WARNING: CPU: 0');
});

const panics = () =>
  afterCuts(async ({ say, reset }) => {
    say('[    1.000000] Kernel panic - not syncing: VFS: Unable to mount root fs');
    await reset();
  });

it('a boot after a cut that panics and is given up is how a device falls back, and noted', async () => {
  const lab = await slotLab({ onStart: panics() });
  await lab.scenario({ expect: { retry: 'unchecked' } });
  const { verdict, crash } = await lab.run();
  expect(verdict).toBe('passed');
  expect(crash?.cuts[0]?.notes?.[0]).toContain('Kernel panic');
});

it('a boot that panics fails an upgrade that is done again', async () => {
  const lab = await slotLab({ onStart: panics() });
  const { verdict, findings } = await lab.run();
  expect(verdict).toBe('failed');
  expect(findings[0]).toMatchObject({ check: 'retry: kernel' });
});

it('a kernel that stumbles in a boot after a second cut alone fails the device', async () => {
  const mark = 40 * 512;
  const lab = await slotLab({
    // Each start says that it is under way: with cuts of the installation only a second cut finds one that is.
    onStart: async ({ disks, say }) => {
      const data = disks.get('data');
      if (data === undefined) throw new Error('no disk for data');
      if ((await data.read(mark, 512))[0] === 1) say('[    1.000000] Oops: 0000 [#1] SMP');
      await data.write(mark, Buffer.alloc(512, 1), false);
      await data.flush();
      await data.write(mark, Buffer.alloc(512), false);
      await data.flush();
    },
  });
  await lab.scenario({ powerCuts: { during: ['install', 'second-cut'] }, expect: { retry: 'unchecked' } });
  const { verdict, crash, findings } = await lab.run({ limits: { secondCutBoots: 12 } });
  expect(verdict).toBe('failed');
  const failed = crash?.cuts.filter((cut) => cut.verdict === 'failed') ?? [];
  expect(new Set(failed.map(({ during }) => during))).toEqual(new Set(['second-cut']));
  expect(findings[0]).toMatchObject({ check: 'kernel' });
  expect(findings[0]?.message).toContain('Oops: 0000 [#1] SMP');
});
