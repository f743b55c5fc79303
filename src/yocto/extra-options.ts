import { ScenarioError } from '../core/errors.ts';
import { isWritableStorage } from '../qemu/machine-options.ts';
import { splitOptions } from '../qemu/options.ts';
import type { BootRequest, Part } from './part.ts';
import { placeOf, wordsOf } from './qemu-boot.ts';
import { fillPlaceholders, optionPairs, pairWords } from './words.ts';

/** Drivers of `-device` that only a person at a screen needs. */
const inputDevices = /^(usb-(tablet|kbd|mouse)|virtio-(tablet|keyboard|mouse)-(pci|device))$/;
/** And what they are plugged into. */
const usbControllers = /^(qemu-xhci|nec-usb-xhci|piix[34]-usb-uhci|pci-ohci|usb-ehci|ich9-usb-.*)$/;
/** Of these brownout has its own; `-snapshot` would throw away what the guest writes. */
const notOurs =
  /^--?(serial|monitor|qmp|mon|display|vga|nographic|show-cursor|snapshot|pidfile|daemonize|accel|enable-kvm)$/;
/**
 * QB_OPT_APPEND: whatever else the machine's maker wants. Throws ScenarioError `qemuboot-unsupported` for storage
 * that the guest could write to: nobody would record it, and the build's own files would change.
 */
export function extraOptionParts({ boot }: BootRequest): Part[] {
  const where = placeOf(boot, 'qb_opt_append');
  const words = fillPlaceholders(wordsOf(boot, 'qb_opt_append'), { DEPLOY_DIR_IMAGE: boot.folder }, where);
  const kept = optionPairs(words).filter(
    ([option, value]) =>
      !notOurs.test(option) && !(option === '-device' && inputDevices.test(driverOf(value))),
  );
  for (const [option, value] of kept) {
    if (!isWritableStorage(option, value)) continue;
    throw new ScenarioError(
      'qemuboot-unsupported',
      `${where} adds storage that brownout does not serve: ${option} ${value ?? ''}`,
      { hint: 'make it read-only (readonly=on), or leave it out' },
    );
  }
  const usb = kept.some(([option, value]) => option === '-device' && driverOf(value).startsWith('usb-'));
  const own = kept.filter(
    ([option, value]) =>
      usb || !(option === '-usb' || (option === '-device' && usbControllers.test(driverOf(value)))),
  );
  return [
    {
      option: 'QB_OPT_APPEND',
      runqemu: words,
      brownout: pairWords(own),
      why: 'no keyboard, pointer and USB that nobody uses: less to boot, and less that varies',
    },
  ];
}

function driverOf(value: string | undefined): string {
  return value === undefined ? '' : (splitOptions(value)[0]?.[0] ?? '');
}
