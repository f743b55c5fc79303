import { describe, expect, it } from 'vitest';
import { exploreSoundly } from '../../../src/explore/raw-again.ts';
import { historyOf, refsOf, spaceOf, tagAt } from './made-up.ts';
import { comesBack, type Device, decidedOutcome, madeUpExploration } from './made-up-device.ts';
import { RedirectingPart } from './redirecting-part.ts';

/** A sector that recovery drops wherever the file system can be read. */
const journal = 14;
const made = historyOf([
  { sector: journal, tags: [1] },
  'flush',
  { sector: journal, tags: [2] },
  'flush',
  { sector: journal, tags: [3] },
]);
/** Sees that sector as it is, although nothing tells its reads from those of a system that has recovered the journal. */
const loader: Device = ({ see }) => comesBack(`journal ${see(0, journal)}`);
/** Is another one where it is audited. */
const watched: Device = ({ see, request }) => comesBack(`journal ${see(0, journal)}, ${request.audit}`);

function explorations(device: Device) {
  const options = { device, view: tagAt, auditLeast: 50 };
  const space = spaceOf(made, { interpreters: (parts) => [new RedirectingPart(parts)] });
  const canonical = madeUpExploration(made, { ...options, space });
  const raw = madeUpExploration(made, options);
  return { canonical, raw };
}

describe('an audit that does not agree with what canonical forms decided', () => {
  it('has everything decided again sector by sector, and that stands', async () => {
    const { canonical, raw } = explorations(loader);
    const first = { exploration: canonical.exploration, canonical: true };
    const again = { exploration: raw.exploration, canonical: false };
    expect(await exploreSoundly(first, () => Promise.resolve(again))).toBe(again);
    expect(canonical.saved).not.toEqual([]);
    expect(raw.saved).toEqual([]);
    for (const ref of refsOf(raw.space)) expect(decidedOutcome(raw, ref)).toBe(raw.truth(ref));
  });

  it('is the end where it does not agree sector by sector either', async () => {
    const { canonical, raw } = explorations(watched);
    const first = { exploration: canonical.exploration, canonical: true };
    const again = { exploration: raw.exploration, canonical: false };
    await expect(exploreSoundly(first, () => Promise.resolve(again))).rejects.toMatchObject({
      code: 'audit-mismatch',
    });
    expect(raw.saved).not.toEqual([]);
  });

  it('is the end at once where nothing was compared by canonical form', async () => {
    const { raw } = explorations(watched);
    const first = { exploration: raw.exploration, canonical: false };
    const never = () => Promise.reject(new Error('explored again'));
    await expect(exploreSoundly(first, never)).rejects.toMatchObject({ code: 'audit-mismatch' });
  });
});
