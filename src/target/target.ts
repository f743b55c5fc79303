import type { DeviceFailure } from '../core/errors.ts';
import { PowerCut } from '../guest/errors.ts';
import type { SshSession } from '../guest/ssh.ts';
import { followBoot } from './boot.ts';
import { endByGuest, throughLogin } from './guest.ts';
import { Lease } from './lease.ts';
import { Rig, type TargetOptions } from './rig.ts';
import type { AnyState, Booting, Broken, Off, Ready } from './states.ts';

export type { TargetOptions } from './rig.ts';
export { type Snapshot, SnapshotStore, type SnapshotStoreOptions } from './snapshot-store.ts';
export type { Booting, Broken, Off, Ready } from './states.ts';

/**
 * A device on the bench, switched off. Its life is a chain of states; using a state that the target has
 * left throws HarnessError `target-state`. Disposing of any state, and the options' signal, kill QEMU.
 * Errors: ScenarioError `image-flash-units`; HarnessError of the NBD server.
 */
export async function createTarget(options: TargetOptions): Promise<Off> {
  return off(await Rig.create(options));
}

function off(rig: Rig): Off {
  const lease = new Lease();
  return {
    ...anyState(rig),
    state: 'off',
    async powerOn(snapshots) {
      lease.end('switched on');
      await rig.launch(snapshots);
      return booting(rig);
    },
  };
}

function booting(rig: Rig): Booting {
  const lease = new Lease();
  const cut = new AbortController();
  return {
    ...anyState(rig),
    state: 'booting',
    from: rig.current.snapshots?.snapshot === undefined ? 'power-on' : 'snapshot',
    async untilReady(deadline, signal) {
      lease.use();
      const signals = [rig.ended, cut.signal, ...(signal === undefined ? [] : [signal])];
      const outcome = await followBoot(rig, deadline, AbortSignal.any(signals));
      lease.end('followed to the end of its boot');
      if ('failure' in outcome) return broken(rig, outcome.failure, outcome.resets);
      rig.keep(outcome.session);
      return ready(rig, outcome.session, outcome.resets);
    },
    async cutPower() {
      lease.end('cut off from power');
      cut.abort(new PowerCut());
      return cutPower(rig);
    },
  };
}

function ready(rig: Rig, session: SshSession, resets: number): Ready {
  const lease = new Lease();
  const { console } = rig.current;
  const guest = async <T>(work: () => Promise<T>): Promise<T> => {
    lease.use();
    return throughLogin(rig, work);
  };
  return {
    ...anyState(rig),
    state: 'ready',
    resets,
    get oops() {
      return console.finding('oops');
    },
    run: (command, options) => guest(() => session.run(command, options)),
    readFile: (path, options) => guest(() => session.readFile(path, options)),
    interact: (input, output, signal) => guest(() => session.interact(input, output, signal)),
    writeFile: (path, data, options) => guest(() => session.writeFile(path, data, options)),
    async reboot(options = {}) {
      lease.use();
      await endByGuest(rig, session, 'guest-reset', options);
      lease.end('rebooted');
      await rig.launch();
      return booting(rig);
    },
    async shutdown(options = {}) {
      lease.use();
      await endByGuest(rig, session, 'guest-shutdown', options);
      lease.end('shut down');
      await rig.endCycle();
      return off(rig);
    },
    async cutPower() {
      lease.end('cut off from power');
      return cutPower(rig);
    },
  };
}

function broken(rig: Rig, failure: DeviceFailure, resets: number): Broken {
  const lease = new Lease();
  return {
    ...anyState(rig),
    state: 'broken',
    failure,
    resets,
    async cutPower() {
      lease.end('cut off from power');
      return cutPower(rig);
    },
  };
}

function anyState(rig: Rig): AnyState {
  return {
    cpuSeconds: () => rig.cpuSeconds,
    consolePath: () => rig.consolePath,
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

async function cutPower(rig: Rig): Promise<Off> {
  await rig.cutPower();
  return off(rig);
}
