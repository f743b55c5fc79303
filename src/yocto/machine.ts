import { ScenarioError } from '../core/errors.ts';
import { type BootRequest, type Part, same } from './part.ts';
import { placeOf, type QemuBoot, wordsOf } from './qemu-boot.ts';

/**
 * Machine, CPU, number of CPUs, accelerator and memory. Under KVM runqemu takes QB_CPU_KVM for QB_CPU; ScenarioError
 * `qemuboot-unsupported` where the image has none.
 */
export function machineParts({ boot, own }: BootRequest): Part[] {
  const kvm = own.accelerator === 'kvm';
  if (kvm && boot.options.qb_cpu_kvm.trim() === '') {
    const message = `${placeOf(boot, 'qb_cpu_kvm')} is missing: this machine is not made for KVM`;
    throw new ScenarioError('qemuboot-unsupported', message, { hint: 'use TCG' });
  }
  const memory = memoryOf(boot, own.memoryMiB);
  return [
    same('machine', [...wordsOf(boot, 'qb_machine'), ...wordsOf(boot, kvm ? 'qb_cpu_kvm' : 'qb_cpu')]),
    {
      option: '-smp',
      runqemu: wordsOf(boot, 'qb_smp'),
      brownout: ['-smp', '1'],
      why: 'a boot must do the same twice, and several CPUs never do',
    },
    {
      option: '-accel',
      runqemu: kvm ? ['-enable-kvm'] : [],
      brownout: ['-accel', kvm ? 'kvm' : 'tcg,thread=single'],
      why: kvm ? 'the same in other words' : 'one thread: a boot must do the same twice',
    },
    {
      option: '-m',
      runqemu: memory.runqemu.qemu,
      brownout: memory.brownout.qemu,
      why: 'the memory that was asked for',
    },
  ];
}

/** QEMU's and the kernel's idea of how much memory there is. */
interface Memory {
  qemu: string[];
  /** `mem=256M`, or empty. */
  kernel: string;
}

/** Machines whose kernels runqemu does not tell how much memory they have. */
const knowingMachines = ['qemumips', 'qemux86', 'qemuloongarch64'];

/** QB_MEM may be `-m 256`, `256` or `256M`; default 256. What is asked for instead changes `-m` and `mem=` together. */
export function memoryOf(boot: QemuBoot, insteadMiB?: number): { runqemu: Memory; brownout: Memory } {
  const [size = '256'] = wordsOf(boot, 'qb_mem').filter((word) => word !== '-m');
  if (!/^\d+[MmGg]?$/.test(size)) {
    const message = `${placeOf(boot, 'qb_mem')}: expected a number of MiB such as -m 256, found ${JSON.stringify(size)}`;
    throw new ScenarioError('qemuboot-invalid', message);
  }
  const tell = !knowingMachines.some((name) => boot.machine.startsWith(name));
  const memory = (amount: string): Memory => ({
    qemu: ['-m', amount],
    kernel: tell ? `mem=${/[Gg]$/.test(amount) ? amount : `${amount}M`}` : '',
  });
  const runqemu = memory(size.replace(/[Mm]$/, ''));
  return { runqemu, brownout: insteadMiB === undefined ? runqemu : memory(String(insteadMiB)) };
}
