import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ScenarioError } from '../../../src/core/errors.ts';
import { ownedPaths } from '../../../src/model/scenario.ts';
import { builtInChecks } from '../../../src/model/steps.ts';
import { loadScenario, parseScenario } from '../../../src/scenario/load.ts';
import { scenarioJsonSchema } from '../../../src/scenario/schema.ts';

const minimal = `name: shortest
machines: [qemuarm64]
image: rauc-ab
agent: rauc
releases: ["1.0", "1.1", "2.0"]
`;

/** With an updater of the scenario itself that has one more setting. */
const scripted = (setting: string) =>
  minimal.replace('agent: rauc', `agent:\n  name: script\n  install: i\n  ${setting}`);

function problemsOf(text: string): string[] {
  try {
    parseScenario(text, 's.yaml');
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return error.message.split('\n');
  }
  throw new Error('accepted');
}

describe('parseScenario', () => {
  it('fills in what the shortest scenario leaves out', () => {
    expect(parseScenario(minimal, 's.yaml')).toEqual({
      name: 'shortest',
      source: { path: 's.yaml', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      machines: ['qemuarm64'],
      image: 'rauc-ab',
      agent: { name: 'rauc', bundle: 'verity' },
      releases: ['1.0', '1.1', '2.0'],
      paths: [['1.0', '1.1', '2.0']],
      provision: [],
      configuration: [],
      checks: [],
      serverFaults: [],
      powerCuts: {
        during: ['install', 'first-boot', 'confirm', 'rollback', 'second-cut'],
        states: ['prefix', 'lost', 'torn', 'subset'],
      },
      expect: {
        bootsWithinMs: 120_000,
        firstBootWithinMs: 120_000,
        installsWithinMs: 300_000,
        upgrade: 'succeeds',
        release: ['old', 'new'],
        broken: {},
        outcomes: 'two',
        configuration: { edited: 'preserved', deleted: 'stay-deleted' },
        retry: 'succeeds',
        confirmedBoots: 4,
        fallback: 'unchecked',
        rollback: 'unchecked',
      },
    });
  });

  it('reads every key', () => {
    const scenario = parseScenario(
      `name: all
machines: [qemux86-64, qemuarm64, qemuarm64]
image: mine
agent: { name: script, install: 'dd if=x', rollback: r }
releases: ["1.0", "2.0"]
paths: [skip, adjacent, ["2.0", "1.0"]]
provision:
  - write: { path: /etc/a, content: x, mode: "0640" }
  - append: { path: /etc/b, content: y }
  - edit: { path: /etc/c, replace: p, with: "" }
  - delete: /etc/d
  - delete: { path: /etc/a }
  - run: touch /etc/e
configuration: [/etc/e, /etc/b]
serverFaults:
  - { name: gone, fault: missing }
  - { name: cut short, fault: truncated, at: 4096 }
  - { name: wrong, fault: corrupted, at: 12.5% }
powerCuts: { during: [install], states: [torn] }
expect:
  boots: { within: 60s }
  installs: { within: 1.5m }
  upgrade: falls-back
  release: { oneOf: [old] }
  configuration: unchecked
  retry: unchecked
`,
      's.yaml',
    );
    expect(scenario).toMatchObject({
      machines: ['qemux86-64', 'qemuarm64'],
      agent: { name: 'script', bundle: 'raw', install: 'dd if=x', rollback: 'r' },
      paths: [
        ['1.0', '2.0'],
        ['2.0', '1.0'],
      ],
      provision: [
        { write: { path: '/etc/a', content: 'x', mode: 0o640 } },
        { append: { path: '/etc/b', content: 'y' } },
        { edit: { path: '/etc/c', replace: 'p', with: '' } },
        { delete: { path: '/etc/d' } },
        { delete: { path: '/etc/a' } },
        { run: 'touch /etc/e' },
      ],
      configuration: ['/etc/a', '/etc/b', '/etc/c', '/etc/d', '/etc/e'],
      serverFaults: [
        { name: 'gone', fault: 'missing', at: { share: 0.5 } },
        { name: 'cut short', fault: 'truncated', at: { byte: 4096 } },
        { name: 'wrong', fault: 'corrupted', at: { share: 0.125 } },
      ],
      powerCuts: { during: ['install'], states: ['torn'] },
      expect: {
        bootsWithinMs: 60_000,
        installsWithinMs: 90_000,
        upgrade: 'falls-back',
        release: ['old'],
        configuration: undefined,
        retry: 'unchecked',
      },
    });
  });

  it('takes links that the owner made, and what is to be compared of a path; plain paths stay as they are', () => {
    const { provision, configuration } = parseScenario(
      `${minimal}provision:
  - link: { path: /etc/localtime, to: ../usr/share/zoneinfo/UTC }
  - append: { path: /etc/hosts, content: x }
configuration: [/etc/a, { path: /etc/b }, { path: /etc/c, follow: true }, { path: /etc/hosts, attributes: true }]
`,
      's.yaml',
    );
    expect(provision[0]).toEqual({ link: { path: '/etc/localtime', to: '../usr/share/zoneinfo/UTC' } });
    expect(configuration).toEqual([
      '/etc/localtime',
      { path: '/etc/hosts', attributes: true },
      '/etc/a',
      '/etc/b',
      { path: '/etc/c', follow: true },
    ]);
    expect(ownedPaths({ provision, configuration })).toEqual([
      { path: '/etc/localtime', links: 'kept', attributes: false },
      { path: '/etc/hosts', links: 'both', attributes: true },
      { path: '/etc/a', links: 'kept', attributes: false },
      { path: '/etc/b', links: 'kept', attributes: false },
      { path: '/etc/c', links: 'followed', attributes: false },
    ]);
  });

  it.each([
    ['unchecked', undefined],
    ['preserved', { edited: 'preserved', deleted: 'stay-deleted' }],
    ['{}', { edited: 'preserved', deleted: 'stay-deleted' }],
    ['{ edited: merged }', { edited: 'merged', deleted: 'stay-deleted' }],
    ['{ edited: kept-somewhere, deleted: may-return }', { edited: 'kept-somewhere', deleted: 'may-return' }],
  ])('takes the promise for the configuration %s', (text, promise) => {
    const { expect: expected } = parseScenario(`${minimal}expect: { configuration: ${text} }\n`, 's.yaml');
    expect(expected.configuration).toEqual(promise);
  });

  it.each([
    [
      'a wrong machine',
      minimal.replace('qemuarm64', 'qemuarm46'),
      's.yaml:2:12: machines[0]: expected one of qemux86-64, qemuarm64, found "qemuarm46"; did you mean "qemuarm64"?',
    ],
    [
      'an unquoted release',
      minimal.replace('"1.0"', '1.0'),
      's.yaml:5:12: releases[0]: expected text, found the number 1.0; quote it: "1.0"',
    ],
    [
      'an unquoted release in a path',
      `${minimal}paths: [[1.0, "2.0"]]\n`,
      's.yaml:6:10: paths[0][0]: expected text, found the number 1.0; quote it: "1.0"',
    ],
    [
      'a release given twice',
      minimal.replace('1.1', '1.0'),
      's.yaml:5:19: releases[1]: release 1.0 is there twice',
    ],
    [
      'a release that is in two branches',
      minimal.replace(/releases: .*/, 'releases: { kirkstone: ["4.0.1", "4.0.2"], nanbield: ["4.0.2"] }'),
      's.yaml:5:55: releases.nanbield[0]: release 4.0.2 is there twice',
    ],
    [
      'a path between branches where there are none',
      `${minimal}paths: [between]\n`,
      's.yaml:6:9: paths[0]: "between" is no path with these releases',
    ],
    [
      'one release',
      minimal.replace(', "1.1", "2.0"', ''),
      's.yaml:5:11: releases: expected at least 2 items, found a list',
    ],
    [
      'a path with an unknown release',
      `${minimal}paths: [["1.0", "2.1"]]\n`,
      's.yaml:6:17: paths[0][1]: unknown release "2.1"; expected one of 1.0, 1.1, 2.0; did you mean "1.1"?',
    ],
    [
      'a path that stands still',
      `${minimal}paths: [["1.0", "1.0"]]\n`,
      's.yaml:6:17: paths[0][1]: release 1.0 follows itself',
    ],
    [
      'a fall-back that is to last where there is none',
      `${minimal}expect: { fallback: lasts }\n`,
      's.yaml:6:21: expect.fallback: only a device that falls back can stay there: add upgrade: falls-back',
    ],
    [
      'a rollback after falling back',
      `${minimal}expect: { upgrade: falls-back, rollback: succeeds }\n`,
      's.yaml:6:42: expect.rollback: a device that has fallen back has no release to roll back from',
    ],
    [
      'a rollback that the updater has no command for',
      `${minimal.replace('agent: rauc', 'agent: { name: script, install: i }')}expect: { rollback: succeeds }\n`,
      's.yaml:6:21: expect.rollback: the agent has no rollback command; expected agent.rollback',
    ],
    [
      'a rollback by an agent that has none',
      `${minimal.replace('rauc\n', 'opkg\n')}expect: { rollback: succeeds }\n`,
      's.yaml:6:21: expect.rollback: opkg has no way back to the release before',
    ],
    [
      'a status of which nothing is read',
      scripted('status: { run: s }'),
      's.yaml:7:11: agent.status: needs good or failed: what is read',
    ],
    [
      'a status that is read in two ways',
      scripted('status: { run: s, good: { pointer: /a, pattern: b, is: c } }'),
      's.yaml:7:27: agent.status.good: either a pointer or a pattern',
    ],
    [
      'a place of JSON at which anything may stand',
      scripted('status: { run: s, good: { pointer: /a } }'),
      's.yaml:7:27: agent.status.good: a pointer needs "is": what must stand there',
    ],
    [
      'what is no JSON pointer',
      scripted('status: { run: s, failed: { pointer: a.b, is: c } }'),
      's.yaml:7:40: agent.status.failed.pointer: expected a JSON pointer (RFC 6901): /slots/0/state, found "a.b"',
    ],
    [
      'what is no regular expression',
      scripted('status: { run: s, failed: { pattern: "(" } }'),
      's.yaml:7:40: agent.status.failed.pattern: a regular expression, as JavaScript has them: ^state: (.*)$',
    ],
    [
      'an identity that says nothing of a release',
      scripted('identity: { run: v, expect: { "1.0": a, "1.1": b, "2.0.0": c } }'),
      's.yaml:7:31: agent.identity.expect: nothing is said of release "2.0"; did you mean "2.0.0"?',
    ],
    [
      'an identity that cannot tell two releases apart',
      scripted('identity: { run: v, expect: { "1.0": a, "1.1": b, "2.0": "a " } }'),
      's.yaml:7:60: agent.identity.expect.2.0: the same as of release "1.0", which it must tell it from',
    ],
    [
      'an identity that nobody asks for',
      `${scripted('identity: { run: v, expect: { "1.0": a, "1.1": b, "2.0": c } }')}expect: { release: unchecked }\n`,
      's.yaml:7:13: agent.identity: with expect.release: unchecked nobody asks which release runs',
    ],
    [
      'a path of one',
      `${minimal}paths: [["1.0"]]\n`,
      's.yaml:6:9: paths[0]: nothing is upgraded on a path of one release, and no provision step installs a package',
    ],
    [
      'packages for an agent of bundles',
      `${minimal}provision:\n  - install: [nano]\n`,
      's.yaml:7:14: provision[0].install: this agent takes bundles, and has no packages to install',
    ],
    [
      'packages to reinstall for an agent of bundles',
      `${minimal}reinstall: [nano]\n`,
      's.yaml:6:12: reinstall: this agent takes bundles, and has no packages to remove',
    ],
    [
      'packages that come after something else',
      `${minimal.replace('rauc\n', 'opkg\n')}provision:\n  - run: "true"\n  - install: [nano]\n`,
      's.yaml:8:5: provision[1]: packages are installed before anything else is done',
    ],
    [
      'a package that a shell would not take for one',
      `${minimal.replace('rauc\n', 'opkg\n')}provision:\n  - install: ["-f", nano]\n`,
      's.yaml:7:15: provision[0].install[0]: expected the name of a package: a letter or digit, then letters, digits, . _ + -, found "-f"',
    ],
    [
      'a wrong path rule',
      `${minimal}paths: [adjacnet]\n`,
      's.yaml:6:9: paths[0]: expected one of adjacent, skip, all, downgrade, between or a list, found "adjacnet"; did you mean "adjacent"?',
    ],
    [
      'a wrong agent',
      minimal.replace('agent: rauc', 'agent: ruac'),
      's.yaml:4:8: agent: expected one of rauc, swupdate, mender, ostree, systemota, fullmetalupdate, opkg, apt, dpkg, rpm, dnf or a mapping, found "ruac"; did you mean "rauc"?',
    ],
    [
      'a wrong agent name',
      minimal.replace('agent: rauc', 'agent: { name: scirpt }'),
      's.yaml:4:16: agent.name: expected one of rauc, swupdate, mender, ostree, systemota, fullmetalupdate, opkg, apt, dpkg, rpm, dnf, script, found "scirpt"; did you mean "script"?',
    ],
    [
      'a script without install',
      minimal.replace('agent: rauc', 'agent: { name: script }'),
      's.yaml:4:8: agent.install: missing; expected text',
    ],
    [
      'a script of no commands',
      minimal.replace('agent: rauc', 'agent: { name: script, install: "" }'),
      's.yaml:4:33: agent.install: expected at least 1 characters, found ""',
    ],
    [
      'a wrong bundle',
      minimal.replace('agent: rauc', 'agent: { name: rauc, bundle: verty }'),
      's.yaml:4:30: agent.bundle: expected one of verity, plain, found "verty"; did you mean "verity"?',
    ],
    [
      'a misspelt provision step',
      `${minimal}provision:\n  - wirte: { path: /etc/a, content: x }\n`,
      's.yaml:7:5: provision[0]: unknown key "wirte"; did you mean "write"?',
    ],
    [
      'two steps in one',
      `${minimal}provision:\n  - { run: a, delete: /b }\n`,
      's.yaml:7:5: provision[0]: each step needs exactly one of install, write, append, edit, delete, link, run',
    ],
    [
      'a relative path',
      `${minimal}configuration: [etc/a]\n`,
      's.yaml:6:17: configuration[0]: expected an absolute path of a file in the guest, without . or .. and without control characters, found "etc/a"',
    ],
    [
      'an unquoted mode',
      `${minimal}provision: [write: { path: /a, content: x, mode: 0640 }]\n`,
      's.yaml:6:50: provision[0].write.mode: expected text: an octal file mode in quotes: "0640", found the number 0640; quote it: "0640"',
    ],
    [
      'a bare number for a duration',
      `${minimal}expect: { boots: { within: 60 } }\n`,
      's.yaml:6:28: expect.boots.within: expected a duration: 500ms, 90s, 2m, 1h, found the number 60',
    ],
    [
      'a duration without unit',
      `${minimal}expect: { boots: { within: "60" } }\n`,
      's.yaml:6:28: expect.boots.within: expected a duration: 500ms, 90s, 2m, 1h, found "60"',
    ],
    [
      'a duration of nothing',
      `${minimal}expect: { boots: { within: 0s } }\n`,
      's.yaml:6:28: expect.boots.within: a duration must lie between 100ms and 24h',
    ],
    [
      'a promise for the configuration',
      `${minimal}expect: { configuration: { edited: kept_somewhere } }\n`,
      's.yaml:6:36: expect.configuration.edited: expected one of preserved, merged, kept-somewhere, found "kept_somewhere"; did you mean "kept-somewhere"?',
    ],
    [
      'a part of the configuration',
      `${minimal}expect: { configuration: { conffiles: preserved } }\n`,
      's.yaml:6:28: expect.configuration: unknown key "conffiles"; expected one of edited, deleted',
    ],
    [
      'a word for the configuration',
      `${minimal}expect: { configuration: preserve }\n`,
      's.yaml:6:26: expect.configuration: expected one of preserved, unchecked or a mapping, found "preserve"; did you mean "preserved"?',
    ],
    [
      'faults by both words',
      `${minimal}serverFaults: [{ name: a, fault: missing }]\nfeedFaults: [{ name: b, fault: missing }]\n`,
      's.yaml:7:13: feedFaults: this is the old word for serverFaults, which is there too; keep one of them',
    ],
    [
      'a fault by its old word',
      `${minimal}feedFaults: [{ name: a, fault: mising }]\n`,
      's.yaml:6:32: feedFaults[0].fault: expected one of missing, truncated, corrupted, dropped, slow, changed, index-first, packages-first, http-410, http-429, http-500, http-503, lost, wrong-hash, found "mising"; did you mean "missing"?',
    ],
    [
      'a fault given twice by its old word',
      `${minimal}feedFaults: [{ name: a, fault: missing }, { name: a, fault: dropped }]\n`,
      's.yaml:6:51: feedFaults[1].name: fault a is there twice',
    ],
    [
      'an unknown fault',
      `${minimal}serverFaults: [{ name: a, fault: mising }]\n`,
      's.yaml:6:34: serverFaults[0].fault: expected one of missing, truncated, corrupted, dropped, slow, changed, index-first, packages-first, http-410, http-429, http-500, http-503, lost, wrong-hash, found "mising"; did you mean "missing"?',
    ],
    [
      'a fault at the end',
      `${minimal}serverFaults: [{ name: a, fault: truncated, at: 100% }]\n`,
      's.yaml:6:49: serverFaults[0].at: expected the number of a byte, from 0, or a share such as 50%, found "100%"',
    ],
    [
      'a fault at no byte',
      `${minimal}serverFaults: [{ name: a, fault: truncated, at: -1 }]\n`,
      's.yaml:6:49: serverFaults[0].at: expected the number of a byte, from 0, or a share such as 50%, found the number -1',
    ],
    [
      'a fault given twice',
      `${minimal}serverFaults: [{ name: a, fault: missing }, { name: a, fault: dropped }]\n`,
      's.yaml:6:53: serverFaults[1].name: fault a is there twice',
    ],
    [
      "a package feed's fault of a bundle",
      `${minimal}serverFaults: [{ name: a, fault: index-first }]\n`,
      's.yaml:6:34: serverFaults[0].fault: index-first is for package feeds, and this agent takes a bundle',
    ],
    [
      'a package of a bundle',
      `${minimal}serverFaults: [{ name: a, fault: missing, package: curl }]\n`,
      's.yaml:6:52: serverFaults[0].package: this agent takes a bundle, which is the file that is meant',
    ],
    [
      'a package of a feed that is half there',
      `${minimal.replace('rauc\nr', 'opkg\nr')}serverFaults: [{ name: a, fault: index-first, package: curl }]\n`,
      's.yaml:6:56: serverFaults[0].package: index-first is of the whole feed',
    ],
    ...[
      [
        '{ name: a, fault: http-503 }',
        '34',
        'fault',
        'http-503 is of a hawkBit server, and this agent asks none; those that do have delivery: hawkbit',
      ],
      [
        '{ name: a, fault: missing, times: 2 }',
        '50',
        'times',
        'it is of http-N and lost, and means nothing to missing',
      ],
      [
        '{ name: a, fault: missing, on: poll }',
        '47',
        'on',
        'it is of http-N and lost, and means nothing to missing',
      ],
      [
        '{ name: a, fault: lost, on: pol }',
        '44',
        'on',
        'expected one of poll, deployment, artifact, feedback, closing, configData, found "pol"; did you mean "poll"?',
      ],
      [
        '{ name: a, fault: missing, bytesPerSecond: 9 }',
        '59',
        'bytesPerSecond',
        'it is of slow, and means nothing to missing',
      ],
      [
        '{ name: a, fault: missing, oneOf: [odd] }',
        '51',
        'oneOf[0]',
        'expected one of old, new, found "odd"; did you mean "old"?',
      ],
    ].map(([fault = '', column = '', key = '', message = '']): [string, string, string] => [
      `a fault of a hawkBit server: ${fault}`,
      `${minimal}serverFaults: [${fault}]\n`,
      `s.yaml:6:${column}: serverFaults[0].${key}: ${message}`,
    ]),
    [
      'a fault that nothing meets',
      `${minimal.replace('rauc\nr', '{ name: rauc, delivery: hawkbit }\nr')}serverFaults: [{ name: a, fault: lost, times: 0 }]\n`,
      's.yaml:6:47: serverFaults[0].times: expected at least 1, found the number 0',
    ],
    [
      'a server with a password in its address',
      `${minimal.replace('rauc\nr', '{ name: rauc, delivery: hawkbit }\nr')}server: { hawkbit: { address: "http://me:pw@host" } }\n`,
      's.yaml:6:31: server.hawkbit.address: expected an address such as http://hawkbit.example:8080, without a path and without a name or password',
    ],
    [
      'a server for an agent that asks none',
      `${minimal}server: { hawkbit: { address: http://host } }\n`,
      's.yaml:6:9: server: this agent asks no server what to install; those that do have delivery: hawkbit',
    ],
    [
      'a server that is to fail',
      `${minimal.replace('rauc\nr', '{ name: rauc, delivery: hawkbit }\nr')}server: { hawkbit: { address: http://host } }\nserverFaults: [{ name: a, fault: missing }]\n`,
      's.yaml:6:9: server: nobody here can make that server fail: leave serverFaults to the built-in one',
    ],
    [
      'a server for parts of a repository',
      `${minimal.replace('rauc\nr', 'fullmetalupdate\nr')}server: { hawkbit: { address: http://host } }\n`,
      's.yaml:6:9: server: this agent is ordered parts of a repository, by the built-in server alone',
    ],
    [
      'a fact of no release',
      `${minimal}conformance: { settings: /etc/a }\n`,
      's.yaml:6:16: conformance: unknown key "settings"; did you mean "setting"?',
    ],
    [
      'data that nobody reads',
      `${minimal}conformance: { data: { write: "true" } }\n`,
      's.yaml:6:22: conformance.data.read: missing; expected text',
    ],
    [
      'another file in place of a feed',
      `${minimal.replace('rauc\nr', 'opkg\nr')}serverFaults: [{ name: a, fault: changed }]\n`,
      's.yaml:6:34: serverFaults[0].fault: changed is for bundles, and this agent takes none',
    ],
    [
      'the file of an order that has none',
      `${minimal.replace('rauc\nr', 'fullmetalupdate\nr')}serverFaults: [{ name: a, fault: http-503, on: artifact }]\n`,
      's.yaml:6:48: serverFaults[0].on: orders to this agent have no file',
    ],
    [
      'an unknown broken release',
      `${minimal.replace('rauc\nr', 'opkg\nr')}expect: { broken: { "1.2": [curl] } }\n`,
      's.yaml:6:28: expect.broken.1.2: unknown release "1.2"; expected one of 1.0, 1.1, 2.0; did you mean "1.0"?',
    ],
    [
      'a broken release of bundles',
      `${minimal}expect: { broken: { "1.1": [curl] } }\n`,
      's.yaml:6:19: expect.broken: packages are named, and this agent takes a bundle',
    ],
    [
      'a broken release that nobody looks at',
      `${minimal.replace('rauc\nr', 'opkg\nr')}expect: { release: unchecked, broken: { "1.1": [curl] } }\n`,
      's.yaml:6:39: expect.broken: which packages are configured is not looked at without checking the release',
    ],
    [
      'what scripts change of a bundle',
      `${minimal}expect: { changedByScripts: [/etc/a] }\n`,
      's.yaml:6:29: expect.changedByScripts: paths of packages are meant, and this agent takes a bundle',
    ],
    [
      'what scripts change that nobody looks at',
      `${minimal.replace('rauc\nr', 'opkg\nr')}expect: { release: unchecked, changedByScripts: [/etc/a] }\n`,
      's.yaml:6:49: expect.changedByScripts: paths of packages are not looked at without checking the release',
    ],
    [
      'faults that nobody would notice',
      `${minimal}serverFaults: [{ name: a, fault: missing }]\nexpect: { release: unchecked }\n`,
      's.yaml:6:15: serverFaults: nothing would show whether the device is still on the old release: add checks',
    ],
    [
      'a phase',
      `${minimal}powerCuts: { during: [instal] }\n`,
      's.yaml:6:23: powerCuts.during[0]: expected one of install, first-boot, confirm, idle, rollback, second-cut, found "instal"; did you mean "install"?',
    ],
    [
      'a name that is no file name',
      minimal.replace('rauc-ab', '-x'),
      's.yaml:3:8: image: expected the name of a reference image, or a path with a "/", found "-x"',
    ],
    [
      'an unknown key',
      `${minimal}relaeses: 1\n`,
      's.yaml:6:1: unknown key "relaeses"; did you mean "releases"?',
    ],
  ])('explains %s', (_, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it.each(['/etc/../passwd', '/..', '/', '//etc', '/etc/', '/./a', '/a\\0b', '/a\\nb', ''])(
    'refuses the guest path "%s"',
    (path) => {
      expect(problemsOf(`${minimal}configuration: ["${path}"]\n`)[0]).toContain(
        'configuration[0]: expected an absolute path',
      );
    },
  );

  it.each(['/etc/a', '/etc/..a', '/etc/a..', '/etc/.hidden', '/a b/ü', "/it's"])(
    'takes the guest path "%s"',
    (path) => {
      expect(parseScenario(`${minimal}configuration: ["${path}"]\n`, 's.yaml').configuration).toEqual([path]);
    },
  );
});

describe('cuts in a row', () => {
  const cuts = (fields: string) => () =>
    parseScenario(`${minimal}powerCuts: { ${fields} }\n`, 's.yaml').powerCuts;

  it('are left out where the scenario does not say how many, and taken up to four', () => {
    expect(cuts('during: [install]')()).not.toHaveProperty('inARow');
    expect(cuts('inARow: 4')().inARow).toBe(4);
    expect(cuts('inARow: 5')).toThrow('inARow');
  });

  it('are refused where no second one is made', () => {
    expect(cuts('during: [install], inARow: 3')).toThrow('no second cut is made');
  });
});

describe('older words', () => {
  it('a second cut may still be called recovery, also beside its name of today', () => {
    const during = (list: string) =>
      parseScenario(`${minimal}powerCuts: { during: ${list} }\n`, 's.yaml').powerCuts.during;
    expect(during('[install, recovery]')).toEqual(['install', 'second-cut']);
    expect(during('[second-cut, recovery]')).toEqual(['second-cut']);
  });

  it('are not what editors propose', () => {
    const text = JSON.stringify(scenarioJsonSchema());
    expect(text).toContain('"second-cut"');
    expect(text).not.toContain('"recovery"');
  });

  it.each(builtInChecks)('has no check of its own that is called %s', (name) => {
    const own = (called: string) => `${minimal}checks: [{ name: ${called}, run: 'true' }]\n`;
    expect(problemsOf(own(name))).toEqual([
      's.yaml:6:18: checks[0].name: a name that is not one of the built-in checks',
    ]);
    expect(parseScenario(own(`${name} again`), 's.yaml').checks).toHaveLength(1);
  });
});

describe('loadScenario', () => {
  it.each(
    ['scenarios', 'test/scenarios'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.yaml'))
        .map((name) => `${folder}/${name}`),
    ),
  )('reads the scenario of this repository: %s', async (path) => {
    const scenario = await loadScenario(path);
    expect(scenario.paths.length).toBeGreaterThan(0);
  });

  it('names a file that is not there', async () => {
    await expect(loadScenario('scenarios/none.yaml')).rejects.toMatchObject({
      kind: 'scenario',
      code: 'document-unreadable',
    });
  });
});
