import { ScenarioError } from '../core/errors.ts';

/** How many machines run at once: a port of one's own choosing serves one. Throws ScenarioError `option-invalid`. */
export function jobsFor({
  jobs,
  sshPort,
}: {
  jobs?: number | undefined;
  sshPort?: number | undefined;
}): number | undefined {
  if (sshPort === undefined) return jobs;
  if (jobs !== undefined && jobs > 1)
    throw new ScenarioError(
      'option-invalid',
      `--ssh-port serves one machine at a time, but --jobs asks for ${jobs}`,
    );
  return 1;
}
