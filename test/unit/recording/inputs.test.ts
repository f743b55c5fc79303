import { expect, it } from 'vitest';
import {
  differingInputs,
  type Inputs,
  inputsDigest,
  inputsOfScenario,
} from '../../../src/recording/inputs.ts';
import { parseScenario } from '../../../src/scenario/load.ts';

const scenario = parseScenario(
  'name: n\nmachines: [qemuarm64]\nimage: rauc-ab\nagent: rauc\nreleases: ["1.0", "2.0"]\n',
  's.yaml',
);
const { agent, provision, configuration, checks, feedFaults, expect: expected } = scenario;
const inputs: Inputs = {
  image: 'rauc-ab',
  'image content': 'k',
  machine: 'qemuarm64',
  path: ['1.0', '2.0'],
  agent,
  provision,
  configuration,
  checks,
  feedFaults,
  expect: expected,
};

it('names the inputs that differ, as people call them', () => {
  const other: Inputs = { ...inputs, 'image content': 'l', provision: [{ delete: { path: '/etc/motd' } }] };
  expect(differingInputs(inputs, inputs)).toEqual([]);
  expect(differingInputs(inputs, other)).toEqual(['image content', 'provision']);
  expect(inputsDigest(inputs)).not.toBe(inputsDigest(other));
  expect(inputsDigest(inputs)).toBe(inputsDigest(structuredClone(inputs)));
});

it('are what they were for a scenario that reinstalls nothing', () => {
  expect(Object.keys(inputsOfScenario(scenario))).toEqual(
    Object.keys(inputs).filter((name) => !['image content', 'machine', 'path'].includes(name)),
  );
  expect(inputsOfScenario({ ...scenario, reinstall: ['nano'] }).reinstall).toEqual(['nano']);
});
