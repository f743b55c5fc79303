import { withoutReach } from '../qemu/machine-options.ts';
import { joinOptions, splitOptions } from '../qemu/options.ts';
import { userNetwork } from '../qemu/user-network.ts';
import { type BootRequest, type Part, same } from './part.ts';
import { placeOf, type QemuBoot, wordsOf } from './qemu-boot.ts';
import { fillPlaceholders } from './words.ts';

/** runqemu's under slirp, as long as its first ports are free; it counts up with them. */
const slirpMac = '52:54:00:12:35:02';

/** The kernel's `ip=` under slirp. */
export function kernelNetwork({ options }: QemuBoot): string {
  return options.qb_net === 'none' ? '' : options.qb_cmdline_ip_slirp || 'ip=dhcp';
}

/** What would give the guest more of the host, or the host more of the guest, than a run needs. */
const reaching = ['hostfwd', 'guestfwd', 'tftp', 'bootfile', 'smb'];

/** Network card and slirp, in this order. runqemu takes QB_SLIRP_OPT for the whole `-netdev`, where there is one. */
export function networkParts({ boot, own }: BootRequest): Part[] {
  const { options, folder } = boot;
  if (options.qb_net === 'none') return [same('network', ['-nic', 'none'])];
  const given = wordsOf(boot, 'qb_network_device');
  const device = given.length > 0 ? given : ['-device', 'e1000,netdev=net0,mac=@MAC@'];
  const card = fillPlaceholders(device, { MAC: slirpMac }, placeOf(boot, 'qb_network_device'));
  // A PC's own VGA card is device 1 on the bus, and names such as enp0s2 follow from the place of the card.
  const address = isPc(boot) && !card.some((word) => word.includes(',addr=')) ? ',addr=0x2' : '';
  const slirp = wordsOf(boot, 'qb_slirp_opt');
  const forwards = [22, 23].map((port) => ['hostfwd', `tcp:127.0.0.1:${hostPort(port)}-:${port}`] as const);
  const usual = ['-netdev', joinOptions([['user'], ['id', 'net0'], ...forwards, ['tftp', folder]])];
  const netdev =
    slirp.length > 0
      ? fillPlaceholders(slirp, { DEPLOY_DIR_IMAGE: folder }, placeOf(boot, 'qb_slirp_opt'))
      : usual;
  return [
    {
      option: 'network card',
      runqemu: card,
      brownout: card.map((word) => (/^virtio-net-pci(,|$)/.test(word) ? `${word},romfile=${address}` : word)),
      why:
        'no boot ROM: firmware must not wait for a network boot' +
        (address === ''
          ? ''
          : '; and its place on the bus, which it has beside the VGA card that is left out'),
    },
    {
      option: 'network',
      runqemu: netdev,
      brownout: netdev.map((word) => (word.startsWith('user,') ? withOwnForward(word, own.sshPort) : word)),
      why: "a free port of this host's loopback reaches the guest's ssh, and the guest reaches what a run serves to it, no more",
    },
  ];
}

function isPc({ machine, options }: QemuBoot): boolean {
  return (options.qb_system_name || machine).match(/x86.64$/) !== null;
}

/** The port of the host on which runqemu forwards one of the guest. */
function hostPort(port: number): number {
  return port === 22 ? 2222 : 2323;
}

/** The same `-netdev user` with one forward, ours, and a guest that reaches nothing; a run adds the port of its server. */
function withOwnForward(word: string, sshPort: number): string {
  const kept = splitOptions(word).filter(([key]) => !reaching.includes(key));
  return joinOptions([...withoutReach(kept), ...userNetwork({ sshPort, reach: [] })]);
}
