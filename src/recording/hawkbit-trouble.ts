import type { DdiFault } from '../hawkbit/faults.ts';
import type { FaultyAttempt, HawkbitFault, hawkbitRequests } from '../model/scenario.ts';
import type { Upgrade } from '../model/upgrade.ts';
import type { Trouble } from './trouble.ts';

const requestTexts: Record<(typeof hawkbitRequests)[number], string> = {
  poll: 'polls',
  deployment: 'questions for the order',
  artifact: 'requests for the file',
  feedback: 'words about the order',
  closing: 'last words about the order',
  configData: 'words about itself',
};

const statuses = { 'http-410': 410, 'http-429': 429, 'http-500': 500, 'http-503': 503 } as const;

/** What a hawkBit server does wrong while a device is to take an upgrade. */
export function hawkbitTrouble(
  { fault, on, times }: Pick<FaultyAttempt, 'on' | 'times'> & { fault: HawkbitFault },
  { to }: Upgrade,
): Trouble {
  const either = { faults: [], oneOf: ['old', 'new'] as const };
  const one = (subject: (typeof hawkbitRequests)[number], answer: DdiFault['answer'], count: number) => ({
    hawkbit: [{ on: subject, answer, times: count }],
    who: `${count} of the device's ${requestTexts[subject]}`,
  });
  switch (fault) {
    case 'wrong-hash':
      return {
        faults: [],
        hawkbit: [{ on: 'deployment', answer: 'wrong hash' }],
        text: `the order to install ${to} names other hashes than its file has`,
      };
    case 'lost': {
      const { who, hawkbit } = one(on ?? 'closing', 'lost', times ?? 1);
      return { ...either, hawkbit, text: `the server hears ${who}, and its answers are lost` };
    }
    case 'http-410':
    case 'http-429':
    case 'http-500':
    case 'http-503': {
      const { who, hawkbit } = one(on ?? 'poll', statuses[fault], times ?? 3);
      const isDeaf = fault === 'http-410' && (on === 'feedback' || on === 'closing');
      return {
        ...{ ...either, hawkbit, text: `the server answers ${who} with ${statuses[fault]}` },
        ...(isDeaf ? { isDeaf } : {}),
      };
    }
  }
}
