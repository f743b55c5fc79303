import { joinOptions } from '../qemu/options.ts';
import type { BootRequest, Part } from './part.ts';
import { placeOf, type QemuBoot, wordsOf } from './qemu-boot.ts';
import { fillPlaceholders, optionPairs, pairWords } from './words.ts';

/** `console=` for the kernel: runqemu names all of SERIAL_CONSOLES, brownout the one that its log is taken from. */
export function kernelConsoles({ serialConsoles }: QemuBoot): { runqemu: string; brownout: string } {
  const all = serialConsoles.map((device) => `console=${device}`);
  return { runqemu: all.join(' '), brownout: all[0] ?? '' };
}

/** runqemu's `tcpserial=`, where it is given. It comes before the other serial ports. */
export function tcpSerialParts({ boot, own: { tcpSerialPort: port } }: BootRequest): Part[] {
  if (port === undefined) return [];
  const given = wordsOf(boot, 'qb_tcpserial_opt');
  const runqemu =
    given.length > 0
      ? fillPlaceholders(given, { PORT: String(port) }, placeOf(boot, 'qb_tcpserial_opt'))
      : ['-serial', `tcp:127.0.0.1:${port},nodelay=on`];
  return [{ option: 'tcpserial', runqemu, brownout: [], why: 'the console is a file' }];
}

/**
 * Serial ports under `nographic`. Images have a login on two consoles, so two there are: runqemu adds what is missing
 * to the `-serial` that the options before gave. QB_SERIAL_OPT holds the second one of arm64, a virtio console;
 * runqemu leaves it out under `nographic`, and systemd then waits a minute and a half for the device.
 */
export function serialParts({ boot, own }: BootRequest, before: readonly string[]): Part[] {
  const given = before.filter((word) => word === '-serial').length;
  const stdio = ['-serial', 'mon:stdio'];
  const silent = ['-serial', 'null'];
  const runqemu = given >= 2 ? [] : given === 1 ? [...silent, ...stdio] : [...stdio, ...silent];
  const file = joinOptions([['file'], ['id', 'console'], ['path', own.consoleLog], ['append', 'on']]);
  const others = optionPairs(wordsOf(boot, 'qb_serial_opt')).filter(([option]) => option !== '-serial');
  const why = [
    'the console is a file',
    ...(others.length > 0 ? ['the devices of QB_SERIAL_OPT are there, since a login waits for them'] : []),
  ];
  return [
    {
      option: '-serial',
      runqemu,
      brownout: [...['-chardev', file, '-serial', 'chardev:console', ...silent], ...pairWords(others)],
      why: why.join('; '),
    },
  ];
}
