import type { OddPath } from '../oracle/packaged-paths.ts';
import type { Ready } from '../target/target.ts';
import { identityByCommand } from './identity-by-command.ts';
import { identityByDeployment, isCommit } from './identity-by-deployment.ts';
import { identityByFiles } from './identity-by-files.ts';
import { identityByPackages } from './identity-by-packages.ts';
import { identityBySlots } from './identity-by-slots.ts';
import type { OddLook, ReleaseIdentity, ReleaseLook, ReleaseSeen, Shown } from './release-identity.ts';
import type { RunContext } from './run-context.ts';

/** Which release a device is on, and whether it may be. */
export function lookAtRelease(context: RunContext, shown: Shown, look: ReleaseLook): Promise<ReleaseSeen> {
  return identityOf(context).look(shown, look);
}

/** What is not as packaged on a device of a release; undefined where there are no packages, or the device cannot tell. */
export async function lookAtOddPaths(
  context: RunContext,
  device: Ready,
  of: OddLook,
): Promise<readonly OddPath[] | undefined> {
  return identityOf(context).oddPaths?.(device, of);
}

/** What tells an image's releases apart: the one place that chooses. */
function identityOf(context: RunContext): ReleaseIdentity {
  const { agent, contents, manifest, signal } = context;
  if (agent.identity !== undefined) return identityByCommand(agent.identity, signal);
  if (contents !== undefined) return identityByPackages(context, contents);
  const releases = Object.values(manifest.releases);
  if (releases.some(isCommit)) return identityByDeployment(context, manifest);
  const isByFiles = releases.some(({ content }) => content.kind === 'files');
  return isByFiles ? identityByFiles(context, manifest) : identityBySlots(manifest);
}
