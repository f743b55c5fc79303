import type { CaseGroup, CutPart } from '../conformance-case.ts';

/** Everything that ends on the new release. */
const upgrade: readonly CutPart[] = ['writing', 'flip', 'first boot', 'confirm'];

/** Power that fails at any moment of an upgrade: every crash state of it is decided. */
export const power: CaseGroup = {
  name: 'power',
  cases: [
    {
      id: 'P1',
      title: 'a cut while a release is written leaves the old release or the new one, whole',
      needs: [],
      ask: 'whole',
      during: ['writing'],
    },
    {
      id: 'P2',
      title: 'a cut while the boot loader is told of a release leaves the old release or the new one, whole',
      needs: ['slots'],
      ask: 'whole',
      during: ['flip'],
    },
    {
      id: 'P3',
      title: 'a cut during the first boot of a release leaves the old release or the new one, whole',
      needs: [],
      ask: 'whole',
      during: ['first boot'],
    },
    {
      id: 'P4',
      title: 'a cut while a release is confirmed leaves the old release or the new one, whole',
      needs: [],
      ask: 'whole',
      during: ['confirm'],
    },
    {
      id: 'P5',
      title: 'a cut during a fall-back or a rollback leaves a whole release that comes up',
      needs: [],
      ask: 'whole',
      during: ['fallback', 'rollback'],
    },
    {
      id: 'P6',
      title:
        'a second cut, while the device comes back from the first, leaves the old release or the new one',
      needs: [],
      ask: 'second cut',
      during: upgrade,
    },
    {
      id: 'P7',
      title: 'after a cut the same release can be installed again',
      needs: [],
      ask: 'retry',
      during: upgrade,
    },
    {
      id: 'P8',
      title:
        'the check of the suite itself: without its flushes the same installation is not whole after a cut',
      needs: [],
      ask: 'without flushes',
      during: ['writing', 'flip'],
    },
    {
      id: 'P9',
      title:
        'a cut while an application is exchanged, each step of it kept, leaves the old one or the new one',
      needs: ['applications'],
      ask: 'whole',
      during: ['exchange'],
    },
  ],
};
