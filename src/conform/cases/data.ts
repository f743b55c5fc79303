import type { Action, CaseGroup } from '../conformance-case.ts';
import { comesUpWith, staysWith, takesIntoUse } from '../sequences.ts';
import type { Edit } from '../setting.ts';

/** What the owner has made of the setting is there after an upgrade that ships another default of it. */
function keptAs(to: Edit): Action[] {
  return [
    { do: 'edit', to },
    { do: 'note', what: ['setting'] },
    { do: 'install', release: 'next', must: 'succeed' },
    ...comesUpWith('next'),
    { do: 'same', what: ['setting'] },
  ];
}

/** What belongs to the owner. */
export const data: CaseGroup = {
  name: 'data',
  cases: [
    {
      id: 'D1',
      title:
        "the owner's files are what they were after an upgrade, a fall-back from the next one, and one more",
      needs: ['bootCount'],
      from: 'confirmed',
      actions: [
        { do: 'see', on: ['new'] },
        { do: 'install', release: 'broken', must: 'succeed' },
        ...takesIntoUse('new'),
        { do: 'install', release: 'next', must: 'succeed' },
        ...staysWith('next'),
      ],
    },
    {
      id: 'D2',
      title:
        "a setting whose default changes is the new one where its owner left it alone, or else the owner's",
      needs: [],
      from: 'untouched',
      actions: [
        { do: 'note', what: ['setting'] },
        { do: 'install', release: 'next', must: 'succeed' },
        ...comesUpWith('next'),
        { do: 'renewed', what: 'setting' },
        { do: 'begin again' },
        ...keptAs('a line more'),
        { do: 'see', on: ['next'] },
      ],
    },
    {
      id: 'D3',
      title: 'a setting that its owner has made a link or a folder, or taken away, is that after an upgrade',
      needs: [],
      from: 'untouched',
      actions: [
        ...keptAs('a link'),
        { do: 'begin again' },
        ...keptAs('a folder'),
        { do: 'begin again' },
        ...keptAs('nothing'),
        { do: 'see', on: ['next'] },
      ],
    },
    {
      id: 'D5',
      title:
        "a release that has written the owner's data in its own form gives way to one that can read them",
      needs: ['bootCount'],
      from: 'in-service',
      actions: [
        { do: 'use data', how: 'write' },
        { do: 'use data', how: 'read' },
        { do: 'install', release: 'new', must: 'succeed' },
        ...comesUpWith('new'),
        { do: 'use data', how: 'write' },
        { do: 'use data', how: 'read' },
        { do: 'start', times: 4, confirm: false },
        { do: 'see', on: ['old'] },
        { do: 'use data', how: 'read' },
        { do: 'see', on: ['old'] },
      ],
    },
    {
      id: 'D6',
      title:
        'an application is exchanged without a reboot, and one that does not tell that it works is taken back',
      needs: ['applications'],
      from: 'in-service',
      actions: [
        { do: 'note', what: ['boot'] },
        { do: 'install', release: 'new', must: 'succeed' },
        { do: 'see', on: ['new'] },
        { do: 'confirm' },
        { do: 'ask server', order: 'closed' },
        { do: 'install', release: 'silent', must: 'refuse' },
        { do: 'same', what: ['boot'] },
        { do: 'see', on: ['new'] },
        { do: 'ask server', order: 'failed' },
        ...comesUpWith('new'),
      ],
    },
    {
      id: 'D7',
      title: 'a device is known to others as what it was, after an upgrade, a fall-back and a rollback',
      needs: ['bootCount', 'rollback'],
      from: 'in-service',
      actions: [
        { do: 'note', what: ['identity'] },
        { do: 'install', release: 'new', must: 'succeed' },
        { do: 'boot' },
        { do: 'confirm' },
        { do: 'same', what: ['identity'] },
        { do: 'install', release: 'broken', must: 'succeed' },
        { do: 'boot' },
        { do: 'confirm' },
        { do: 'same', what: ['identity'] },
        { do: 'install', release: 'next', must: 'succeed' },
        { do: 'boot' },
        { do: 'confirm' },
        { do: 'roll back' },
        { do: 'boot' },
        { do: 'same', what: ['identity'] },
        { do: 'see', on: ['new'] },
      ],
    },
    {
      id: 'D4',
      title:
        'a release whose own script fails while it is installed is refused, and the device stays what it was',
      needs: ['stateScripts'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', wrong: 'script fails', must: 'refuse' },
        ...comesUpWith('old'),
        { do: 'install', release: 'new', wrong: 'script fails late', must: 'refuse' },
        ...comesUpWith('old'),
      ],
    },
    {
      id: 'D8',
      title: 'a script that never ends is given up, and one that asks for it is run again',
      needs: ['stateScripts'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', wrong: 'script hangs', must: 'refuse' },
        ...comesUpWith('old'),
        { do: 'install', release: 'new', wrong: 'script waits', must: 'succeed' },
        ...comesUpWith('new'),
      ],
    },
    {
      id: 'D9',
      title: 'a release whose own script fails when it is confirmed gives way to the one before',
      needs: ['stateScripts', 'bootCount'],
      from: 'in-service',
      actions: [
        { do: 'install', release: 'new', wrong: 'script fails at commit', must: 'succeed' },
        ...comesUpWith('new'),
        { do: 'confirm', must: 'refuse' },
        ...comesUpWith('old'),
      ],
    },
  ],
};
