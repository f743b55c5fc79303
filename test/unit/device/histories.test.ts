import { rm, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DeadlinePassed } from '../../../src/core/deadline.ts';
import { DeviceFailure } from '../../../src/core/errors.ts';
import { ConnectionLost } from '../../../src/guest/errors.ts';
import { hostStarved } from '../../../src/target/fair-limit.ts';
import { FileStore } from '../../support/simulated/file-store.ts';
import { codesOf, type Lab, slotLab } from '../../support/simulated/lab.ts';
import type { Power } from '../../support/simulated/machine.ts';
import { fails, prints } from '../../support/simulated/shell.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';

/** A device, a scenario without cuts, and what is to come of it. */
interface History {
  traits?: SlotTraits;
  fields?: Record<string, unknown>;
  /** Something that happens to the lab before the run. */
  before?: ((lab: Lab) => Promise<void> | void) | undefined;
  /** Codes of all that is wrong, in order; none: the run passes. */
  codes?: string[];
  verdict?: 'failed' | 'error';
  /** Names of steps that the record must have. */
  steps?: string[];
  /** What the first thing that went wrong says. */
  says?: RegExp;
}

/** What a device does at one of its starts, counted from 1. */
function atStart(n: number, work: (power: Power) => Promise<void> | void): SlotTraits['onStart'] {
  let starts = 0;
  return (power) => {
    starts += 1;
    return starts === n ? work(power) : undefined;
  };
}

const dies = (failure: DeviceFailure) => () => {
  throw failure;
};
const never = () => new Promise<void>(() => undefined);
/** Answers one command in a way of its own; the others go their way. */
const answers =
  (pattern: RegExp, answer: () => ReturnType<typeof prints>): SlotTraits['before'] =>
  (command) =>
    pattern.test(command) ? answer() : undefined;
/** The console says a line the n-th time that such a command comes. */
function saysAt(pattern: RegExp, line: string, n = 1): SlotTraits['before'] {
  let times = 0;
  return (command, power) => {
    if (!pattern.test(command)) return undefined;
    times += 1;
    if (times === n) power.say(line);
    return undefined;
  };
}
/** A program whose own time-out has passed, since the host did not let the device run. */
const starves = () => ({ ...fails(1, 'Timeout was reached'), starved: hostStarved(60_000, 48_000) });
const tooSlow = () => {
  throw new DeadlinePassed('a command', 60_000);
};
const looks = /^tr -d/;
const bothWays = { rollback: 'succeeds' };
const faults = [
  { name: 'gone', fault: 'missing' },
  { name: 'short', fault: 'truncated' },
  { name: 'wrong', fault: 'corrupted', at: '90%' },
  { name: 'lost', fault: 'dropped' },
];

/** Answers a command in its own way once the release has started. */
function onceBooted(
  release: string,
  pattern: RegExp,
  answer: () => ReturnType<typeof prints>,
): SlotTraits['before'] {
  return (command, _, running) => (running === release && pattern.test(command) ? answer() : undefined);
}

/** A service that runs for a while after each start. */
function diesAfter(ms: number): SlotTraits {
  let started = 0;
  return {
    onStart: () => {
      started = performance.now();
    },
    before: answers(/pidof service$/, () =>
      performance.now() - started < ms ? prints('311\n') : fails(1, ''),
    ),
  };
}

/** Something that happens on the host after everything was verified. */
function beforeTarget(work: (lab: Lab) => Promise<void>): History['before'] {
  return (lab) => {
    const { createTarget } = lab;
    lab.createTarget = async (options) => {
      await work(lab);
      return createTarget(options);
    };
  };
}

function dataOf(disks: Power['disks']) {
  const disk = disks.get('data');
  if (disk === undefined) throw new Error('no data disk');
  return disk;
}

/** An updater of the scenario on an image that cannot tell its releases; the device is asked. */
const told = {
  agent: {
    name: 'script',
    bundle: 'verity',
    install: 'update',
    confirm: 'rauc status mark-good',
    status: { run: 'gateway status', good: { pattern: '^state: (.*)$', is: 'good' } },
    identity: {
      run: 'gateway version',
      expect: { '1.0': 'gateway 1.0', '1.1': 'gateway 1.1', '2.0': 'gateway 2.0' },
    },
  },
};
const untold: History['before'] = ({ manifest: { releases } }) => {
  for (const one of Object.values(releases)) one.content = { kind: 'unknown' };
};
const tells =
  (version = (release: string) => prints(`gateway ${release}\n`), state = 'good'): SlotTraits['before'] =>
  (command, _, release) => {
    if (command === 'gateway version') return version(release);
    return command === 'gateway status' ? prints(`slot: ?\nstate: ${state}\n`) : undefined;
  };

async function take({ traits = {}, fields = {}, before }: History) {
  const lab = await slotLab(traits);
  await lab.scenario(fields);
  await before?.(lab);
  const record = await lab.run({ powerCuts: { mode: 'none' } });
  const steps = record.paths.flatMap((path) => path.steps);
  return {
    record,
    steps,
    problems: [
      ...steps.flatMap(({ problem }) => problem ?? []),
      ...(record.problem === undefined ? [] : [record.problem]),
    ],
  };
}

describe('a history without a cut is green:', () => {
  it.each(
    Object.entries<History>({
      'every release in order, straight to the last, and back': {
        fields: { releases: ['1.0', '1.1', '2.0'], paths: ['adjacent', 'skip'], expect: bothWays },
        steps: [
          'boot 1.0',
          'provision',
          '1.0->1.1 first boot',
          '1.1->2.0 release',
          '1.0->2.0 confirm',
          'rollback: release',
        ],
      },
      'an updater of the scenario itself': {
        fields: {
          agent: { name: 'script', bundle: 'verity', install: 'update', confirm: 'rauc status mark-good' },
        },
        steps: ['1.0->1.1 confirm'],
      },
      'a script that goes back': {
        fields: {
          agent: {
            name: 'script',
            bundle: 'verity',
            install: 'update',
            confirm: 'rauc status mark-good',
            rollback: 'rauc status mark-active other',
          },
          expect: bothWays,
        },
        steps: ['rollback: release'],
      },
      'an updater whose device is asked which release it runs, and whether that is good': {
        traits: { before: tells() },
        fields: { ...told, releases: ['1.0', '1.1', '2.0'] },
        before: untold,
        steps: ['1.0->1.1 release', '1.1->2.0 release', 'confirmed: release'],
      },
      'the same of a device that goes back by itself': {
        traits: { unbootable: '1.1', before: tells() },
        fields: { ...told, expect: { upgrade: 'falls-back' } },
        before: untold,
        steps: ['1.0->1.1 fallback'],
      },
      'a release that does not start, and a device that goes back by itself': {
        traits: { unbootable: '1.1' },
        fields: { expect: { upgrade: 'falls-back' } },
        steps: ['1.0->1.1 fallback'],
      },
      'a fall-back that lasts': {
        traits: { unbootable: '1.1' },
        fields: { expect: { upgrade: 'falls-back', fallback: 'lasts', confirmed: 'unchecked' } },
        steps: ['confirmed: start 2'],
      },
      'an agent that resets the device itself, at once': {
        traits: { resetsItself: 'at once' },
        fields: {
          agent: { name: 'rauc', reboots: 'itself' },
          serverFaults: faults,
          expect: { installs: { within: '3s' } },
        },
        steps: ['1.0->1.1 first boot', '1.0->1.1 wrong: refused', '1.0->1.1 lost: repaired: release'],
      },
      'an updater of the scenario that resets the device when it has ended': {
        traits: { resetsItself: 'later' },
        fields: {
          agent: {
            name: 'script',
            bundle: 'verity',
            install: 'update',
            confirm: 'rauc status mark-good',
            reboots: 'itself',
          },
          releases: ['1.1', '2.0'],
          paths: [['2.0', '1.1']],
        },
        steps: ['come to 2.0', '2.0->1.1 first boot'],
      },
      'a service that is up some time after the login': {
        fields: { checks: [{ name: 'service', run: 'echo up', after: '100ms' }] },
        steps: ['1.0->1.1 service', 'confirmed: service'],
      },
      'a server with faults, and an updater that looks': {
        fields: { feedFaults: faults },
        steps: [
          '1.0->1.1 wrong: refused',
          '1.0->1.1 lost: repaired: install',
          '1.0->1.1 gone: repaired: release',
        ],
      },
      'a path that begins where no device leaves the factory': {
        fields: { releases: ['1.1', '2.0'], paths: [['2.0', '1.1']] },
        steps: ['boot 1.1', 'come to 2.0', '2.0->1.1 release'],
      },
      'releases of which nobody knows the bytes': {
        fields: { expect: { release: 'unchecked' } },
        before: ({ manifest: { releases } }) => {
          for (const one of Object.values(releases)) one.content = { kind: 'unknown' };
        },
        steps: ['1.0->1.1 configuration'],
      },
      'checks of the scenario, before and after the boot': {
        fields: {
          checks: [
            { name: 'service', run: 'echo up', when: 'always' },
            { name: 'plain', run: 'echo up' },
          ],
        },
        steps: ['1.0->1.1 before reboot: service', '1.0->1.1 service', '1.0->1.1 plain'],
      },
      'damage that the scenario allows': {
        traits: {
          before: saysAt(/^rauc install/, '[   12.345678] EXT4-fs error (device vda4): ext4_lookup:1785'),
        },
        fields: { console: { allow: ['EXT4-fs error (device *): ext4_lookup'] } },
        steps: ['1.0->1.1 confirm'],
      },
      'a warning of the kernel': {
        traits: { before: saysAt(/^rauc install/, '[   12.345678] WARNING: CPU: 0 PID: 1 at mm/slab.c:1') },
        steps: ['1.0->1.1 confirm'],
      },
      "a program's words that sound like the kernel's": {
        traits: {
          onStart: ({ say }) => say('[    1.000000] Linux version 6.12'),
          before: saysAt(/^rauc install/, 'gatewayd[311]: Internal error: Oops: 0 [#1]'),
        },
        steps: ['1.0->1.1 confirm'],
      },
      'a console that shows what the scenario asks for': {
        traits: { onStart: ({ say }) => say('wd0: watchdog armed for 30 s') },
        fields: { console: { require: ['watchdog armed'] } },
        steps: ['1.0->1.1 console shows'],
      },
      'an owner who does everything that an owner can': {
        fields: {
          provision: [
            { write: { path: '/etc/a.d/site', content: 'north\n', mode: '0600' } },
            { append: { path: '/etc/motd', content: 'mine\n' } },
            { delete: '/etc/hostname' },
            { run: 'echo done' },
          ],
        },
        steps: ['1.0->1.1 configuration'],
      },
    }),
  )('%s', async (_, history) => {
    const { record, steps, problems } = await take(history);
    expect(problems).toEqual([]);
    expect(record).toMatchObject({ verdict: 'passed', findings: [] });
    expect(steps.map(({ name }) => name)).toEqual(expect.arrayContaining(history.steps ?? []));
  });
});

describe('a history without a cut is red, by the device:', () => {
  it.each(
    Object.entries<History>({
      'a release that does not start': { traits: { unbootable: '1.1' }, codes: ['release-unexpected'] },
      'a device that should fall back and does not': {
        fields: { expect: { upgrade: 'falls-back' } },
        codes: ['release-unexpected', 'not-installed'],
      },
      'a device that says of itself that it runs another release': {
        traits: { before: tells(() => prints('gateway 1.0')) },
        fields: told,
        before: untold,
        codes: ['release-unexpected'],
        says: /^the device says "gateway 1\.0", which is 1\.0; expected 1\.1$/,
      },
      'a device that cannot say which release it runs': {
        traits: {
          before: tells((release) => (release === '1.0' ? prints('gateway 1.0') : fails(1, 'no file'))),
        },
        fields: told,
        before: untold,
        codes: ['observe-failed'],
        says: /agent\.identity\.run ended with 1: no file$/,
      },
      'a device that never says which release it runs': {
        traits: { before: tells((release) => (release === '1.0' ? prints('gateway 1.0') : tooSlow())) },
        fields: told,
        before: untold,
        codes: ['observe-timeout'],
      },
      'an updater that does not call its release good': {
        traits: { before: tells(undefined, 'testing') },
        fields: told,
        before: untold,
        codes: ['not-good'],
        says: /is not good: testing$/,
      },
      'an updater that refuses': {
        traits: { refuses: true },
        codes: ['install-failed'],
        says: /not for this device/,
      },
      'an updater that only says that it installs': {
        traits: { pretends: true },
        codes: ['release-unexpected'],
      },
      'an updater that is too slow': {
        traits: { pauseMs: 60 },
        fields: { expect: { installs: { within: '100ms' } } },
        codes: ['install-timeout'],
      },
      'a lost connection': {
        traits: {
          before: answers(/rauc install/, () => {
            throw new ConnectionLost('the guest fell silent');
          }),
        },
        codes: ['connection-lost'],
      },
      'a status that is no JSON': {
        traits: { before: answers(/rauc status --output/, () => prints('good')) },
        codes: ['status-failed'],
      },
      'a status that fails': {
        traits: { before: answers(/rauc status --output/, () => fails(1, 'no bus')) },
        codes: ['status-failed'],
      },
      'a confirmation that fails on the new release': {
        traits: { before: onceBooted('1.1', /mark-good/, () => fails(1, 'no state')) },
        codes: ['confirm-failed'],
      },
      'a confirmation that does nothing': {
        traits: { before: onceBooted('1.1', /mark-good/, () => prints('marked slot B as good')) },
        codes: ['not-confirmed'],
        says: /^3 starts after 1\.1 was confirmed: the device runs 1\.0 in slot A; expected 1\.1$/,
      },
      'a script whose confirmation does nothing': {
        fields: {
          agent: { name: 'script', bundle: 'verity', install: 'update', confirm: 'echo done' },
        },
        codes: ['not-confirmed'],
      },
      'a confirmation after which the running slot is not good': {
        traits: {
          before: onceBooted('1.1', /rauc status --output/, () =>
            prints(
              JSON.stringify({
                booted: 'B',
                slots: [{ 'rootfs.1': { bootname: 'B', state: 'booted', boot_status: 'bad' } }],
              }),
            ),
          ),
        },
        codes: ['not-good'],
        says: /boot status of slot B: bad$/,
      },
      'a fall-back after which the new release is tried again': {
        traits: { unbootable: '1.1', givesTriesBack: true },
        fields: { expect: { upgrade: 'falls-back', fallback: 'lasts' } },
        codes: ['fallback-undone'],
        says: /^one start after the fall-back to 1\.0 the device reset itself 3 times/,
      },
      'a service that dies some time after the login': {
        traits: diesAfter(150),
        fields: { checks: [{ name: 'service', run: 'pidof service', after: '400ms' }] },
        codes: ['check-failed'],
      },
      'an agent that was to reset the device itself': {
        fields: { agent: { name: 'rauc', reboots: 'itself' }, expect: { installs: { within: '300ms' } } },
        codes: ['no-reset'],
      },
      'an agent that refuses instead of resetting the device': {
        traits: { refuses: true },
        fields: { agent: { name: 'rauc', reboots: 'itself' }, expect: { installs: { within: '2s' } } },
        codes: ['install-failed'],
      },
      'a rollback that does not last': {
        traits: { before: onceBooted('1.0', /mark-good/, () => prints('marked slot A as good')) },
        fields: { expect: bothWays },
        codes: ['not-confirmed'],
        says: /^3 starts after 1\.0 was confirmed: the device runs 1\.1/,
      },
      'a rollback that fails': {
        traits: { before: onceBooted('1.1', /mark-active other/, () => fails(1, 'no other slot')) },
        fields: { expect: bothWays },
        codes: ['rollback-failed'],
      },
      'a panic on the first start of the new release': {
        traits: { onStart: atStart(2, dies(new DeviceFailure('kernel-panic', 'as planned'))) },
        codes: ['kernel-panic'],
      },
      'a start that never ends': {
        traits: { onStart: atStart(2, never) },
        fields: { expect: { boots: { within: '500ms' } } },
        codes: ['boot-timeout'],
      },
      'a choice of the next slot that fails': {
        traits: { pretends: true, before: answers(/mark-active other/, () => fails(1, 'no other slot')) },
        codes: ['activate-failed'],
      },
      'a choice of the next slot that never ends': {
        traits: { pretends: true, before: answers(/mark-active other/, tooSlow) },
        codes: ['activate-timeout'],
      },
      'a status that never comes': {
        traits: { before: answers(/rauc status --output/, tooSlow) },
        codes: ['status-timeout'],
      },
      'a confirmation that never ends': {
        traits: { before: onceBooted('1.1', /mark-good/, tooSlow) },
        codes: ['confirm-timeout'],
      },
      'a rollback that never ends': {
        traits: { before: onceBooted('1.1', /mark-active other/, tooSlow) },
        fields: { expect: bothWays },
        codes: ['rollback-timeout'],
      },
      'a kernel that stumbles': {
        traits: { oops: 'BUG: unable to handle page fault' },
        codes: ['kernel-oops'],
      },
      'a kernel that stumbles while the upgrade is installed': {
        traits: { before: saysAt(/^rauc install/, '[   12.345678] BUG: unable to handle page fault') },
        codes: ['kernel-oops'],
        steps: ['1.0->1.1 before reboot: kernel'],
      },
      'a kernel that stumbles while the device is provisioned': {
        traits: { before: saysAt(/^mkdir -p/, '[   12.345678] Oops: 0000 [#1] SMP') },
        codes: ['kernel-oops'],
        steps: ['kernel'],
      },
      'a kernel that stumbles while the release is confirmed': {
        traits: { before: saysAt(/mark-good/, '[   12.345678] Oops: 0000 [#1] SMP', 2) },
        codes: ['kernel-oops'],
        steps: ['1.0->1.1 kernel'],
      },
      'a kernel that stumbles in a start after the confirmation': {
        // One start from the factory, one after the installation: the fourth is the second of those that follow.
        traits: { onStart: atStart(4, ({ say }) => say('[    1.234567] Oops: 0000 [#1] SMP')) },
        codes: ['kernel-oops'],
        steps: ['confirmed: kernel'],
      },
      'a kernel that stumbles while the device goes back': {
        traits: { before: saysAt(/mark-active other/, '[   12.345678] Oops: 0000 [#1] SMP') },
        fields: { expect: bothWays },
        codes: ['kernel-oops'],
        steps: ['rollback: kernel'],
      },
      'a kernel that stumbles before an installation fails': {
        traits: {
          before: (command, power) => {
            if (!/^rauc install/.test(command)) return undefined;
            power.say('[   12.345678] EXT4-fs error (device vda3): ext4_lookup:1785: inode #2');
            return fails(1, 'LastError: read-only file system');
          },
        },
        codes: ['install-failed', 'file-system-error'],
      },
      'a file system that is damaged': {
        traits: {
          before: saysAt(/^rauc install/, '[   12.345678] EXT4-fs error (device vda4): ext4_lookup:1785'),
        },
        codes: ['file-system-error'],
      },
      'a console that does not show what the scenario asks for': {
        fields: { console: { require: ['watchdog armed'] } },
        codes: ['console-text-missing'],
      },
      "an owner's file that the new release removes": {
        traits: {
          onStart: atStart(2, async ({ disks }) => {
            await new FileStore(dataOf(disks)).remove('/etc/hostname');
          }),
        },
        codes: ['configuration-lost'],
      },
      "an owner's file that the new release changes": {
        traits: {
          onStart: atStart(2, async ({ disks }) =>
            new FileStore(dataOf(disks)).replace('/etc/app.conf', Buffer.from('port=1\n')),
          ),
        },
        codes: ['configuration-lost'],
      },
      'a file that cannot be read': {
        traits: { before: onceBooted('1.1', looks, () => fails(3, 'Input/output error')) },
        codes: ['observe-failed'],
        says: /Input\/output error/,
      },
      'files that are too many': {
        traits: { before: onceBooted('1.1', looks, () => ({ ...prints('root=/dev/B\n'), truncated: true })) },
        codes: ['observe-failed'],
        says: /more than 24 MiB/,
      },
      'an answer that ends too early': {
        traits: { before: onceBooted('1.1', looks, () => prints('root=/dev/B\n/dev/B\n1.1\n644 0:0\n')) },
        codes: ['observe-failed'],
        says: /ends too early/,
      },
      'a device that does not answer': {
        traits: { before: onceBooted('1.1', looks, tooSlow) },
        codes: ['observe-timeout'],
      },
      'a system that runs from nowhere': {
        traits: {
          before: onceBooted('1.1', looks, () => prints('quiet\n\n1.1\nabsent\n\n.\nabsent\n\n.\n')),
        },
        codes: ['unknown-slot', 'configuration-lost'],
      },
      'a check that fails': {
        fields: { checks: [{ name: 'service', run: 'exit 4' }] },
        codes: ['check-failed'],
        says: /ended with 4: as it was asked/,
      },
      'a check that never ends': {
        traits: { before: answers(/ALLOWED/, tooSlow) },
        fields: { checks: [{ name: 'service', run: 'echo' }] },
        codes: ['check-timeout'],
      },
      'an updater that believes every byte': {
        traits: { believesEveryByte: true },
        fields: { feedFaults: [faults[2]] },
        codes: ['release-mixed', 'fault-taken'],
      },
      'a device that does not switch itself off': {
        traits: { onEnd: dies(new DeviceFailure('shutdown-failed', 'as planned')) },
        fields: { feedFaults: [faults[0]] },
        codes: ['shutdown-failed'],
      },
      'a device that does not reboot': {
        traits: { onEnd: dies(new DeviceFailure('reboot-failed', 'as planned')) },
        codes: ['reboot-failed'],
      },
    }),
  )('%s', async (_, history) => {
    const { record, problems } = await take(history);
    expect([record.verdict, codesOf(record)]).toEqual(['failed', history.codes]);
    expect(problems[0]?.message).toMatch(history.says ?? /./);
    expect(record.findings.length).toBeGreaterThan(0);
  });
});

describe('a history without a cut is an error, of the scenario, the image or the host:', () => {
  it.each(
    Object.entries<History>({
      'a login that is refused at the first start': {
        traits: { onStart: dies(new DeviceFailure('ssh-login-refused', 'as planned')) },
        codes: ['image-mismatch'],
      },
      'a slot that is not as described': {
        before: ({ manifest: { releases } }) => {
          for (const one of Object.values(releases))
            if (one.content.kind === 'slot') one.content.sha256 = 'f'.repeat(64);
        },
        codes: ['image-mismatch'],
        says: /not as described: slot A calls itself 1\.0/,
      },
      'a file of which nobody has heard': {
        fields: { configuration: ['/etc/nothing'] },
        codes: ['configuration-absent'],
        says: /no \/etc\/nothing/,
      },
      'a provision step that fails': {
        fields: { provision: [{ run: 'exit 3' }] },
        codes: ['provision-failed'],
        says: /ended with 3/,
      },
      'an edit whose place is not there': {
        fields: { provision: [{ edit: { path: '/etc/motd', replace: 'farewell', with: 'x' } }] },
        codes: ['provision-failed'],
        says: /there 0 times/,
      },
      'a provision step that never ends': {
        traits: { before: answers(/^sync/, tooSlow) },
        codes: ['provision-failed'],
        says: /did not end within 60 s/,
      },
      'an installation that fails on a host that keeps the CPU from it': {
        traits: { before: answers(/rauc install/, starves) },
        codes: ['host-starved'],
        says: /withheld CPU from QEMU for 48 of 60 s/,
      },
      'a check that fails on a host that keeps the CPU from it': {
        traits: { before: answers(/ALLOWED/, starves) },
        fields: { checks: [{ name: 'service', run: 'pidof service' }] },
        codes: ['host-starved'],
      },
      'a release that is given up on a host that keeps the CPU from it': {
        traits: { unbootable: '1.1', starved: () => hostStarved(10_000, 8000) },
        codes: ['host-starved'],
        says: /withheld CPU from QEMU for 8 of 10 s/,
      },
      'a fault that the device never meets': {
        traits: { refuses: true },
        fields: { feedFaults: [faults[0]] },
        codes: ['fault-not-met'],
      },
      'a fault beyond the end of a file': {
        fields: { feedFaults: [{ name: 'far', fault: 'truncated', at: 1_000_000 }] },
        codes: ['fault-beyond'],
      },
      'a release that the image has not': {
        fields: { releases: ['1.0', '3.0'] },
        codes: ['unknown-release'],
      },
      'a bundle that the image has not': {
        fields: { agent: { name: 'rauc', bundle: 'plain' } },
        codes: ['unknown-bundle'],
      },
      'a feed that the image has not': { fields: { agent: 'opkg' }, codes: ['unknown-feed'] },
      'a release that nobody can know': {
        before: ({ manifest: { releases } }) => {
          for (const one of Object.values(releases)) one.content = { kind: 'unknown' };
        },
        codes: ['release-unknowable'],
      },
      'no factory disk at all': {
        before: ({ manifest: { releases } }) => {
          for (const one of Object.values(releases)) delete one.factory;
        },
        codes: ['no-factory-disk'],
      },
      'one factory disk too few': {
        before: ({ manifest }) => {
          for (const one of Object.values(manifest.releases)) delete one.factory?.['data'];
        },
        codes: ['image-incomplete'],
      },
      'a factory disk with another content than when it was built': {
        before: async ({ manifest }) => {
          await writeFile(manifest.releases['1.0']?.factory?.['boot']?.path ?? '', Buffer.alloc(512));
        },
        codes: ['image-damaged'],
      },
      'a bundle that the host loses while it serves': {
        before: beforeTarget(({ manifest }) => rm(manifest.releases['1.1']?.bundles['verity']?.path ?? '')),
        codes: ['feed-failed'],
      },
      'a disk that the host can no longer read': {
        before: beforeTarget(({ manifest }) =>
          truncate(manifest.releases['1.0']?.factory?.['main']?.path ?? '', 0),
        ),
        codes: ['storage-failed'],
      },
    }),
  )('%s', async (_, history) => {
    const { record, problems } = await take(history);
    expect([record.verdict, codesOf(record)]).toEqual(['error', history.codes]);
    expect(problems.at(-1)?.message).toMatch(history.says ?? /./);
  });
});
