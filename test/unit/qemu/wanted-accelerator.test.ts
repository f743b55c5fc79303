import { describe, expect, it } from 'vitest';
import type { AcceleratorChoice } from '../../../src/qemu/accelerator.ts';
import {
  acceleratorFor,
  assertPossible,
  type WantedAccelerator,
} from '../../../src/qemu/wanted-accelerator.ts';

const works: AcceleratorChoice = { accelerator: 'kvm', reason: 'KVM booted a kernel just now' };
const hangs: AcceleratorChoice = { accelerator: 'tcg', reason: '/dev/kvm is not there or not ours to open' };

/** What is taken, and how often the host was probed for it. */
async function chosen(wanted: WantedAccelerator, cutsPower: boolean, found: AcceleratorChoice) {
  let probes = 0;
  const probe = () => {
    probes += 1;
    return Promise.resolve(found);
  };
  return { ...(await acceleratorFor(wanted, { cutsPower, probe })), probes };
}

describe('the accelerator', () => {
  it.each<[WantedAccelerator, boolean, AcceleratorChoice, 'kvm' | 'tcg', number, RegExp]>([
    ['auto', false, works, 'kvm', 1, /^KVM booted a kernel/],
    ['auto', false, hangs, 'tcg', 1, /not there/],
    ['auto', true, works, 'tcg', 0, /deterministic enough/],
    ['tcg', false, works, 'tcg', 0, /^as asked for$/],
    ['tcg', true, works, 'tcg', 0, /^as asked for$/],
    ['kvm', false, works, 'kvm', 1, /^as asked for$/],
    ['kvm', true, works, 'kvm', 1, /rests on audits alone$/],
  ])('%s, cuts: %s, with %o is %s', async (wanted, cuts, found, accelerator, probes, reason) => {
    expect(await chosen(wanted, cuts, found)).toEqual({
      accelerator,
      probes,
      reason: expect.stringMatching(reason) as string,
    });
  });

  it.each([false, true])('is not TCG where KVM was asked for (cuts: %s)', async (cuts) => {
    await expect(chosen('kvm', cuts, hangs)).rejects.toMatchObject({
      kind: 'scenario',
      code: 'accelerator-unusable',
      message: '--accelerator kvm: /dev/kvm is not there or not ours to open',
    });
  });
});

describe('KVM, before anything is built', () => {
  const absent = () => Promise.resolve('/dev/kvm is not there or not ours to open');

  it('is refused where it cannot be, and where it was not asked for nobody looks', async () => {
    await expect(assertPossible('kvm', ['qemux86-64'], absent)).rejects.toMatchObject({
      kind: 'scenario',
      code: 'accelerator-unusable',
      message: '--accelerator kvm: /dev/kvm is not there or not ours to open',
    });
    await assertPossible('kvm', ['qemux86-64'], () => Promise.resolve(undefined));
    for (const wanted of ['auto', 'tcg'] as const) await assertPossible(wanted, ['qemux86-64'], absent);
  });

  it("is refused for a machine that is foreign to this host's processor", async () => {
    const foreign = process.arch === 'arm64' ? 'qemux86-64' : 'qemuarm64';
    await expect(assertPossible('kvm', [foreign])).rejects.toThrow(`${foreign} is foreign to this host's`);
  });
});
