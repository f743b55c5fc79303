import { hostSeenByGuest, type Reach } from '../model/guest-network.ts';
import type { QemuOption } from './options.ts';
import { relayTo } from './relay.ts';

/** What a machine's network is for. */
export interface NetworkNeeds {
  /** Loopback port that reaches the guest's port 22. */
  sshPort: number;
  reach: Reach;
}

/**
 * QEMU's own address in the guest's network, from which ssh comes. Nothing can be forwarded from it
 * (libslirp refuses that), so it moves aside for the address at which guests find the host.
 */
const ownAddress = '10.0.2.254';

/** The parts of `-netdev user` that say what a guest and its host reach of each other. */
export function userNetwork({ sshPort, reach }: NetworkNeeds): QemuOption[] {
  const ssh = ['hostfwd', `tcp:127.0.0.1:${sshPort}-:22`] as const;
  if (reach === 'open') return [ssh];
  return [
    ['restrict', 'on'],
    ['host', ownAddress],
    ...reach.map((port) => ['guestfwd', `tcp:${hostSeenByGuest}:${port}-cmd:${relayTo(port)}`] as const),
    ssh,
  ];
}
