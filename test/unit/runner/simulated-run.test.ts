import { mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { processTag } from '../../../src/core/process-tag.ts';
import type { RunRecord } from '../../../src/model/record.ts';
import { summaryText } from '../../../src/report/summary.ts';
import { runScenarios } from '../../../src/runner/run-scenarios.ts';
import { FileStore } from '../../support/simulated/file-store.ts';
import { codesOf, slotLab } from '../../support/simulated/lab.ts';

describe('a run on a simulated device', () => {
  it('decides every crash state of a device that keeps its promises, and finds nothing', async () => {
    const lab = await slotLab();
    const { verdict, findings, crash, paths } = await lab.run();
    expect({ verdict, findings }).toEqual({ verdict: 'passed', findings: [] });
    expect(paths[0]?.steps.map((step) => step.name)).toContain('1.0->1.1 first boot');
    expect(crash).toMatchObject({ claim: 'exhaustive', mismatches: 0, undecided: 0, skipped: 0 });
    expect(crash?.decided).toEqual(crash?.states);
    const whole = crash?.outcomes.filter(({ stage = 'whole' }) => stage === 'whole');
    expect(whole?.map(({ name }) => name).sort()).toEqual([
      '1.0->1.1: new (1.1) in B',
      '1.0->1.1: old (1.0) in A',
    ]);
    expect(crash?.boots).toBeLessThan((crash?.states.prefix ?? 0) + (crash?.states.torn ?? 0));
  });

  it('is the same where the login shell greets and says goodbye', async () => {
    const fields = { checks: [{ name: 'says', run: 'echo ready' }] };
    const silent = await slotLab();
    await silent.scenario(fields);
    const loud = await slotLab({ greets: 'Welcome!\n\n644 0:0\n> ' });
    await loud.scenario(fields);
    const told = ({ verdict, findings, crash, paths }: RunRecord) => ({
      verdict,
      findings,
      outcomes: crash?.outcomes.map(({ name }) => name).sort(),
      files: paths[0]?.configuration?.map(({ files }) => files),
    });
    const [before, after] = [told(await silent.run()), told(await loud.run())];
    expect(after).toEqual(before);
    expect(after.verdict).toBe('passed');
    expect(after.outcomes?.every((name) => name.endsWith(' (ready)') || name.includes('ready'))).toBe(true);
  });

  it('names a phase that was to be cut and in which nothing was written', async () => {
    const lab = await slotLab();
    await lab.scenario({
      agent: { name: 'script', bundle: 'verity', install: 'update', confirm: 'echo done' },
      expect: { confirmed: 'unchecked' },
    });
    const record = await lab.run({ powerCuts: { mode: 'random', count: 2 } });
    expect(record.crash?.phasesWithoutStates).toEqual(['confirm']);
    const line = '    confirm: no crash state of its own, because nothing was written\n';
    expect(summaryText([record])).toContain(line);
    await lab.scenario();
    const sound = await lab.run({ powerCuts: { mode: 'random', count: 2 } });
    expect(sound.crash).not.toHaveProperty('phasesWithoutStates');
  });

  it('is refused before its image is built and a report begun, where KVM is asked for and cannot be', async () => {
    const lab = await slotLab();
    await lab.scenario({ machines: [process.arch === 'arm64' ? 'qemux86-64' : 'qemuarm64'] });
    const { host, ...asked } = await lab.options({ accelerator: 'kvm', powerCuts: { mode: 'none' } });
    const imageFor = vi.fn(() => Promise.resolve(lab.manifest));
    const run = runScenarios({ ...asked, ...(host && { host: { ...host, imageFor } }) });
    await expect(run).rejects.toMatchObject({ kind: 'scenario', code: 'accelerator-unusable' });
    expect(imageFor).not.toHaveBeenCalled();
    await expect(stat(lab.reports)).rejects.toThrow('ENOENT');
  });

  it('takes away what a killed run has left, and says nothing of it', async () => {
    const lab = await slotLab();
    const said = vi.spyOn(process.stderr, 'write');
    const told = vi.spyOn(process.stdout, 'write');
    onTestFinished(() => void vi.restoreAllMocks());
    const notices = async () => {
      lab.events.length = 0;
      await lab.run({ powerCuts: { mode: 'none' } });
      return lab.events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    };
    const usual = await notices();
    const [place = ''] = processTag().split('-');
    const dead = `${place}-${2 ** 22 + 1}`;
    const left = [
      join(lab.cache, 'work', `${dead}-aaaaaa`),
      join(await realpath(join(lab.reports, 'latest')), `run.json.${dead}-00000000.tmp`),
    ];
    for (const path of left) await mkdir(path);
    expect(await notices()).toEqual(usual);
    expect([...said.mock.calls, ...told.mock.calls]).toEqual([]);
    for (const path of left) await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    ['a link that an upgrade replaces by a copy of its target', true],
    ['a link that an upgrade leaves alone, though it leads nowhere', false],
  ])('%s: lost is %s', async (_, copied) => {
    const lab = await slotLab({
      onStart: async ({ disks }, release) => {
        const data = disks.get('data');
        if (!copied || release !== '1.1' || data === undefined) return;
        await new FileStore(data).replace('/etc/localtime', Buffer.from('TZif'));
      },
    });
    await lab.scenario({ provision: [{ link: { path: '/etc/localtime', to: '/usr/share/zoneinfo/UTC' } }] });
    const record = await lab.run({ powerCuts: { mode: 'none' } });
    expect(codesOf(record)).toEqual(copied ? ['configuration-lost'] : []);
    expect(record.verdict).toBe(copied ? 'failed' : 'passed');
  });

  it('finds a flush that is missing, names the write that is lost, and replays it from the finding', async () => {
    const lab = await slotLab({ forgetsFlush: true });
    const { verdict, findings } = await lab.run();
    expect(verdict).toBe('failed');
    const reasons = findings.map(({ reason = '' }) => reason);
    expect(reasons).toContainEqual(expect.stringMatching(/no flush came between write \d+ and write \d+$/));
    const [finding] = findings;
    expect(finding?.minimal).toHaveLength(1);
    const { cut, reason } = await lab.replay(join(lab.reports, 'latest', finding?.file ?? ''));
    expect(reason).toBe(finding?.reason);
    expect(cut).toMatchObject({ verdict: 'failed', token: finding?.token });
    expect(cut?.checks.find((step) => step.verdict === 'failed')).toMatchObject({
      name: finding?.check,
      problem: { message: finding?.message },
    });
  });
});
