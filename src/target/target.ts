import type { DeviceFailure } from '../core/errors.ts';
import { PowerCut } from '../guest/errors.ts';
import type { CopyOptions, SshSession } from '../guest/ssh.ts';
import { followBoot, isOfTime } from './boot.ts';
import { excused, fairly } from './fair-limit.ts';
import { endByGuest, throughLogin, untilOwnReset } from './guest.ts';
import { kernelStarts } from './kernel-starts.ts';
import { Lease } from './lease.ts';
import type { AnyState, Booting, Broken, Off, Ready } from './states.ts';
import { type TargetOptions, VirtualMachine } from './virtual-machine.ts';

export { type Snapshot, SnapshotStore, type SnapshotStoreOptions } from './snapshot-store.ts';
export type { AnyState, Booting, Broken, Off, Ready } from './states.ts';
export type { TargetOptions } from './virtual-machine.ts';

/**
 * A device on the bench, switched off. Its life is a chain of states; using a state that the target has
 * left throws HarnessError `target-state`. Disposing of any state, and the options' signal, kill QEMU.
 * Errors: ScenarioError `image-flash-units`; HarnessError of the NBD server.
 */
export async function createTarget(options: TargetOptions): Promise<Off> {
  return off(await VirtualMachine.create(options));
}

function off(vm: VirtualMachine): Off {
  const lease = new Lease();
  return {
    ...anyState(vm),
    state: 'off',
    async powerOn(snapshots) {
      lease.end('switched on');
      await vm.launch('somebody', snapshots);
      return booting(vm);
    },
  };
}

function booting(vm: VirtualMachine): Booting {
  const lease = new Lease();
  const cut = new AbortController();
  return {
    ...anyState(vm),
    state: 'booting',
    from: vm.current.snapshots?.snapshot === undefined ? 'power-on' : 'snapshot',
    async untilReady(deadline, signal) {
      lease.use();
      const signals = [vm.ended, cut.signal, ...(signal === undefined ? [] : [signal])];
      const outcome = await fairly(vm, deadline, AbortSignal.any(signals), (limit, either) =>
        followBoot(vm, limit, either),
      );
      lease.end('followed to the end of its boot');
      if ('failure' in outcome) {
        const { failure, resets } = outcome;
        const starved = isOfTime(failure) ? vm.starved : undefined;
        if (starved !== undefined) throw starved;
        return broken(vm, failure, resets);
      }
      vm.keep(outcome.session);
      return ready(vm, outcome.session, outcome.resets);
    },
    async untilKernel(deadline, signal) {
      lease.use();
      const signals = [vm.ended, cut.signal, ...(signal === undefined ? [] : [signal])];
      await kernelStarts(vm.current, deadline, AbortSignal.any(signals));
    },
    async cutPower() {
      lease.end('cut off from power');
      cut.abort(new PowerCut());
      return cutPower(vm);
    },
  };
}

function ready(vm: VirtualMachine, session: SshSession, resets: number): Ready {
  const lease = new Lease();
  const guest = async <T>(work: () => Promise<T>): Promise<T> => {
    lease.use();
    return throughLogin(vm, work);
  };
  const fair = <Limits extends CopyOptions, T>(limits: Limits, work: (limited: Limits) => Promise<T>) =>
    fairly(vm, limits.deadline, limits.signal, (deadline, signal) => work({ ...limits, deadline, signal }));
  return {
    ...anyState(vm),
    state: 'ready',
    resets,
    run: (command, options) =>
      guest(() => excused(vm, () => fair(options, (limited) => session.run(command, limited)))),
    readFile: (path, options) => guest(() => fair(options, (limited) => session.readFile(path, limited))),
    interact: (input, output, signal) => guest(() => session.interact(input, output, signal)),
    writeFile: (path, data, options) =>
      guest(() => fair(options, (limited) => session.writeFile(path, data, limited))),
    async reboot(options = {}) {
      lease.use();
      await endByGuest(vm, session, 'guest-reset', options);
      lease.end('rebooted');
      await vm.launch('somebody');
      return booting(vm);
    },
    async ownReset({ atEnd, ...limits }) {
      lease.use();
      await untilOwnReset(vm, limits);
      await atEnd();
      lease.end('reset by its guest');
      await vm.launch('somebody');
      return booting(vm);
    },
    async shutdown(options = {}) {
      lease.use();
      await endByGuest(vm, session, 'guest-shutdown', options);
      lease.end('shut down');
      await vm.endCycle();
      return off(vm);
    },
    async cutPower() {
      lease.end('cut off from power');
      return cutPower(vm);
    },
  };
}

function broken(vm: VirtualMachine, failure: DeviceFailure, resets: number): Broken {
  const lease = new Lease();
  return {
    ...anyState(vm),
    state: 'broken',
    failure,
    resets,
    async cutPower() {
      lease.end('cut off from power');
      return cutPower(vm);
    },
  };
}

function anyState(vm: VirtualMachine): AnyState {
  return {
    cpuSeconds: () => vm.cpuSeconds,
    consolePath: () => vm.consolePath,
    hearConsole: () => vm.hearConsole(),
    starved: () => vm.starved,
    [Symbol.asyncDispose]: () => vm[Symbol.asyncDispose](),
  };
}

async function cutPower(vm: VirtualMachine): Promise<Off> {
  await vm.cutPower();
  return off(vm);
}
