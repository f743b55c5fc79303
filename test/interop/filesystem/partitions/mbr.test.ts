import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionTable } from '../../../../src/filesystem/partitions/gpt.ts';
import { needPrograms } from '../../../support/host-programs.ts';

/** A primary partition, and logical ones as the gap before each (sfdisk wants 2,048 sectors) and its size; some are deleted again. */
const arbitraryLayout = fc.record({
  primary: fc.integer({ min: 1, max: 5000 }),
  logical: fc.array(fc.tuple(fc.integer({ min: 2047, max: 5000 }), fc.integer({ min: 1, max: 5000 })), {
    maxLength: 20,
  }),
  deleted: fc.array(fc.nat(19), { maxLength: 4 }),
  type: fc.constantFrom('5', 'f', '85'),
});

describe('sfdisk', () => {
  needPrograms('sfdisk');
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'brownout-mbr-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function sfdisk(args: readonly string[], input = ''): string {
    const { stdout, stderr, status } = spawnSync('sfdisk', args, { input, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  }

  it('finds the same partitions, whatever was made and deleted', () => {
    const image = join(folder, 'disk');
    fc.assert(
      fc.property(arbitraryLayout, ({ primary, logical, deleted, type }) => {
        writeFileSync(image, '');
        truncateSync(image, 400_000 * 512);
        const boxStart = 2048 + primary;
        let at = boxStart;
        const lines = logical.map(([gap, size]) => {
          const start = at + 1 + gap;
          at = start + size;
          return `start=${start}, size=${size}, type=83`;
        });
        const head = ['label: dos', 'grain: 512', `start=2048, size=${primary}, type=c`];
        const boxLine = `start=${boxStart}, size=${400_000 - boxStart}, type=${type}`;
        sfdisk(['-q', '--no-reread', image], [...head, boxLine, ...lines, ''].join('\n'));
        const doomed = [...new Set(deleted)].filter((one) => one < logical.length).sort((a, b) => b - a);
        if (doomed.length > 0) sfdisk(['-q', '--delete', image, ...doomed.map((one) => String(5 + one))]);
        const { partitiontable } = JSON.parse(sfdisk(['--json', image])) as {
          partitiontable: { partitions: { node: string; start: number; size: number; type: string }[] };
        };
        const theirs = partitiontable.partitions
          .filter((one) => one.type !== type)
          .map(({ node, start, size }) => [Number(node.slice(image.length)), start, size]);
        const file = openSync(image, 'r');
        const read = (offset: number, length: number) => {
          const bytes = Buffer.alloc(length);
          readSync(file, bytes, 0, length, offset);
          return bytes;
        };
        const { partitions } = partitionTable({ bytes: 400_000 * 512, read });
        const ours = partitions.map(({ index, offset, bytes }) => [index, offset / 512, bytes / 512]);
        expect(ours).toEqual(theirs);
        closeSync(file);
      }),
      { numRuns: 10 },
    );
  }, 60_000);
});
