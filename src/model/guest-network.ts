/** Where a guest on QEMU's user network finds what it may reach of the host. Addresses of releases begin with it. */
export const hostSeenByGuest = '10.0.2.2';

/** `closed`: a guest reaches what a run serves to it, and nothing else. `open`: whatever the host reaches, too. */
export const networks = ['closed', 'open'] as const;
export type Network = (typeof networks)[number];

/** The loopback ports of the host that a guest may reach; `open` for all that the host reaches itself. */
export type Reach = readonly number[] | 'open';
