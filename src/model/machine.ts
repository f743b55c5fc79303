import { keysOf } from '../core/keys.ts';

/** What QEMU is told of a board. */
interface Board {
  machine: string;
  cpu: string;
}

/** Everything that is known of a machine: whoever needs more of one asks for a further field here. */
export interface Machine {
  /** What Debian, Node.js and rpm call its processor's architecture; `elf`: e_machine of programs that it runs, its own first. */
  architecture: {
    debian: string;
    node: NodeJS.Architecture;
    rpm: string;
    elf: readonly [number, ...number[]];
  };
  /** The first serial port, as the kernel calls it. */
  console: string;
  qemu: {
    /** Yocto's qb_system_name. */
    program: string;
    /** The Debian package that has it. */
    package: string;
    /** Yocto's qb_machine and qb_cpu (qb_cpu_kvm where KVM runs the guest); see meta/conf/machine/qemu*.conf. */
    boards: { tcg: Board; kvm: Board };
    /**
     * What its clock can say, in UTC; the first is what it says without a battery. PL031 counts 32 bits of seconds since 1970.
     * A PC's has two digits for the year, and firmware makes 2070 of 70 (EDK2, PcRtc.c): one that has lost its time says 2000.
     */
    clock: { first: string; last: string };
    /** Whether QEMU brings firmware that starts from a disk by itself. */
    hasFirmware: boolean;
    /** Whether there is a second flash unit only where the first one has the firmware. */
    flashNeedsFirmware: boolean;
  };
}

/** The machines that there are, by Yocto's own names: a further one is a further row. */
export const machines = {
  'qemux86-64': {
    architecture: { debian: 'amd64', node: 'x64', rpm: 'x86_64', elf: [62, 3] },
    console: 'ttyS0',
    qemu: {
      program: 'qemu-system-x86_64',
      package: 'qemu-system-x86',
      boards: {
        tcg: { machine: 'q35,i8042=off', cpu: 'IvyBridge' },
        kvm: { machine: 'q35,i8042=off', cpu: 'IvyBridge' },
      },
      clock: { first: '2000-01-01T00:00:00', last: '2069-12-31T23:59:59' },
      hasFirmware: true,
      flashNeedsFirmware: true,
    },
  },
  qemuarm64: {
    architecture: { debian: 'arm64', node: 'arm64', rpm: 'aarch64', elf: [183, 40] },
    console: 'ttyAMA0',
    qemu: {
      program: 'qemu-system-aarch64',
      package: 'qemu-system-arm',
      boards: {
        tcg: { machine: 'virt', cpu: 'cortex-a57' },
        kvm: { machine: 'virt,gic-version=3', cpu: 'host' },
      },
      clock: { first: '1970-01-01T00:00:00', last: '2105-12-31T23:59:59' },
      hasFirmware: false,
      flashNeedsFirmware: false,
    },
  },
} as const satisfies Readonly<Record<string, Machine>>;

export type MachineName = keyof typeof machines;

/** In the order in which messages name them. */
export const machineNames = keysOf(machines);
