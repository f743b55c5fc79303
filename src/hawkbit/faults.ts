/** What a request of a device is about. */
export type Subject =
  | 'poll'
  | 'deployment'
  /** The file of an order. */
  | 'artifact'
  | 'feedback'
  /** Feedback that closes an action. */
  | 'closing'
  | 'cancellation'
  | 'configData';

/**
 * What goes wrong when a device asks. A number is an HTTP status that stands in place of the answer, and the server has
 * not heard what was said; `lost`: the server has heard it, and the connection ends without an answer; `cancel`: it has
 * heard it, and cancels the order; `wrong hash`: an order names other hashes than its file has;
 * `absurd size`: a size that no device has room for. What no hawkBit says: `blank`, a line without
 * anything on it; `html`, a page; `deep`, JSON within JSON within JSON; `endless`, an
 * answer without an end; `redirect`, to the same address.
 */
export interface DdiFault {
  on: Subject;
  answer: 401 | 410 | 429 | 500 | 503 | 'lost' | 'cancel' | OrderFault | HostileAnswer;
  /** How many requests meet it; then it is over. Default: all. */
  times?: number;
}

/** What is wrong with an order; the answer is one of hawkBit's. */
export type OrderFault = (typeof orderFaults)[number];

const orderFaults = ['wrong hash', 'absurd size'] as const;

export function isOrderFault(answer: DdiFault['answer'] | undefined): answer is OrderFault {
  return orderFaults.some((one) => one === answer);
}

export type HostileAnswer = (typeof hostileAnswers)[number];

export const hostileAnswers = ['blank', 'html', 'deep', 'endless', 'redirect'] as const;

/** Says of each request which fault meets it: the first of the list that applies and is not over. */
export class DdiFaultPlan {
  /** Requests that a fault has met so far. */
  met = 0;
  private readonly faults: { fault: DdiFault; left: number }[];

  constructor(faults: readonly DdiFault[]) {
    this.faults = faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
  }

  take(subject: Subject): DdiFault['answer'] | undefined {
    const found = this.faults.find(({ fault, left }) => left > 0 && applies(fault.on, subject));
    if (found === undefined) return undefined;
    found.left -= 1;
    this.met += 1;
    return found.fault.answer;
  }
}

/** The words that close an action are feedback, too. */
function applies(on: Subject, subject: Subject): boolean {
  return on === subject || (on === 'feedback' && subject === 'closing');
}
