import { CleanupStack } from '../core/cleanup.ts';
import { Deadline, DeadlinePassed } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import { Checklist, DeviceStopped } from '../device/checklist.ts';
import { type Device, openDevice, untilReady } from '../device/device.ts';
import { confirm, refusalBy, rollback } from '../device/drive-agent.ts';
import { examine } from '../device/examine.ts';
import { assertServerKnows } from '../device/hawkbit-order.ts';
import type { Owned } from '../device/judge-files.ts';
import { listen, listenAtEnd } from '../device/listen.ts';
import { installToReset } from '../device/own-reset.ts';
import { serveReleases } from '../device/release-server.ts';
import type { RunContext } from '../device/run-context.ts';
import type { StepRecord } from '../model/record.ts';
import type { Moment } from '../model/steps.ts';
import type { Upgrade } from '../model/upgrade.ts';
import { refusalOf } from '../recording/faulty-upgrade.ts';
import { changedHalfway, type Trouble, troubleOf } from '../recording/source-trouble.ts';
import type { Booting, Off, Ready } from '../target/target.ts';
import { actionText } from './action-text.ts';
import type { Action, DeviceCase } from './conformance-case.ts';
import { killHalfway } from './kill-agent.ts';
import type { Prepared } from './preconditions.ts';
import type { Cast } from './roles.ts';
import { spoil } from './spoil.ts';
import { wrongName } from './wrong-releases.ts';

/** Milliseconds that a device may take to say how it is. */
const askLimitMs = 60_000;

/** What a case came to, as far as its device goes. */
export interface CaseRun {
  steps: StepRecord[];
  notes: string[];
}

/**
 * Does a case with a copy of a prepared device. What the device does not do as it must is a failed step, and the last
 * one; other trouble is thrown.
 */
export async function runCase(
  shared: RunContext,
  { id, actions }: DeviceCase,
  { device: original, owned }: Prepared,
  cast: Cast,
): Promise<CaseRun> {
  await using stack = new CleanupStack();
  // A fault is for one device, and cases are under way at the same time.
  const feed = await serveReleases(shared.manifest, shared.stop, stack);
  const context = { ...shared, feed };
  const device = await openDevice(context, `case-${id}`, original.overlays, stack);
  const notes: string[] = [];
  const checklist = new Checklist({
    folder: context.folder,
    consolePath: device.target.consolePath,
    onNote: (note) => notes.push(note),
  });
  const subject = new CaseDevice(context, device, { owned, cast, checklist, notes });
  try {
    for (const [position, action] of actions.entries()) if (!(await subject.act(action, position + 1))) break;
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
  } finally {
    context.spend('conform.cpu', device.target.cpuSeconds());
  }
  await listenAtEnd(context, device.target, checklist);
  return { steps: checklist.steps, notes };
}

interface CaseWork {
  owned: Owned;
  cast: Cast;
  checklist: Checklist;
  notes: string[];
}

/** The device of a case, in whatever state it is. */
class CaseDevice {
  private state: Off | Booting | Ready;
  private readonly context: RunContext;
  private readonly device: Device;
  private readonly work: CaseWork;
  /** The release that an installation begins from. */
  private release: string;
  /** The release that was last to be installed. */
  private ordered: string | undefined;

  constructor(context: RunContext, device: Device, work: CaseWork) {
    this.context = context;
    this.device = device;
    this.work = work;
    this.state = device.target;
    this.release = work.cast.old ?? '';
  }

  /** Does one action; `number` counts them from 1. Returns whether the device is as it must be. Throws DeviceStopped. */
  async act(action: Action, number: number): Promise<boolean> {
    const { checklist } = this.work;
    const when: Moment = {
      moment: 'case',
      at: `${number}. ${actionText(action, this.work.cast)}`,
      ...(isFaulty(action) ? { faulty: true } : {}),
    };
    switch (action.do) {
      case 'install':
        await checklist.step({ ...when, check: 'install' }, () => this.install(action));
        // What the kernel has said until now may be about the server.
        return !isFaulty(action) || (await listen(this.context, this.state, checklist, { when }));
      case 'boot':
        await checklist.step({ ...when, check: 'boots' }, () => this.boot(action.patience));
        return true;
      case 'start':
        for (let start = 1; start <= action.times; start += 1)
          await checklist.step({ ...when, check: `start ${start}` }, async () => {
            await this.boot();
            const ready = await this.up();
            const confirms = action.confirm === 'if healthy' ? await this.isHealthy(ready) : action.confirm;
            if (confirms) await confirm(this.context, ready);
          });
        return true;
      case 'confirm':
        await checklist.step({ ...when, check: 'confirm' }, async () =>
          confirm(this.context, await this.up()),
        );
        return true;
      case 'ask server':
        await checklist.step({ ...when, check: 'server' }, async () => this.askServer(action.order));
        return true;
      case 'ask agent':
        await checklist.step({ ...when, check: 'fallback' }, async () => this.askAgent());
        return true;
      case 'overwrite slot':
      case 'lose environment':
      case 'fill':
      case 'free':
        await checklist.guard({ ...when, check: 'spoilt' }, async () =>
          spoil(this.context, await this.up(), action),
        );
        return true;
      case 'roll back':
        await checklist.step({ ...when, check: 'roll back' }, async () =>
          rollback(this.context, await this.up()),
        );
        return true;
      case 'lose power':
        await checklist.step({ ...when, check: 'cuts' }, () => this.losePower(action.times));
        return true;
      case 'see': {
        const ready = await checklist.guard({ ...when, check: 'boots' }, () => this.up());
        const allowed = action.on.flatMap((role) => this.work.cast[role] ?? []);
        const expectation = { allowed, owned: this.work.owned, compare: 'every' as const, mayFallBack: true };
        const { subject } = this.device;
        const seen = await examine(this.context, ready, subject, expectation, checklist, when);
        this.release = seen.release ?? this.release;
        return seen.sound;
      }
    }
  }

  /** The device, up and running; it is switched on where it is off. */
  private async up(patience = 1): Promise<Ready> {
    if (this.state.state === 'ready') return this.state;
    const booting = this.state.state === 'off' ? await this.state.powerOn() : this.state;
    this.state = booting;
    const { bootsWithinMs } = this.context.scenario.expect;
    const ready = await untilReady(this.context, booting, bootsWithinMs * patience);
    this.state = ready;
    return ready;
  }

  private async boot(patience?: number): Promise<void> {
    if (this.state.state === 'ready') this.state = await this.state.reboot();
    await this.up(patience);
  }

  /** What the device's own health check says; a device without one has nothing that would say no. */
  private async isHealthy(ready: Ready): Promise<boolean> {
    const { manifest, signal } = this.context;
    if (manifest.health === undefined) return true;
    try {
      const limits = { deadline: Deadline.after(askLimitMs), signal };
      return (await ready.run(quote(manifest.health), limits)).exitCode === 0;
    } catch (error) {
      if (error instanceof DeadlinePassed) return false;
      throw error;
    }
  }

  private async install(action: Action & { do: 'install' }): Promise<void> {
    const { release, must, server, wrong } = action;
    const { context, work } = this;
    const ready = await this.up();
    const whole = work.cast[release] ?? '';
    const upgrade = { from: this.release, to: wrong === undefined ? whole : wrongName(whole, wrong) };
    if (server !== undefined) context.feed.hawkbit.misbehave(server);
    this.ordered = upgrade.to;
    const installing = async () => {
      this.state = (await installToReset(context, ready, upgrade)) ?? ready;
    };
    if (must === 'succeed') {
      await installing();
      return;
    }
    const refusal = await this.refusal(action, upgrade, ready, installing);
    if (refusal !== undefined) work.notes.push(refusal);
    else if (must === 'refuse')
      throw new DeviceFailure('not-refused', 'the update agent ended with success where it had to refuse');
  }

  private refusal(
    action: Action & { do: 'install' },
    upgrade: Upgrade,
    ready: Ready,
    installing: () => Promise<void>,
  ): Promise<string | undefined> {
    if (action.killed === true) return killHalfway(this.context, ready, upgrade.to, installing);
    const trouble = this.troubleOf(action, upgrade);
    return trouble === undefined ? refusalBy(installing) : refusalOf(this.context, trouble, installing);
  }

  private troubleOf({ fault, changesTo }: Action & { do: 'install' }, upgrade: Upgrade): Trouble | undefined {
    const { context, work } = this;
    if (changesTo !== undefined) return changedHalfway(context, upgrade.to, work.cast[changesTo] ?? '');
    return fault === undefined ? undefined : troubleOf(context, { name: fault.fault, ...fault }, upgrade);
  }

  /** Throws DeviceFailure `fallback-unknown` where the agent does not know that its last installation has failed. */
  private async askAgent(): Promise<void> {
    const { agent, signal } = this.context;
    const limits = { deadline: Deadline.after(askLimitMs), signal };
    if ((await agent.knowsFallback?.(await this.up(), limits)) === true) return;
    throw new DeviceFailure(
      'fallback-unknown',
      `the device fell back from ${this.ordered ?? 'a release'}, and its update agent does not call that failed`,
    );
  }

  /** Throws DeviceFailure `server-misled` where the server was told otherwise. */
  private async askServer(order: 'open' | 'closed'): Promise<void> {
    const ready = await this.up();
    const { ordered } = this;
    if (ordered === undefined) return;
    await assertServerKnows(this.context, ready, {
      ordered,
      runs: order === 'closed' ? ordered : 'it unconfirmed',
    });
  }

  /** Cuts the power as soon as a kernel starts, or where none shows itself within the time for a boot. */
  private async losePower(times: number): Promise<void> {
    const { context } = this;
    let off = this.state.state === 'off' ? this.state : await this.state.cutPower();
    for (let cut = 1; cut <= times; cut += 1) {
      const booting = await off.powerOn();
      try {
        await booting.untilKernel(Deadline.after(context.scenario.expect.bootsWithinMs), context.signal);
      } catch (error) {
        if (!(error instanceof DeadlinePassed)) throw error;
      }
      off = await booting.cutPower();
    }
    this.state = off;
  }
}

/** Whether what the kernel says of the source is about the server. */
function isFaulty(action: Action): boolean {
  return (
    action.do === 'install' &&
    (action.fault !== undefined ||
      action.changesTo !== undefined ||
      action.wrong !== undefined ||
      action.killed !== undefined)
  );
}
