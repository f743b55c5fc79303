import type { RunContext } from '../device/run-context.ts';
import { roles } from '../model/conformance.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Cast } from './roles.ts';
import { folderOf } from './spoil.ts';

const roleTexts: Record<keyof Cast, string> = {
  old: 'release to begin with',
  new: 'release to upgrade to',
  next: 'third release',
  broken: 'release that does not come up',
  'no kernel': 'release without a kernel',
  'no init': 'release without an init',
  hanging: 'release that hangs',
  unhealthy: 'release that comes up and does not work',
};

/** Why a case cannot be tried with this image and agent, whatever the agent promises; undefined where it can. */
export function whyNotApplicable(context: RunContext, one: ConformanceCase, cast: Cast): string | undefined {
  const missing = missingRoles(one, cast);
  if (missing.length > 0) return `there is no ${missing.map((role) => roleTexts[role]).join(', and no ')}`;
  const { manifest, agent } = context;
  for (const action of one.actions) {
    switch (action.do) {
      case 'fill':
        if (folderOf(context, action.place) !== undefined) break;
        return action.place === 'downloads'
          ? 'the agent keeps nothing of a release on the device but in its slot'
          : `the image does not say where its ${action.place} partition is mounted`;
      case 'lose environment':
        if (manifest.places?.environment !== undefined) break;
        return "the image does not say where its boot loader's environment is";
      case 'overwrite slot':
        if (manifest.slots.length === 2) break;
        return 'the image has no two slots';
      case 'ask agent':
        if (agent.knowsFallback !== undefined) break;
        return 'the agent cannot be asked what came of an installation';
      case 'install':
        if (action.killed === undefined || agent.programs !== undefined) break;
        return "nobody knows the agent's programs";
    }
  }
  return undefined;
}

/** The parts that a case has and nobody plays. */
function missingRoles({ from, actions }: ConformanceCase, cast: Cast): (keyof Cast)[] {
  const played = actions.flatMap((action) =>
    action.do === 'install'
      ? [action.release, ...(action.changesTo === undefined ? [] : [action.changesTo])]
      : [],
  );
  const all = ['old' as const, ...(from === 'in-service' ? [] : ['new' as const]), ...played];
  return roles.filter((role) => all.includes(role) && cast[role] === undefined);
}
