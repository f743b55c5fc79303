import { ScenarioError } from '../../core/errors.ts';

/** What a generated pipeline does. */
export interface Pipeline {
  scenario: string;
  /** Absent: all machines of the scenario. */
  machine?: string | undefined;
  /** Workers that share out the states. */
  shards: number;
}

/** The three steps, as a shell runs them; `brownout` is how the program is called. */
export interface Steps {
  record: string;
  /** Of one worker. */
  decide: string;
  merge: string;
}

/**
 * The steps with a folder of recordings. `ledger`: one that all workers share; without one each leaves its boots below
 * reports, from where they are merged.
 */
export function stepsOf(
  { scenario, machine }: Pipeline,
  {
    brownout,
    recordings,
    shard,
    ledger,
  }: { brownout: string; recordings: string; shard: string; ledger?: string },
): Steps {
  const which = [plain(scenario), ...(machine === undefined ? [] : ['--machine', machine])].join(' ');
  const from = `--recording ${recordings}`;
  const kept = ledger === undefined ? '' : ` --ledger ${ledger}`;
  return {
    record: `${brownout} record ${which} --output ${recordings}`,
    decide: `${brownout} run ${which} --power-cuts all ${from} --shard ${shard}${kept}`,
    merge: `${brownout} report merge ${ledger ?? 'reports'} ${from}`,
  };
}

/** A path that shells, YAML and Groovy read alike. Throws ScenarioError `option-invalid`. */
function plain(path: string): string {
  if (/^[\w./][\w./+,@-]*$/.test(path)) return path;
  throw new ScenarioError(
    'option-invalid',
    `${JSON.stringify(path.slice(0, 80))}: a pipeline names its scenario without quotes; rename it, with letters, digits and ._/+,@- alone`,
  );
}
