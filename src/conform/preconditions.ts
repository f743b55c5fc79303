import type { CleanupStack } from '../core/cleanup.ts';
import { bringIntoService } from '../device/bring-into-service.ts';
import { Checklist } from '../device/checklist.ts';
import { type Device, factoryDisks, openDevice, untilReady } from '../device/device.ts';
import { confirm } from '../device/drive-agent.ts';
import type { Owned } from '../device/judge-files.ts';
import { installToReset } from '../device/own-reset.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Moment } from '../model/steps.ts';
import type { Off, Ready } from '../target/target.ts';
import type { Precondition } from './conformance-case.ts';
import type { Cast } from './roles.ts';

/** A device that was brought to a precondition and switched off: cases begin with copies of its disks. */
export interface Prepared {
  device: Device;
  /** What belongs to its owner. */
  owned: Owned;
}

/** As if the device's owner had done nothing, and asked for nothing but the release. */
export function untouched(context: RunContext): RunContext {
  const { scenario } = context;
  const { setting } = scenario.conformance ?? {};
  return {
    ...context,
    scenario: {
      ...scenario,
      ...{ provision: [], checks: [], configuration: setting === undefined ? [] : [setting] },
      expect: { ...scenario.expect, configuration: undefined },
    },
  };
}

/** Takes one device to each precondition, once; a case then costs no more than its own actions. */
export class Preconditions {
  private readonly prepared = new Map<Precondition, Promise<Prepared>>();

  private readonly context: RunContext;
  private readonly cast: Cast;
  private readonly stack: CleanupStack;

  /** `stack` keeps the devices until no case needs them. */
  constructor(context: RunContext, cast: Cast, stack: CleanupStack) {
    this.context = context;
    this.cast = cast;
    this.stack = stack;
  }

  /** The device of a precondition. Throws DeviceStopped where it cannot be brought there, and what breaks the harness. */
  get(name: Precondition): Promise<Prepared> {
    const known = this.prepared.get(name);
    if (known !== undefined) return known;
    const preparing = this.prepare(name);
    this.prepared.set(name, preparing);
    return preparing;
  }

  private async prepare(name: Precondition): Promise<Prepared> {
    switch (name) {
      case 'in-service':
        return this.context.vm(() => this.inService(name, this.context));
      case 'untouched':
        return this.context.vm(() => this.inService(name, untouched(this.context)));
      case 'installed':
        return this.from('in-service', name, async (ready) => {
          const upgrade = { from: this.cast.old ?? '', to: this.cast.new ?? '' };
          const started = await installToReset(this.context, ready, upgrade);
          return started === undefined ? ready.shutdown({ signal: this.context.signal }) : started.cutPower();
        });
      case 'confirmed':
        return this.from('installed', name, async (ready) => {
          await confirm(this.context, ready);
          return ready.shutdown({ signal: this.context.signal });
        });
    }
  }

  private async inService(name: Precondition, context: RunContext): Promise<Prepared> {
    const { stack } = this;
    const release = this.cast.old ?? '';
    const disks = await factoryDisks(context, release, stack);
    const device = await openDevice(context, name, disks, stack);
    const { ready, configuration, odd } = await bringIntoService(
      context,
      device,
      release,
      this.checklist(device),
    );
    await ready.shutdown({ signal: context.signal });
    context.spend('conform.cpu', device.target.cpuSeconds());
    return { device, owned: { release, files: configuration, odd } };
  }

  /** A copy of the device of another precondition, which has come up and then something is done with it. */
  private async from(
    before: Precondition,
    name: Precondition,
    work: (ready: Ready) => Promise<Off>,
  ): Promise<Prepared> {
    const { context, stack } = this;
    const { device: original, owned } = await this.get(before);
    return context.vm(async () => {
      const device = await openDevice(context, name, original.overlays, stack);
      const when: Moment = { moment: 'case', at: `precondition ${name}` };
      await this.checklist(device).guard({ ...when, check: 'reached' }, async () =>
        work(await untilReady(context, await device.target.powerOn())),
      );
      context.spend('conform.cpu', device.target.cpuSeconds());
      return { device, owned };
    });
  }

  private checklist({ target }: Device): Checklist {
    return new Checklist({ folder: this.context.folder, device: target });
  }
}
