import { expect, it } from 'vitest';
import { spoil } from '../../../src/conform/spoil.ts';
import { askRoot } from '../../../src/device/running-root.ts';
import { device } from '../agents/device.ts';

const slots = ['A', 'B'].map((name, i) => ({
  ...{ name, disk: 'main', offset: 0, length: 512 },
  root: `/dev/vda${i + 2}`,
}));

/** A device with two slots, and what it answers. */
function context(environment: { path: string; offset?: number; bytes?: number }[] = []) {
  const manifest = {
    ...{
      format: 2 as const,
      name: 'x',
      machine: 'qemuarm64' as const,
      key: '',
      boot: { kind: 'builtin' as const },
    },
    ...{ qemu: {}, disks: [], slots, ssh: { user: 'root', password: '' }, releases: {}, packages: [] },
    places: { data: '/data', environment },
  };
  return { manifest, agent: {}, signal: new AbortController().signal };
}

it('writes zeroes to the slot that does not run, or what the other one has', async () => {
  const { ready, asked } = device({ [askRoot]: { stdout: 'root=PARTLABEL=root_2.0 ro\n/dev/vda3\n' } });
  await spoil(context(), ready, { do: 'overwrite slot', with: 'zeroes' });
  await spoil(context(), ready, { do: 'overwrite slot', with: 'the running one' });
  expect(asked.filter((one) => !one.includes('cmdline'))).toEqual([
    "cat /dev/zero >'/dev/vda2' 2>/dev/null; sync",
    "cat '/dev/vda3' >'/dev/vda2' && sync",
  ]);
});

it('loses each copy of an environment, in files or on a disk', async () => {
  const { ready, asked } = device({});
  const copies = [{ path: '/boot/env' }, { path: '/dev/vda', offset: 1024, bytes: 512 }];
  await spoil(context(copies), ready, { do: 'lose environment', leaves: 'nothing' });
  expect(asked).toEqual([
    ": >'/boot/env' && sync",
    "dd if=/dev/zero of='/dev/vda' bs=512 seek=2 count=1 conv=notrunc && sync",
  ]);
});

it('says why a device could not be spoilt', async () => {
  const lost = device({ [askRoot]: { stdout: 'root=/dev/sda1\n/dev/sda1\n' } });
  await expect(spoil(context(), lost.ready, { do: 'overwrite slot', with: 'zeroes' })).rejects.toMatchObject({
    kind: 'harness',
    code: 'case-unprepared',
    message: expect.stringContaining('runs from /dev/sda1, which is none of its slots') as string,
  });
  const full = device({ "rm '/data/brownout-filler' && sync": { exitCode: 1, stderr: 'no such file' } });
  await expect(spoil(context(), full.ready, { do: 'free', place: 'data' })).rejects.toMatchObject({
    code: 'case-unprepared',
  });
});
