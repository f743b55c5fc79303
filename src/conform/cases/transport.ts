import type { DdiFault } from '../../hawkbit/faults.ts';
import type { Action, CaseGroup } from '../conformance-case.ts';
import { comesUpWith, takesIntoUse } from '../sequences.ts';

/** The server comes to its senses, and the device takes the release. */
function carriedOutAfter(server?: readonly DdiFault[]): Action[] {
  return [
    { do: 'install', release: 'new', must: 'succeed', ...(server === undefined ? {} : { server }) },
    ...takesIntoUse('new'),
    { do: 'ask server', order: 'closed' },
    { do: 'see', on: ['new'] },
  ];
}

/** Servers that fail while a device reads from them. */
export const transport: CaseGroup = {
  name: 'transport',
  cases: [
    {
      id: 'T1',
      title: 'a server that is busy or broken now and then: the order is carried out, once',
      needs: ['server'],
      from: 'in-service',
      actions: [
        {
          do: 'install',
          release: 'new',
          must: 'succeed',
          server: [
            { on: 'poll', answer: 503, times: 2 },
            { on: 'deployment', answer: 500, times: 1 },
            { on: 'feedback', answer: 429, times: 1 },
          ],
        },
        ...takesIntoUse('new'),
        { do: 'ask server', order: 'closed' },
        { do: 'see', on: ['new'] },
      ],
    },
    {
      id: 'T2',
      title: 'a connection that breaks half-way: the device stays what it was, or has all of the release',
      needs: [],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'end', fault: { fault: 'dropped', at: { share: 0.5 } } },
        ...takesIntoUse('old', 'new'),
        { do: 'install', release: 'new', must: 'succeed' },
        ...comesUpWith('new'),
      ],
    },
    {
      id: 'T3',
      title: 'a release that is not there: the agent says so in time, and the device stays what it was',
      needs: [],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'refuse', fault: { fault: 'missing', at: { share: 0 } } },
        ...comesUpWith('old'),
      ],
    },
    {
      id: 'T4',
      title:
        'a release that becomes another one while it is read is refused, and the device stays what it was',
      needs: ['verified'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'refuse', changesTo: 'next' },
        ...takesIntoUse('old'),
        { do: 'install', release: 'new', must: 'succeed' },
        ...comesUpWith('new'),
      ],
    },
    {
      id: 'T5',
      title:
        'a server that sends half of a release and then nothing: the agent gives up in time, and takes it later',
      needs: ['stream'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'refuse', stalls: true },
        ...takesIntoUse('old'),
        { do: 'install', release: 'new', must: 'succeed' },
        ...comesUpWith('new'),
      ],
    },
    {
      id: 'T6',
      title:
        'an order that is cancelled while it is carried out is given up, and the device stays what it was',
      needs: ['server'],
      from: 'in-service',
      actions: [
        {
          do: 'install',
          release: 'new',
          must: 'refuse',
          server: [{ on: 'feedback', answer: 'cancel', times: 1 }],
        },
        ...takesIntoUse('old'),
        { do: 'install', release: 'new', must: 'succeed' },
        ...comesUpWith('new'),
      ],
    },
    {
      id: 'T7',
      title: 'success is told once the new release is in use, and not before',
      needs: ['server'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'succeed' },
        { do: 'ask server', order: 'open' },
        { do: 'boot' },
        { do: 'ask server', order: 'open' },
        { do: 'confirm' },
        { do: 'ask server', order: 'closed' },
        { do: 'see', on: ['new'] },
      ],
    },
    {
      id: 'T8',
      title: 'the answer to the last word is lost: the order is not carried out again, and the next one is',
      needs: ['server'],
      from: 'in-service',
      actions: [
        {
          do: 'install',
          release: 'new',
          must: 'succeed',
          server: [{ on: 'closing', answer: 'lost', times: 1 }],
        },
        ...takesIntoUse('new'),
        { do: 'ask server', order: 'closed' },
        { do: 'start', times: 4, confirm: true },
        { do: 'see', on: ['new'] },
        { do: 'install', release: 'next', must: 'succeed' },
        ...takesIntoUse('next'),
        { do: 'ask server', order: 'closed' },
        { do: 'see', on: ['next'] },
      ],
    },
    {
      id: 'T9',
      title:
        'an order whose maintenance window is closed is carried out when it opens, and nothing is written before',
      needs: ['server', 'maintenanceWindow'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', must: 'succeed', window: 'closed first' },
        ...takesIntoUse('new'),
        { do: 'ask server', order: 'closed' },
        { do: 'see', on: ['new'] },
      ],
    },
    {
      id: 'T10',
      title: 'a server that does not admit the device for a while: the order is carried out once it does',
      needs: ['server'],
      from: 'in-service',
      actions: carriedOutAfter([{ on: 'poll', answer: 401, times: 3 }]),
    },
    {
      id: 'T11',
      title:
        'a server that answers with nonsense, without end or in circles: the order is carried out once it does not; a file without end is refused',
      needs: ['server'],
      from: 'in-service',
      actions: [
        ...carriedOutAfter([
          { on: 'poll', answer: 'blank', times: 1 },
          { on: 'poll', answer: 'html', times: 1 },
          { on: 'poll', answer: 'deep', times: 1 },
          { on: 'poll', answer: 'redirect', times: 20 },
          { on: 'deployment', answer: 'html', times: 1 },
          { on: 'deployment', answer: 'endless', times: 1 },
        ]),
        { do: 'begin again' },
        {
          do: 'install',
          release: 'new',
          must: 'refuse',
          server: [
            { on: 'deployment', answer: 'absurd size' },
            { on: 'artifact', answer: 'endless' },
          ],
        },
        ...takesIntoUse('old'),
        ...carriedOutAfter(),
      ],
    },
  ],
};
