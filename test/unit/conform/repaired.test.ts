import { expect, it } from 'vitest';
import { prints } from '../../support/simulated/shell.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';
import { suite } from '../../support/simulated/suite.ts';

/**
 * Whatever ends one of its starts but its own system tears a commit: at the next start the kernel will not mount /data.
 * `evenAtItsEnd`: so does the system of release 1.1.
 */
function tearsCommits(mounted: string, evenAtItsEnd = false): SlotTraits {
  let isWhole = true;
  let running = '';
  return {
    countsUnconfirmedOnly: true,
    before: (command) => (command.includes('/sys/fs/ext4') ? prints(`features ${mounted}\n`) : undefined),
    onStart: ({ say }, release) => {
      running = release;
      if (!isWhole) say('[    1.996581] JBD2: journal transaction 31 on vda4-8 is corrupt.');
      isWhole = false;
    },
    onEnd: () => {
      isWhole = !evenAtItsEnd || running !== '1.1';
    },
  };
}

async function verdictOf(id: string, traits: SlotTraits) {
  const { record } = await suite(traits, { cases: [id] });
  return record.cases[0];
}

it('a file system that a cut left unmounted, and that the device has repaired since, is a note of its case', async () => {
  expect(await verdictOf('B6', tearsCommits('vda2 vda4'))).toMatchObject({
    verdict: 'passed',
    notes: expect.arrayContaining([expect.stringContaining('vda4-8 is corrupt')]) as string[],
  });
});

it('one that nobody has repaired fails its case', async () => {
  expect(await verdictOf('B6', tearsCommits('vda2'))).toMatchObject({
    verdict: 'failed',
    reason: expect.stringContaining('vda4-8 is corrupt') as string,
  });
});

it('without a cut nothing is to be repaired', async () => {
  expect(await verdictOf('C1', tearsCommits('vda2 vda4', true))).toMatchObject({
    verdict: 'failed',
    reason: expect.stringContaining('vda4-8 is corrupt') as string,
  });
});
