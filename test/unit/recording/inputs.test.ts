import { describe, expect, it } from 'vitest';
import { parseStored } from '../../../src/core/stored.ts';
import {
  differingInputs,
  type Inputs,
  inputsDigest,
  inputsOf,
  inputsOfScenario,
  inputsSchema,
} from '../../../src/recording/inputs.ts';
import { scenarioSchema, storeScenario } from '../../../src/recording/stored-scenario.ts';
import { parseScenario } from '../../../src/scenario/load.ts';

const head = 'name: n\nmachines: [qemuarm64]\nimage: rauc-ab\nreleases: ["1.0", "2.0"]\n';
const parse = (text: string) => parseScenario(head + text, 's.yaml');
const manifest = { key: 'k', machine: 'qemuarm64' } as const;
const inputs: Inputs = inputsOf(parse('agent: rauc\n'), manifest, ['1.0', '2.0'], undefined);

it('know another number of starts after the confirmation', () => {
  const made = (confirmed: string) =>
    inputsDigest(
      inputsOf(
        parse(`agent: rauc\nexpect: { confirmed: ${confirmed} }\n`),
        manifest,
        ['1.0', '2.0'],
        undefined,
      ),
    );
  expect(made('{ boots: 4 }')).toBe(inputsDigest(inputs));
  expect(new Set([made('{ boots: 4 }'), made('{ boots: 6 }'), made('unchecked')]).size).toBe(3);
});

it('know what is allowed in single phases, when a check comes and whether a fall-back is to last', () => {
  const made = (text: string) => {
    const scenario = parse(`agent: rauc\n${text}\n`);
    expect(parseStored(JSON.stringify(storeScenario(scenario)), scenarioSchema)).toEqual(scenario);
    return inputsDigest(inputsOf(scenario, manifest, ['1.0', '2.0'], undefined));
  };
  const told = [
    '',
    'expect: { release: { confirm: [new] } }',
    'expect: { upgrade: falls-back }',
    'expect: { upgrade: falls-back, fallback: lasts }',
    'checks: [{ name: a, run: b }]',
    'checks: [{ name: a, run: b, after: 30s }]',
  ].map(made);
  expect(new Set(told).size).toBe(told.length);
});

it('know of a guest that may reach more of the host, and are what they were where it may not', () => {
  const open = parse('agent: rauc\nnetwork: open\n');
  expect(inputsOf(open, manifest, ['1.0', '2.0'], undefined)).toEqual({ ...inputs, network: 'open' });
  expect(inputsOfScenario(parse('agent: rauc\nnetwork: closed\n'))).not.toHaveProperty('network');
  expect(parseStored(JSON.stringify(storeScenario(open)), scenarioSchema)).toEqual(open);
});

it('know what the clock of the device says, and are what they were where nobody sets it', () => {
  const set = parse('agent: rauc\nclock: { afterCut: epoch }\n');
  const clock = { start: '2026-01-01T00:00:00', afterCut: 'epoch' };
  expect(inputsOf(set, manifest, ['1.0', '2.0'], undefined)).toEqual({ ...inputs, clock });
  expect(inputsOfScenario(parse('agent: rauc\n'))).not.toHaveProperty('clock');
  expect(parseStored(JSON.stringify(storeScenario(set)), scenarioSchema)).toEqual(set);
});

it('know of a server that gives the orders, and not of its credentials', () => {
  const asked = parse(
    'agent: { name: rauc, delivery: hawkbit }\nserver: { hawkbit: { address: "http://host:8080/", credentials: { file: secret } } }\nconformance: { setting: /etc/a, data: { write: w, read: r } }\n',
  );
  const { server } = inputsOf(asked, manifest, ['1.0', '2.0'], undefined);
  expect(server).toEqual({ address: 'http://host:8080', tenant: 'DEFAULT' });
  expect(parseStored(JSON.stringify(storeScenario(asked)), scenarioSchema)).toEqual(asked);
});

it('know what scripts of packages are said to change', () => {
  const made = (text: string) => {
    const scenario = parse(`agent: opkg\nexpect: { ${text} }\n`);
    expect(parseStored(JSON.stringify(storeScenario(scenario)), scenarioSchema)).toEqual(scenario);
    return inputsDigest(inputsOf(scenario, manifest, ['1.0', '2.0'], undefined));
  };
  expect(made('changedByScripts: []')).toBe(made(''));
  expect(made('changedByScripts: [/var/lib/chrony]')).not.toBe(made(''));
});

it('know of starts with nothing going on, which other recordings have not', () => {
  const idle = parse('agent: rauc\npowerCuts: { during: [confirm, idle], reset-storm: 3 }\n');
  expect(inputsOf(idle, manifest, ['1.0', '2.0'], undefined)).toEqual({ ...inputs, idle: true });
  expect(parseStored(JSON.stringify(storeScenario(idle)), scenarioSchema)).toEqual(idle);
});

it('names the inputs that differ, as people call them', () => {
  const other: Inputs = {
    ...inputs,
    'image content': 'l',
    provision: [{ delete: { path: '/etc/motd' } }],
    feedFaults: [{ name: 'a', fault: 'missing', at: { share: 0.5 } }],
  };
  expect(differingInputs(inputs, inputs)).toEqual([]);
  expect(differingInputs(inputs, other)).toEqual(['image content', 'provision', 'serverFaults']);
  expect(inputsDigest(inputs)).not.toBe(inputsDigest(other));
  expect(inputsDigest(inputs)).toBe(inputsDigest(structuredClone(inputs)));
});

it('are what they were for a scenario that reinstalls nothing', () => {
  const scenario = parse('agent: rauc\n');
  expect(Object.keys(inputsOfScenario(scenario))).toEqual(
    Object.keys(inputs).filter((name) => !['image content', 'machine', 'path'].includes(name)),
  );
  expect(inputsOfScenario({ ...scenario, reinstall: ['nano'] }).reinstall).toEqual(['nano']);
});

/** Digests as the first program with these scenarios made them: recordings and tokens go on to be found. */
describe.each([
  ['by default', 'agent: rauc\n', '003a444332c8727308a195f8244832444db29dcff1ad297b349a8b1dba0bbd41'],
  [
    'unchecked',
    'agent: { name: script, install: x }\nexpect: { release: unchecked, configuration: unchecked, outcomes: unchecked, retry: unchecked, rollback: unchecked }\n',
    'ef8e2906c418dac8950772e7a9b4ba74147417957b289381b0e9e1eb2811e25f',
  ],
  [
    'told in full',
    'agent: opkg\nserverFaults:\n  - { name: a, fault: truncated, package: nano, at: 7 }\n  - { name: b, fault: index-first }\nreinstall: [nano]\nexpect: { release: { oneOf: [new] }, configuration: { edited: merged, deleted: may-return }, broken: { "2.0": [nano] } }\n',
    'ef56e8f5ba49278587fd9cf457301c4dea3dc5059f471f830368506e852102d8',
  ],
  [
    'with limits and a way back',
    'agent: rauc\nprovision: [{ write: { path: /etc/a, content: b } }]\nexpect: { boots: { within: 90s, first: 3m }, installs: { within: 10m }, rollback: succeeds, configuration: preserved }\n',
    '48da251d72297f9b35fa61c504ffabb0dd7fb36e5bdacd4b3ca170e2b767546c',
  ],
  [
    'with a fall-back, faults by their old word',
    'agent: rauc\nfeedFaults: [{ name: a, fault: dropped }]\nchecks: [{ name: c, run: "true", when: always }]\nexpect: { upgrade: falls-back, retry: unchecked }\n',
    '5858ef4dd3fc4277490454293a8378f834461010f7e2a5f4d828607847e9bfa8',
  ],
])('the inputs of a scenario %s', (_, text, digest) => {
  const scenario = parse(text);
  const made = inputsOf(scenario, manifest, ['1.0', '2.0'], undefined);

  it('have the digest that they have always had', () => {
    expect(inputsDigest(made)).toBe(digest);
  });

  it('have it when they are read again', () => {
    expect(inputsDigest(parseStored(JSON.stringify(made), inputsSchema))).toBe(digest);
  });

  it('are those of the scenario as it is stored, which comes back as it was', () => {
    const again = parseStored(JSON.stringify(storeScenario(scenario)), scenarioSchema);
    expect(again).toEqual(scenario);
    expect(inputsDigest(inputsOf(again, manifest, ['1.0', '2.0'], undefined))).toBe(digest);
  });
});
