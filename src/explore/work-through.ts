import { allOrStop } from '../core/all-or-stop.ts';
import type { Limit } from '../core/limit.ts';

/** Work whose end decides what there is to do next. */
export interface Works<T> {
  /** The next thing to do, which is not chosen again; undefined where there is none now. */
  next: () => T | undefined | Promise<T | undefined>;
  /** Whether something is being done whose end may bring more. */
  others: () => boolean;
  /** Waits a little where such things may be done elsewhere, of whose end nobody tells; absent: they are all done here. */
  pause?: (() => Promise<void>) | undefined;
  /** Asked before each thing. */
  goOn: () => boolean;
  work: (item: T) => Promise<void>;
  /** Each thing takes one of these places while it is done. */
  places: Limit;
  /** Told of the first failure at once, so that it can end what is under way. */
  onFailure: (error: unknown) => void;
}

/** Does one thing after the other, as many at once as there are places, until nothing is left or something failed. */
export async function workThrough<T>({
  next,
  others,
  pause,
  goOn,
  work,
  places,
  onFailure,
}: Works<T>): Promise<void> {
  let failed = false;
  let round = new Round();
  const one = async (): Promise<'done' | 'worked' | { wait: Promise<void> }> => {
    if (failed || !goOn()) return 'done';
    const { over } = round;
    const item = await next();
    // In an object: a promise would hold the place until it is settled.
    if (item === undefined)
      return others() ? { wait: pause === undefined ? over : Promise.race([over, pause()]) } : 'done';
    try {
      await work(item);
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      round.end();
      round = new Round();
    }
    return 'worked';
  };
  const worker = async () => {
    for (;;) {
      const outcome = await places(one);
      if (outcome === 'done') return;
      if (outcome !== 'worked') await outcome.wait;
    }
  };
  await allOrStop(Array.from({ length: places.concurrency }, worker), onFailure);
}

/** The time until something has been done. */
class Round {
  end: () => void = () => undefined;
  readonly over = new Promise<void>((resolve) => {
    this.end = resolve;
  });
}
