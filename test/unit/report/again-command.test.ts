import { expect, it } from 'vitest';
import type { RunRecord } from '../../../src/model/record.ts';
import { againCommand } from '../../../src/report/again-command.ts';

it.each([
  ['all', 'brownout run s.yaml --machine qemuarm64 --power-cuts all --seed 7'],
  // run refuses a seed where nothing is drawn.
  ['none', 'brownout run s.yaml --machine qemuarm64 --power-cuts none'],
])('the command that does a run with --power-cuts %s again is one that run takes', (powerCuts, command) => {
  const record = { scenarioFile: 's.yaml', machine: 'qemuarm64', powerCuts, seed: '7' };
  expect(againCommand(record as RunRecord)).toBe(command);
});
