import { CleanupStack } from '../core/cleanup.ts';
import { Deadline, DeadlinePassed } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import { Checklist, DeviceStopped } from '../device/checklist.ts';
import { type Device, openDevice, untilReady } from '../device/device.ts';
import { confirm, install, refusalBy, rollback } from '../device/drive-agent.ts';
import { examine } from '../device/examine.ts';
import { assertOrderFailed, assertServerKnows } from '../device/hawkbit-order.ts';
import type { Owned } from '../device/judge-files.ts';
import { listen, listenAtEnd } from '../device/listen.ts';
import { installToReset } from '../device/own-reset.ts';
import { serveReleases } from '../device/release-server.ts';
import type { RunContext } from '../device/run-context.ts';
import { timeLost } from '../model/device-clock.ts';
import type { StepRecord } from '../model/record.ts';
import type { Moment } from '../model/steps.ts';
import type { Upgrade } from '../model/upgrade.ts';
import { refusalOf } from '../recording/faulty-upgrade.ts';
import { changedHalfway, stalledHalfway, troubleOf } from '../recording/source-trouble.ts';
import type { Trouble } from '../recording/trouble.ts';
import type { Booting, Off, Ready } from '../target/target.ts';
import { actionText } from './action-text.ts';
import { installInWindow } from './closed-window.ts';
import { type Action, type ClockTime, type DeviceCase, isFaulty } from './conformance-case.ts';
import { installTwice } from './install-twice.ts';
import { assertRenewed, assertSame, type Kept, type Noted, note } from './kept.ts';
import { killHalfway } from './kill-agent.ts';
import { useData } from './owners-data.ts';
import { type Prepared, untouched } from './preconditions.ts';
import type { Cast } from './roles.ts';
import { editing } from './setting.ts';
import { doOn } from './slots.ts';
import { spoil } from './spoil.ts';
import { wrongName } from './wrong-releases.ts';

/** Milliseconds that a device may take to say how it is. */
const askLimitMs = 60_000;

/** The date of all guests is the first of 2026. */
const twentyYearsLater = '2046-01-01T00:00:00';

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
  { id, actions, from }: DeviceCase,
  { device: original, owned }: Prepared,
  cast: Cast,
): Promise<CaseRun> {
  await using stack = new CleanupStack();
  // A fault is for one device, and cases are under way at the same time.
  const feed = await serveReleases(shared, stack);
  const context = { ...(from === 'untouched' ? untouched(shared) : shared), feed };
  const device = await openDevice(context, `case-${id}`, original.overlays, stack);
  const notes: string[] = [];
  const checklist: Checklist = new Checklist({
    folder: context.folder,
    device: {
      consolePath: () => subject.target.consolePath(),
      starved: () => subject.target.starved(),
    },
    onNote: (note) => notes.push(note),
  });
  const reopen = (changed: RunContext, beneath: Device, part: number) =>
    openDevice(changed, `case-${id}-${part}`, beneath.overlays, stack);
  const work = { original, owned, cast, checklist, notes, reopen };
  const subject: CaseDevice = new CaseDevice(context, device, work);
  try {
    for (const [position, action] of actions.entries()) if (!(await subject.act(action, position + 1))) break;
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
  } finally {
    context.spend('conform.cpu', subject.target.cpuSeconds());
  }
  await listenAtEnd(context, subject.target, checklist);
  return { steps: checklist.steps, notes };
}

interface CaseWork {
  /** The device of whose disks the case has a copy. */
  original: Device;
  owned: Owned;
  cast: Cast;
  checklist: Checklist;
  notes: string[];
  /** The device with other settings of its context, on the disks that it has; `part` counts from 2. */
  reopen: (context: RunContext, device: Device, part: number) => Promise<Device>;
}

/** The device of a case, in whatever state it is. */
class CaseDevice {
  private state: Off | Booting | Ready;
  private context: RunContext;
  private device: Device;
  private readonly work: CaseWork;
  /** Devices that it was, this one included. */
  private part = 1;
  private noted: Noted = new Map();
  /** The release that an installation begins from. */
  private release: string;
  /** The release that was last to be installed. */
  private ordered: string | undefined;
  /** Whether its power has failed since it was last looked at. */
  private powerFailed = false;

  constructor(context: RunContext, device: Device, work: CaseWork) {
    this.context = context;
    this.device = device;
    this.work = work;
    this.state = device.target;
    this.release = work.cast.old ?? '';
  }

  /** Any state of it, to be asked what the host knows. */
  get target(): Off {
    return this.device.target;
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
        await checklist.step({ ...when, check: 'confirm' }, async () => this.confirm(action));
        return true;
      case 'ask server':
        await checklist.step({ ...when, check: 'server' }, async () => this.askServer(action.order));
        return true;
      case 'ask agent':
        await checklist.step({ ...when, check: 'fallback' }, async () => this.askAgent());
        return true;
      case 'overwrite slot':
      case 'mount slot':
      case 'lose environment':
      case 'fill':
      case 'free':
        await checklist.guard({ ...when, check: 'spoilt' }, async () =>
          spoil(this.context, await this.up(), action),
        );
        return true;
      case 'set clock':
        await checklist.guard({ ...when, check: 'switched off' }, () => this.setClock(action.to));
        return true;
      case 'begin again':
        await checklist.guard({ ...when, check: 'switched off' }, () => this.beginAgain());
        return true;
      case 'edit': {
        const path = this.context.scenario.conformance?.setting ?? '';
        await checklist.guard({ ...when, check: 'spoilt' }, async () =>
          doOn(this.context, await this.up(), editing(path, action.to)),
        );
        return true;
      }
      case 'use data':
        await checklist.step({ ...when, check: 'data' }, async () =>
          useData(this.context, await this.up(), action.how),
        );
        return true;
      case 'renewed': {
        const now = await this.note([action.what], when);
        await checklist.step({ ...when, check: 'renewed' }, () => assertRenewed(this.noted, now));
        return true;
      }
      case 'note':
        this.noted = await this.note(action.what, when);
        return true;
      case 'same': {
        const now = await this.note(action.what, when);
        await checklist.step({ ...when, check: 'same' }, () => {
          const unread = assertSame(this.noted, now, action.what);
          if (unread.length > 0)
            this.work.notes.push(`not compared, as nobody can read it: ${unread.join(', ')}`);
        });
        return true;
      }
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
        const { powerFailed } = this;
        const compared = { allowed, owned: this.work.owned, compare: 'every' as const };
        const expectation = { ...compared, mayFallBack: true, powerFailed };
        const { subject } = this.device;
        const seen = await examine(this.context, ready, subject, expectation, checklist, when);
        this.powerFailed = false;
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

  private async note(what: readonly Kept[], when: Moment): Promise<Noted> {
    const ready = await this.work.checklist.guard({ ...when, check: 'boots' }, () => this.up());
    return note(this.context, ready, this.device.subject, what);
  }

  /** The device is switched off, and is another one from then on: a clock is given to a device that is made. */
  private async setClock(to: ClockTime): Promise<void> {
    if (this.state.state === 'booting') this.state = await this.up();
    const off =
      this.state.state === 'off' ? this.state : await this.state.shutdown({ signal: this.context.signal });
    const { scenario, machine } = this.context;
    const start = to === 'lost' ? timeLost(machine) : twentyYearsLater;
    const clock = { start, afterCut: 'kept' } as const;
    await this.become(off, this.device, { ...this.context, scenario: { ...scenario, clock } });
  }

  private async beginAgain(): Promise<void> {
    const off = this.state.state === 'off' ? this.state : await this.state.cutPower();
    await this.become(off, this.work.original, this.context);
    this.release = this.work.cast.old ?? '';
  }

  /** From now on it is a device with the disks of `beneath`. */
  private async become(off: Off, beneath: Device, context: RunContext): Promise<void> {
    context.spend('conform.cpu', off.cpuSeconds());
    this.context = context;
    this.part += 1;
    this.device = await this.work.reopen(context, beneath, this.part);
    this.state = this.device.target;
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
      const { exitCode, starved } = await ready.run(quote(manifest.health), limits);
      if (starved !== undefined) throw starved;
      return exitCode === 0;
    } catch (error) {
      if (error instanceof DeadlinePassed) return false;
      throw error;
    }
  }

  private async confirm({ must }: Action & { do: 'confirm' }): Promise<void> {
    const ready = await this.up();
    const confirming = () => confirm(this.context, ready);
    if (must !== 'refuse') return confirming();
    const refusal = await refusalBy(confirming);
    if (refusal === undefined)
      throw new DeviceFailure('not-refused', 'the update agent confirmed a release that it had to refuse');
    this.work.notes.push(refusal);
  }

  private async install(action: Action & { do: 'install' }): Promise<void> {
    const { release, must, server, wrong } = action;
    const { context, work } = this;
    const ready = await this.up();
    const whole = work.cast[release] ?? '';
    const upgrade = { from: this.release, to: wrong === undefined ? whole : wrongName(whole, wrong) };
    context.feed.hawkbit.misbehave(server ?? []);
    this.ordered = upgrade.to;
    const installing = async () => {
      this.state = (await installToReset(context, ready, upgrade)) ?? ready;
    };
    if (action.meanwhile !== undefined) {
      const other = { from: this.release, to: work.cast[action.meanwhile] ?? '' };
      const second = () => install(context, ready, other);
      work.notes.push(await installTwice({ first: installing, second }, context.signal));
      return;
    }
    if (action.window !== undefined) {
      const { subject } = this.device;
      const unread = await installInWindow(context, { device: ready, subject }, installing);
      if (unread.length > 0) work.notes.push(`not compared, as nobody can read it: ${unread.join(', ')}`);
      return;
    }
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

  private troubleOf(
    { fault, changesTo, stalls }: Action & { do: 'install' },
    upgrade: Upgrade,
  ): Trouble | undefined {
    const { context, work } = this;
    if (stalls === true) return stalledHalfway(context, upgrade.to);
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
  private async askServer(order: 'open' | 'closed' | 'failed'): Promise<void> {
    const ready = await this.up();
    const { ordered } = this;
    if (ordered === undefined) return;
    if (order === 'failed') {
      await assertOrderFailed(this.context, ready, ordered);
      return;
    }
    await assertServerKnows(this.context, ready, {
      ordered,
      runs: order === 'closed' ? ordered : 'it unconfirmed',
    });
  }

  /** Cuts the power as soon as a kernel starts, or where none shows itself within the time for a boot. */
  private async losePower(times: number): Promise<void> {
    const { context } = this;
    this.powerFailed = true;
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
