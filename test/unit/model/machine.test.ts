import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { agents } from '../../../src/agents/index.ts';
import { parseDocument } from '../../../src/document/parse.ts';
import { qemuFor } from '../../../src/host/requirements.ts';
import { perMachine } from '../../../src/image/description-parts.ts';
import { type Machine, machineNames } from '../../../src/model/machine.ts';
import { argumentsFor } from '../../../src/qemu/arguments.ts';
import { scenarioJsonSchema, scenarioSchemaFor } from '../../../src/scenario/schema.ts';

/** A third machine, as one row of the table would have it. */
const name = 'qemuriscv64';
const board = { machine: 'virt', cpu: 'rv64' };
const row: Machine = {
  architecture: { debian: 'riscv64', node: 'riscv64', rpm: 'riscv64', elf: [243] },
  console: 'ttyS0',
  qemu: {
    program: 'qemu-system-riscv64',
    package: 'qemu-system-misc',
    boards: { tcg: board, kvm: board },
    clock: { first: '1970-01-01T00:00:00', last: '2037-12-31T23:59:59' },
    hasFirmware: false,
    flashNeedsFirmware: true,
  },
};
const names = [...machineNames, name];
const scenario = (machine: string) =>
  `name: n\nmachines: [${machine}]\nimage: i\nagent: rauc\nreleases: ["1", "2"]\n`;

describe('a third machine', () => {
  const common = { accelerator: 'tcg', consoleLog: '/l/c', qmpSocket: '/s/q', sshPort: 2222 } as const;
  const nbd = { socketPath: '/s/nbd', exportName: 'vars' };
  const vars = { id: 'vars', attach: 'pflash', cache: 'writethrough', source: { nbd } } as const;

  it('has a command line of QEMU', () => {
    const firmware = { attach: 'pflash', code: '/f/code' } as const;
    const { program, args } = argumentsFor(row, { ...common, firmware, disks: [vars] });
    expect(program).toBe('qemu-system-riscv64');
    expect(args.join(' ')).toContain('-machine virt,pflash0=firmware,pflash1=disk-vars -cpu rv64 ');
  });

  it('has its own rule for flash', () => {
    const firmware = { attach: 'bios', code: '/f/code' } as const;
    const start = (machine: Machine) => argumentsFor(machine, { ...common, firmware, disks: [vars] });
    expect(() => start(row)).toThrow(
      'disk vars is flash unit 1, which virt has only when the firmware is attached as pflash',
    );
    const free = { ...row, qemu: { ...row.qemu, flashNeedsFirmware: false } };
    expect(start(free).args.join(' ')).toContain('-machine virt,pflash1=disk-vars ');
  });

  it('is one that scenarios may name', () => {
    const schema = scenarioSchemaFor(agents, names);
    expect(parseDocument(scenario(name), 's.yaml', schema).machines).toEqual([name]);
    expect(() => parseDocument(scenario('qemuriscv46'), 's.yaml', schema)).toThrow(
      's.yaml:2:12: machines[0]: expected one of qemux86-64, qemuarm64, qemuriscv64, found "qemuriscv46"; did you mean "qemuriscv64"?',
    );
    expect(JSON.stringify(scenarioJsonSchema(agents, names))).toContain(JSON.stringify(names));
  });

  it('is one that image descriptions may name', () => {
    const schema = z.strictObject({ machines: perMachine(z.strictObject({ console: z.string() }), names) });
    const text = `machines: { ${name}: { console: ttyS0 } }\n`;
    expect(parseDocument(text, 'image.yaml', schema).machines[name]).toEqual({ console: 'ttyS0' });
    expect(() => parseDocument(text.replace('riscv', 'rics'), 'image.yaml', schema)).toThrow(
      'unknown key "qemurics64"; did you mean "qemuriscv64"?',
    );
  });

  it('is one whose QEMU the host must have', () => {
    expect(qemuFor(name, row)).toEqual({
      what: { program: 'qemu-system-riscv64' },
      package: 'qemu-system-misc',
      purpose: 'run',
      machine: name,
    });
  });
});
