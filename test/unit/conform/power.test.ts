import { describe, expect, it } from 'vitest';
import type { CaseRecord } from '../../../src/model/conformance.ts';
import { runConformance } from '../../../src/runner/conform.ts';
import { slotLab } from '../../support/simulated/lab.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';

interface Asked {
  budgetMs?: number;
  fields?: Record<string, unknown>;
  cache?: 'writethrough';
}

/** Cases about power on a simulated device. */
async function cases(traits: SlotTraits, ids: string[], { budgetMs = 600_000, fields, cache }: Asked = {}) {
  const lab = await slotLab(traits);
  await lab.scenario(fields);
  if (cache !== undefined) {
    const disks = lab.manifest.disks.map((disk) => ({ ...disk, cache }));
    lab.manifest = { ...lab.manifest, disks };
  }
  const choice = { ids, groups: [] };
  const [record] = await runConformance({ ...(await lab.options()), choice, budgetMs, reuse: true });
  if (record === undefined) throw new Error('the suite has left no record');
  return { lab, record, found: record.cases as [CaseRecord, ...CaseRecord[]] };
}

const sound: SlotTraits = { countsUnconfirmedOnly: true };

describe('cases about power', { timeout: 60_000 }, () => {
  it('pass a device that comes back whole, each with all of its states decided', async () => {
    const ids = ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8'];
    const { lab, found } = await cases(sound, ids);
    expect(found.map(({ id, verdict }) => [id, verdict])).toEqual(ids.map((id) => [id, 'passed']));
    const reds = lab.events.flatMap((event) =>
      event.type === 'cut' && event.cut.verdict === 'failed' ? [event.mustFail] : [],
    );
    // Those of P8, whose device must not come back whole.
    expect(reds.length).toBeGreaterThan(0);
    expect(reds.every((mustFail) => mustFail === true)).toBe(true);
    const { steps } = found[0];
    expect(steps[0]?.name).toBe('cut during 1.0->1.1, writing: states');
    expect(steps[0]?.note).toMatch(/^(\d+) of \1 states by \d+ boots, (\d+) of \2 audits$/);
    expect(found[4]?.steps.map(({ name }) => name)).toEqual([
      'cut during 1.0->2.1-no-init, fallback: states',
      'cut during 1.0->1.1, rollback: states',
    ]);
  });

  it.each<[string, SlotTraits, string, string]>([
    ['tells the boot loader before the slot is written', { activatesFirst: true }, 'P1', 'install 1.0->1.1'],
    ['flushes nothing between slot and boot loader', { forgetsFlush: true }, 'P2', 'install 1.0->1.1'],
    ['does nothing where the release runs already', { idleAgain: true }, 'P7', 'install 1.0->1.1'],
  ])('fail, with a token, a device that %s', async (_, traits, id, during) => {
    const { lab, found } = await cases({ ...sound, ...traits }, [id]);
    const [one] = found;
    expect([one.verdict, one.problem?.code]).toEqual(['failed', 'cut-not-survived']);
    const [finding] = one.findings ?? [];
    expect(finding?.during).toContain(during);
    expect(one.reason).toContain(finding?.token);
    const replayed = await lab.replay(finding?.token ?? '');
    expect(replayed.cut?.verdict).toBe('failed');
  });

  it('fail a device that a second cut destroys', async () => {
    const { found } = await cases(
      {
        ...sound,
        // The boot loader's sector is rewritten at each start of the new release, and is gone in between.
        onStart: async ({ disks }, release) => {
          const boot = disks.get('boot');
          if (release === '1.0' || boot === undefined) return;
          const content = await boot.read(0, 512);
          await boot.write(0, Buffer.alloc(512), false);
          await boot.flush();
          await boot.write(0, content, false);
          await boot.flush();
        },
      },
      ['P6'],
    );
    expect(found[0].verdict).toBe('failed');
    expect(found[0].findings?.map(({ during }) => during.split(' ')[0])).toContain('second-cut');
  });

  it('are unknown where the budget ends before the states do, and say how far they came', async () => {
    const { record, found } = await cases(sound, ['P1', 'P7', 'P8'], { budgetMs: 1 });
    for (const { verdict, reason } of found)
      expect([verdict, reason]).toEqual([
        'unknown',
        expect.stringMatching(/^the budget ended first: .*\d+ of \d+ states by \d+ boots/),
      ]);
    expect(record.verdict).toBe('unknown');
  });

  it('are unknown where the upgrade does not go well without a cut', async () => {
    const { found } = await cases({ ...sound, refuses: true }, ['P1']);
    expect(found[0]).toMatchObject({ verdict: 'unknown' });
    expect(found[0].reason).toMatch(/^1\.0->1\.1 without a cut: .*not for this device/);
  });

  it('prove nothing where no flush is needed', async () => {
    const { record, found } = await cases(sound, ['P8'], { cache: 'writethrough' });
    expect(found[0].verdict).toBe('proves-nothing');
    expect(found[0].reason).toMatch(/^(\d+) of \1 states by \d+ boots, and all came back whole$/);
    expect(record.verdict).toBe('unknown');
  });

  it('are not applicable where there is nothing to cut', async () => {
    const agent = { name: 'script', bundle: 'verity', install: 'update' };
    const { found } = await cases(sound, ['P2', 'P4', 'P5'], { fields: { agent } });
    expect(found.map(({ id, verdict, reason }) => [id, verdict, reason])).toEqual([
      ['P2', 'ability-missing', 'the agent does not claim slots'],
      ['P4', 'not-applicable', 'confirm: nothing is written while a release is confirmed'],
      [
        'P5',
        'not-applicable',
        'fallback: no release that does not come up gives way; rollback: the agent does not claim rollback',
      ],
    ]);
  });
});
