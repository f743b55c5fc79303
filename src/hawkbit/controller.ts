import type { ConfigData, Feedback, Offer, Terms } from './messages.ts';

/**
 * What has become of an action. `running` and `canceling` are active: the server goes on offering them until the client
 * closes them, also over reboots.
 */
type ActionState = 'running' | 'canceling' | 'finished' | 'error' | 'canceled';

/** An order to a device, and what the device has said of it. */
export interface Action {
  readonly id: number;
  readonly offer: Offer;
  terms: Terms;
  state: ActionState;
  /** The latest of what the device has said about it, oldest first: 1,000 words, and a million letters, at most. */
  readonly history: Told[];
}

/** Something that a device has told the server. */
interface Told extends Feedback {
  /** Whether it was said of the action itself, or of its cancellation. */
  about: 'deployment' | 'cancellation';
}

/** What a client's words come to: `gone` and `unknown` are answered with 410 and 404. */
export type Taken = 'taken' | 'gone' | 'unknown';

const mostTold = 1000;
const mostLetters = 1 << 20;

/**
 * One device as a hawkBit server sees it: at most one active action, and what came before it. Knows nothing of HTTP.
 * Semantics are those of eclipse-hawkbit 1.1.0 (DdiRootController, JpaControllerManagement).
 */
export class Controller {
  readonly actions: Action[] = [];
  readonly attributes = new Map<string, string>();
  /** Whether the device is asked for its attributes: at first, after each success, and on request. */
  wantsConfigData = true;
  /** Of requests that were in order. */
  polls = 0;
  private readonly changed = new Set<() => void>();
  private readonly firstAction: number;

  /** Numbers of actions start at `firstAction`. */
  constructor(firstAction = 1) {
    this.firstAction = firstAction;
  }

  /** The action that the device has to do with now. */
  get active(): Action | undefined {
    const last = this.actions.at(-1);
    return last !== undefined && isActive(last) ? last : undefined;
  }

  /** Gives the device a new order. Throws Error where it has an active one: hawkBit would cancel that first. */
  assign(offer: Offer, terms: Terms): Action {
    if (this.active !== undefined) throw new Error(`action ${this.active.id} is still active`);
    const action: Action = {
      id: this.firstAction + this.actions.length,
      offer,
      terms,
      state: 'running',
      history: [],
    };
    this.actions.push(action);
    this.tell();
    return action;
  }

  /** Asks the device to give the active action up; it may refuse. Returns whether there was one to cancel. */
  cancel(): boolean {
    const { active } = this;
    if (active?.state !== 'running') return false;
    active.state = 'canceling';
    this.tell();
    return true;
  }

  /** The device asked what there is to do. */
  poll(): void {
    this.polls += 1;
    this.tell();
  }

  /** The action of this number, while a client may read what is to be deployed. */
  deployment(id: number): Action | undefined {
    return this.active?.id === id && this.active.state === 'running' ? this.active : undefined;
  }

  /** The action of this number, while it is to be cancelled. */
  cancellation(id: number): Action | undefined {
    return this.active?.id === id && this.active.state === 'canceling' ? this.active : undefined;
  }

  /** The device speaks of an action. */
  feedback(id: number, feedback: Feedback): Taken {
    const action = this.actions.find((one) => one.id === id);
    if (action === undefined) return 'unknown';
    if (!isActive(action)) return 'gone';
    remember(action, { ...feedback, about: 'deployment' });
    const { execution, result } = feedback;
    if (execution === 'closed') {
      action.state = result.finished === 'failure' ? 'error' : 'finished';
      if (action.state === 'finished') this.wantsConfigData = true;
    } else if (execution === 'canceled') action.state = 'canceled';
    this.tell();
    return 'taken';
  }

  /** The device speaks of a cancellation. */
  cancelFeedback(id: number, feedback: Feedback): Taken {
    const action = this.actions.find((one) => one.id === id);
    if (action === undefined) return 'unknown';
    if (action.state !== 'canceling') return 'gone';
    remember(action, { ...feedback, about: 'cancellation' });
    const { execution, result } = feedback;
    if (execution === 'closed') action.state = result.finished === 'failure' ? 'error' : 'canceled';
    else if (execution === 'rejected') action.state = 'running';
    this.tell();
    return 'taken';
  }

  /** The device says what it is. */
  describe({ mode, data }: ConfigData): void {
    if (mode === 'replace') this.attributes.clear();
    for (const [key, value] of Object.entries(data)) {
      if (mode === 'remove') this.attributes.delete(key);
      else if (this.attributes.has(key) || this.attributes.size < mostTold) this.attributes.set(key, value);
    }
    this.wantsConfigData = false;
    this.tell();
  }

  /**
   * Waits until something is true of what the device has told; looks again whenever it says something. Rejects with the
   * signal's reason.
   */
  until(test: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((done, reject) => {
      const look = () => {
        if (!test()) return;
        end();
        done();
      };
      const abort = () => {
        end();
        reject(signal.reason as Error);
      };
      const end = () => {
        this.changed.delete(look);
        signal.removeEventListener('abort', abort);
      };
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      this.changed.add(look);
      look();
    });
  }

  private tell(): void {
    for (const look of [...this.changed]) look();
  }
}

function isActive({ state }: Action): boolean {
  return state === 'running' || state === 'canceling';
}

function remember(action: Action, told: Told): void {
  const { history } = action;
  history.push(told);
  let letters = history.reduce((sum, one) => sum + lettersOf(one), 0);
  while (history.length > mostTold || (letters > mostLetters && history.length > 1))
    letters -= lettersOf(history.shift() ?? told);
}

function lettersOf({ details }: Told): number {
  return details.reduce((sum, { length }) => sum + length, 0);
}
