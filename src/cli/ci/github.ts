import { type Pipeline, stepsOf } from './pipeline.ts';

/** A workflow of GitHub Actions: docs.github.com/actions/reference/workflows-and-actions/workflow-syntax. */
export function github(pipeline: Pipeline): string {
  const { shards } = pipeline;
  const { record, decide, merge } = stepsOf(pipeline, {
    brownout: 'npx brownout',
    recordings: 'recordings',
    shard: `\${{ matrix.shard }}/${shards}`,
  });
  const prepare = `      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: { node-version: 20 }
      # Images, packages and recordings: what can be made again, and takes long.
      - uses: actions/cache@v4
        with:
          path: ~/.cache/brownout
          key: brownout-\${{ github.run_id }}
          restore-keys: brownout-
      - run: npm ci
      - run: npx brownout setup`;
  return `# The crash states of one recorded upgrade, decided by ${shards} jobs.
name: power cuts
on:
  schedule:
    - cron: "17 2 * * *"
  workflow_dispatch:

jobs:
  record:
    runs-on: ubuntu-latest
    steps:
${prepare}
      - run: ${record}
      - uses: actions/upload-artifact@v4
        with: { name: recordings, path: recordings }

  decide:
    needs: record
    runs-on: ubuntu-latest
    strategy:
      fail-fast: false
      matrix:
        shard: [${Array.from({ length: shards }, (_, i) => i + 1).join(', ')}]
    steps:
${prepare}
      - uses: actions/download-artifact@v4
        with: { name: recordings, path: recordings }
      # A device that broke a promise (1) is told of by the job that merges.
      - run: ${decide} || test $? -eq 1
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: reports-\${{ matrix.shard }}
          path: reports

  merge:
    needs: [record, decide]
    # Also where a worker died: what it left is decided here.
    if: always() && needs.record.result == 'success'
    runs-on: ubuntu-latest
    steps:
${prepare}
      - uses: actions/download-artifact@v4
        with: { name: recordings, path: recordings }
      - uses: actions/download-artifact@v4
        with:
          pattern: reports-*
          path: reports
          merge-multiple: true
      - run: ${merge}
      - uses: actions/upload-artifact@v4
        if: always()
        with: { name: reports, path: reports }
`;
}
