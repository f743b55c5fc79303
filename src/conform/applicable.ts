import type { RunContext } from '../device/run-context.ts';
import { roles } from '../model/conformance.ts';
import type { Action, DeviceCase } from './conformance-case.ts';
import { type Cast, isApplication } from './roles.ts';
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
  silent: 'application that never tells that it works',
};

/** Why a case cannot be tried with this image and agent, whatever the agent promises; undefined where it can. */
export function whyNotApplicable(context: RunContext, one: DeviceCase, cast: Cast): string | undefined {
  const missing = missingRoles(one, cast);
  if (missing.length > 0) return `there is no ${missing.map((role) => roleTexts[role]).join(', and no ')}`;
  if (one.needs.includes('applications') && !isApplication(context.manifest.releases[cast.new ?? '']))
    return 'the release to upgrade to is no application';
  for (const action of one.actions) {
    const reason = lacking(context, action);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** What neither the image nor the agent says, and an action needs to know. */
function lacking(context: RunContext, action: Action): string | undefined {
  const { manifest, agent } = context;
  if (action.do === 'fill' && folderOf(context, action.place) === undefined)
    return action.place === 'downloads'
      ? 'the agent keeps nothing of a release on the device but in its slot'
      : `the image does not say where its ${action.place} partition is mounted`;
  const isAboutEnvironment =
    action.do === 'lose environment' ||
    (action.do === 'same' && action.what.every((one) => one === 'environment'));
  if (isAboutEnvironment && manifest.places?.environment === undefined)
    return "the image does not say where its boot loader's environment is";
  if (context.scenario.server !== undefined && asksServerToFail(action))
    return 'nobody here can make the server fail that the scenario names';
  if (action.do === 'install' && action.meanwhile !== undefined && agent.abilities.includes('server'))
    return 'the server gives one order at a time';
  if (action.do === 'install' && action.window !== undefined && manifest.slots.length !== 2)
    return 'the image has no two slots, of which it could be seen that nothing is written to them';
  if ((action.do === 'overwrite slot' || action.do === 'mount slot') && manifest.slots.length !== 2)
    return 'the image has no two slots';
  const { setting, data } = context.scenario.conformance ?? {};
  if (action.do === 'edit' && setting === undefined)
    return 'the scenario names no file whose default changes: conformance.setting';
  if (action.do === 'use data' && data === undefined)
    return "the scenario does not say how releases use the owner's data: conformance.data";
  if (action.do === 'ask agent' && agent.knowsFallback === undefined)
    return 'the agent cannot be asked what came of an installation';
  if (action.do === 'install' && action.killed === true && agent.programs === undefined)
    return "nobody knows the agent's programs";
  return undefined;
}

function asksServerToFail(action: Action): boolean {
  if (action.do !== 'install') return false;
  const { fault, changesTo, stalls, server, killed, window } = action;
  return [fault, changesTo, stalls, server, killed, window].some((one) => one !== undefined);
}

/** The parts that a case has and nobody plays. */
function missingRoles({ from, actions }: DeviceCase, cast: Cast): (keyof Cast)[] {
  const played = actions.flatMap((action) =>
    action.do === 'install' ? [action.release, action.changesTo ?? [], action.meanwhile ?? []].flat() : [],
  );
  const all = ['old' as const, ...(from === 'in-service' ? [] : ['new' as const]), ...played];
  return roles.filter((role) => all.includes(role) && cast[role] === undefined);
}
