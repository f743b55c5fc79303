import { strict as assert } from 'node:assert';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf, stageStates } from '../../../src/crash/run-states.ts';
import { Coverage } from '../../../src/explore/coverage.ts';
import type { RunRecord } from '../../../src/model/record.ts';
import type { StatesRecord, TraceStates, WriteRow } from '../../../src/model/states.ts';
import { eachState, isDecided } from '../../../src/page/state-ids.ts';
import { readStates } from '../../../src/report/stored-states.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { type Lab, slotLab } from '../../support/simulated/lab.ts';
import { madeUp, refsOf, spaceOf } from '../explore/made-up.ts';

async function statesOf(lab: Lab): Promise<StatesRecord> {
  return readStates(await readFile(join(lab.reports, 'latest', 'states.json'), 'utf8'));
}

/** Who decided each state of a question, by the state's name in the run. */
function decidedBy(traces: readonly TraceStates[], name: string): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const trace of traces)
    for (const stage of trace.stages)
      if (stage.name === name)
        eachState(trace, stage, ({ id, by }) => {
          const key = `${trace.name}${trace.after === undefined ? '.' : ''}${id}`;
          assert.ok(!found.has(key), key);
          found.set(key, stage.boots[by]?.cut);
        });
  return found;
}

function countsOf(found: Map<string, string | undefined>): { states: number; decided: number } {
  return { states: found.size, decided: [...found.values()].filter((cut) => cut !== undefined).length };
}

function expectStages({ crash }: RunRecord, { traces }: StatesRecord): void {
  for (const { name, states, decided } of crash?.stages ?? [])
    expect({ name, ...countsOf(decidedBy(traces, name)) }).toEqual({ name, states, decided });
}

describe('states.json', () => {
  it('has every state of every question once, with the boot that decided it', async () => {
    const lab = await slotLab();
    const record = await lab.run({ limits: { secondCutBoots: 4 } });
    const states = await statesOf(lab);
    expect(states.run).toBe(record.id);
    expectStages(record, states);
    const whole = decidedBy(states.traces, 'whole');
    for (const { id, stage, token } of record.crash?.cuts ?? []) {
      if (stage !== 'whole') continue;
      const trace = states.traces.find(({ name }) => id.startsWith(`${name}.`));
      if (trace === undefined) continue;
      expect(whole.get(id)).toBeDefined();
      expect(`${trace.token}:${id}`).toBe(token);
    }
    const [first] = states.traces;
    expect(first?.phases.filter(({ cut }) => cut).map(({ phase }) => phase)).toContain('install');
    expect(first?.writes.map(([, , , , , , place]) => first.places[place])).not.toContain(undefined);
    expect(states.traces.filter(({ after }) => after !== undefined).length).toBeGreaterThan(0);
  });

  it('is there of a run that was interrupted: what was decided until then, and what was not', async () => {
    const lab = await slotLab();
    const controller = new AbortController();
    const record = await lab.run({
      signal: controller.signal,
      events: ({ type }) => type === 'cut' && controller.abort(new Error('interrupted')),
    });
    const states = await statesOf(lab);
    expectStages(record, states);
    const { states: all, decided } = countsOf(decidedBy(states.traces, 'whole'));
    expect(record.crash?.undecided).toBe(all - decided);
    expect(decided).toBeLessThan(all);
  });

  it('lists the states that were drawn', async () => {
    const lab = await slotLab();
    const record = await lab.run({ powerCuts: { mode: 'random', count: 3 } });
    const states = await statesOf(lab);
    const drawn = record.crash?.cuts.filter(({ kind }) => kind !== 'live').map(({ id }) => id);
    expect([...decidedBy(states.traces, 'whole').keys()].sort()).toEqual(drawn?.sort());
  });

  it('is not there of a run without cuts', async () => {
    const lab = await slotLab();
    await lab.run({ powerCuts: { mode: 'none' } });
    await expect(statesOf(lab)).rejects.toThrow('ENOENT');
  });

  it('says of each state what the coverage says, whatever the log', () => {
    fc.assert(
      fc.property(madeUp, fc.array(fc.nat(), { maxLength: 3 }), (made, choices) => {
        const space = spaceOf(made);
        const refs = refsOf(space);
        const coverage = new Coverage(space);
        const boots = choices.map((choice, number) => {
          const ref = refs[choice % Math.max(1, refs.length)];
          const read = space.cellsRead(() => 0, []);
          if (ref !== undefined && number === 1) coverage.skipEpoch(ref);
          else if (ref !== undefined) coverage.decide(ref, number, read);
          return { record: { id: `boot ${number}` }, whole: { verdict: 'passed', outcome: '', read } };
        });
        const stage = stageStates('whole', 'whole', { space, boots, whole: coverage } as never);
        const writes = made.log.records.map(({ seq, issued }): WriteRow => [seq, 0, 0, 0, issued, 0, 0]);
        const found = new Map<string, number>();
        eachState({ lines: linesOf(space), writes }, stage, ({ id, by }) => found.set(id, by));
        assert.equal(found.size, refs.length);
        for (const ref of refs) {
          const by = found.get(stateId(space.crashState(ref))) ?? Number.NaN;
          const boot = coverage.decidedBy(ref);
          assert.equal(
            isDecided(by) ? stage.boots[by]?.cut : by,
            boot === undefined ? (coverage.isSkipped(ref) ? -2 : -1) : `boot ${boot}`,
          );
        }
      }),
      { numRuns: 60 },
    );
  });
});
