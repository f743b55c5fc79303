import { existsSync, statfsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { CountReporter } from './count-reporter.ts';

/** The environment of tests that write many small files: a file in memory costs a tenth of one on a disk. */
function filesInMemory(folder = '/dev/shm'): Record<string, string> {
  if (!existsSync(folder)) return {};
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize > 2 ** 30 ? { TMPDIR: folder } : {};
}

/**
 * Unit tests are fast and mirror src; interop tests hold what we read and write against the programs of the field on
 * this host; integration tests, two files at a time, boot real images and decide whole runs. Long ones do so for more than
 * a few minutes: `npm run test:long` has them, `npm test` does not.
 */
export default defineConfig({
  test: {
    root: `${import.meta.dirname}/..`,
    reporters: ['default', new CountReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // No test measures time; a busy host is no failure.
          testTimeout: 60_000,
          // A process and a copy of all modules for each file take as long as the tests. No test changes a module.
          isolate: false,
          // A third of their time is waiting.
          maxWorkers: 3,
          env: filesInMemory(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 120_000,
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // Two files with two machines each share two cores.
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: ['test/long/**/*.test.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
