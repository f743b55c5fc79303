import type { CaseGroup } from '../conformance-case.ts';
import { comesUpWith, staysWith, takesIntoUse } from '../sequences.ts';

/** Who says that a release works, and when. */
export const confirm: CaseGroup = {
  name: 'confirm',
  cases: [
    {
      id: 'C1',
      title: 'confirming twice does no harm',
      needs: [],
      from: 'installed',
      actions: [
        { do: 'boot' },
        { do: 'confirm' },
        { do: 'confirm' },
        { do: 'start', times: 4, confirm: true },
        { do: 'see', on: ['new'] },
      ],
    },
    {
      id: 'C2',
      title: 'confirming where there is nothing to confirm changes nothing',
      needs: [],
      from: 'confirmed',
      actions: [
        { do: 'boot' },
        { do: 'confirm' },
        { do: 'note', what: ['environment'] },
        { do: 'confirm' },
        { do: 'same', what: ['environment'] },
        { do: 'start', times: 4, confirm: true },
        { do: 'see', on: ['new'] },
      ],
    },
    {
      id: 'C3',
      title: 'a release that nobody confirms gives way to the one before',
      needs: ['bootCount'],
      from: 'installed',
      actions: [
        { do: 'start', times: 5, confirm: false },
        { do: 'see', on: ['old'] },
      ],
    },
    {
      id: 'C4',
      title: 'confirming after a fall-back is about the release that runs, not about the broken one',
      needs: ['bootCount'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'broken', must: 'succeed' },
        { do: 'boot' },
        { do: 'confirm' },
        ...takesIntoUse('old'),
        { do: 'install', release: 'new', must: 'succeed' },
        ...comesUpWith('new'),
      ],
    },
    {
      id: 'C5',
      title: 'a release that is tried once gives way after one start that was cut short',
      needs: ['triesOnce'],
      from: 'installed',
      actions: [{ do: 'lose power', times: 1 }, { do: 'boot' }, { do: 'see', on: ['old'] }],
    },
    {
      id: 'C6',
      title:
        'a release whose owner reboots it before anybody has confirmed it stays or gives way, and is then in use',
      needs: [],
      from: 'installed',
      actions: [{ do: 'boot' }, ...staysWith('old', 'new')],
    },
  ],
};
