import type { PathRecord } from '../model/record.ts';
import type { RunContext } from './run-context.ts';
import type { Examined } from './upgrade.ts';

/** Notes what became of the owner's files; `prefix` begins the name of the check. */
export function noteFiles(context: RunContext, path: PathRecord, prefix: string, { files }: Examined): void {
  if (files.length === 0) return;
  const table = { step: `${prefix}configuration`, files };
  path.configuration = [...(path.configuration ?? []), table];
  context.emit({ type: 'configuration', run: context.runId, path: path.releases, table });
}
