import type { StatesRecord } from '../../../src/model/states.ts';

/** Two writes with a flush between them: eight sectors of a file, four of another; the second one lost is a failure. */
export function states(): StatesRecord {
  return {
    format: 1,
    run: '20261121T034500Z-ab-upgrade-qemuarm64',
    traces: [
      {
        name: 'p1',
        releases: ['1.0', '1.1'],
        token: 'ab-upgrade:qemuarm64:5606e40215:8f3a2c1d9e',
        disks: [{ id: 'main', sectors: 4096 }],
        phases: [{ upgrade: '1.0->1.1', phase: 'install', from: 0, to: 7, cut: true }],
        places: ['data: /etc/app.conf (inode 17, bytes 0-4095)', 'boot: /uboot.env (bytes 0-2047)'],
        writes: [
          [0, 0, 64, 8, 1, 2, 0],
          [2, 0, 128, 4, 5, 6, 1],
        ],
        flushes: [[1, 0, 3, 4]],
        lines: {
          head: [
            [0, 8],
            [2, 4],
          ],
          none: [
            [4, 1],
            [7, 1],
          ],
          tail: [
            [0, 7],
            [2, 3],
          ],
          zero: [
            [0, 7],
            [2, 3],
          ],
        },
        stages: [
          {
            name: 'whole',
            boots: [
              { cut: 'p1.2', verdict: 'passed', outcome: 'old (1.0) in A' },
              { cut: 'p1.7.none', verdict: 'failed', outcome: 'release-mixed' },
            ],
            runs: {
              head: [
                [0, 11, 0],
                [11, 12, -1],
              ],
              none: [
                [0, 1, 0],
                [1, 2, 1],
              ],
              tail: [
                [0, 7, 0],
                [7, 10, -2],
              ],
              zero: [[0, 10, 0]],
            },
            listed: [['7.only2', 0]],
          },
        ],
      },
    ],
  };
}
