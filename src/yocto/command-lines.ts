import { ScenarioError } from '../core/errors.ts';
import { commandLine } from '../core/quote.ts';
import { guestEpoch } from '../model/device-clock.ts';
import { type MachineName, machineNames, machines } from '../model/machine.ts';
import { joinOptions } from '../qemu/options.ts';
import { extraOptionParts } from './extra-options.ts';
import { kernelParts } from './kernel.ts';
import { machineParts } from './machine.ts';
import { networkParts } from './network.ts';
import { type BootRequest, type OwnNeeds, type Part, same } from './part.ts';
import { placeOf, wordsOf } from './qemu-boot.ts';
import { rootDriveParts } from './root-drive.ts';
import { serialParts, tcpSerialParts } from './serial.ts';

/** A difference between the two command lines, for reports. */
export interface Deviation {
  option: string;
  /** Words of either command line; empty where it has nothing of the kind. */
  runqemu: readonly string[];
  brownout: readonly string[];
  why: string;
}

/** How an image is booted: by runqemu, by brownout, and what differs. */
export interface CommandLines {
  program: string;
  runqemu: string[];
  brownout: string[];
  deviations: Deviation[];
}

/**
 * The arguments with which openembedded-core's `runqemu IMAGE slirp nographic` would start QEMU (as of scarthgap;
 * scripts/runqemu, setup_final and start_qemu), and those with which brownout does, made from the same list of parts:
 * what is not listed as a deviation is the same. No shell reads any value. Throws ScenarioError `qemuboot-invalid` and
 * `qemuboot-unsupported`, with the line of the qemuboot.conf.
 */
export function commandLines(request: BootRequest): CommandLines {
  const { boot, own } = request;
  const front: Part[] = [
    added('general', ['-nodefaults', '-no-user-config'], 'only what is named here is there, on any host'),
    added('-no-reboot', ['-no-reboot'], 'a reset ends QEMU, and brownout starts it again as a power-on'),
    ...networkParts(request),
    {
      option: 'QB_RNG',
      runqemu: wordsOf(boot, 'qb_rng'),
      brownout: [],
      why: "the host's random numbers would make every boot another one",
    },
    ...rootDriveParts(request),
    ...extraOptionParts(request),
    ...machineParts(request),
    ...tcpSerialParts(request),
  ];
  const qmp = joinOptions([
    ['socket'],
    ['id', 'qmp'],
    ['path', own.qmpSocket],
    ['server', 'on'],
    ['wait', 'off'],
  ]);
  const parts: Part[] = [
    ...front,
    added('-rtc', ['-rtc', `base=${guestEpoch},clock=vm`], 'equal runs see equal times'),
    added('-seed', ['-seed', '0'], 'equal boots are given equal random numbers'),
    added('QMP', ['-chardev', qmp, '-mon', 'chardev=qmp,mode=control'], 'how brownout speaks with QEMU'),
    ...serialParts(
      request,
      front.flatMap(({ runqemu }) => runqemu),
    ),
    {
      option: 'display',
      runqemu: ['-nographic', ...wordsOf(boot, 'qb_graphics')],
      brownout: ['-display', 'none'],
      why: 'nobody looks at a screen',
    },
    ...kernelParts(request),
  ];
  return {
    program: machines[machineFor(request)].qemu.program,
    runqemu: parts.flatMap(({ runqemu }) => runqemu),
    brownout: parts.flatMap(({ brownout }) => brownout),
    deviations: [...parts, ...hostCommands(request)].filter(differs),
  };
}

/** A difference in one line. */
export function deviationText({ option, runqemu, brownout, why }: Deviation): string {
  return `${option}: ${commandLine(runqemu) || 'nothing'} => ${commandLine(brownout) || 'nothing'} (${why})`;
}

/** Names in place of what only a run knows. */
export const shownNeeds: OwnNeeds = {
  accelerator: 'tcg',
  disk: { id: 'main', socketPath: 'RUN/nbd.sock', exportName: 'main' },
  consoleLog: 'RUN/console.log',
  qmpSocket: 'RUN/qmp.sock',
  sshPort: 2222,
};

function added(option: string, words: readonly string[], why: string): Part {
  return { ...same(option, []), brownout: words, why };
}

function differs({ runqemu, brownout }: Part): boolean {
  return runqemu.length !== brownout.length || runqemu.some((word, i) => word !== brownout[i]);
}

/**
 * The machine that boots an image: by QB_SYSTEM_NAME, or as runqemu guesses by the machine's name. Of several that QEMU's
 * same program runs, the one of that name. Throws ScenarioError `qemuboot-unsupported`.
 */
export function machineFor({ boot }: Pick<BootRequest, 'boot'>): MachineName {
  const asked = boot.options.qb_system_name;
  const run = machineNames.filter((name) =>
    asked === '' ? name === boot.machine : machines[name].qemu.program === asked,
  );
  const found = run.find((name) => name === boot.machine) ?? run[0];
  if (found !== undefined) return found;
  const expected = machineNames.map((name) => machines[name].qemu.program).join(' or ');
  throw new ScenarioError(
    'qemuboot-unsupported',
    `${placeOf(boot, 'qb_system_name')}: brownout boots with ${expected}, not with ${JSON.stringify(asked)}`,
  );
}

/** Commands that runqemu has the host's shell run before and after. They are on no command line of QEMU. */
function hostCommands({ boot }: BootRequest): Part[] {
  return (['qb_setup_cmd', 'qb_cleanup_cmd'] as const).map((key) => ({
    option: key.toUpperCase(),
    runqemu: boot.options[key] === '' ? [] : [boot.options[key]],
    brownout: [],
    why: 'brownout runs no command of an image on this host',
  }));
}
