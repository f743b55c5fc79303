import { z } from 'zod';
import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import type { AgentLimits, ReleaseSource } from './agent.ts';
import { agentCommand } from './command.ts';
import { defineAgent } from './define-agent.ts';
import { recoverDpkg, unattended } from './dpkg.ts';
import { inPlace, inPlaceSettings } from './in-place.ts';

/** In the device's memory, so that naming a release's feed changes nothing on its disks. */
const folder = '/run/brownout';

const settings = inPlaceSettings.safeExtend({
  // Left out where it is not so: digests of scenarios that say nothing are made over their settings.
  trusted: z
    .literal(true)
    .optional()
    .describe('The feed is taken as it is, whoever has signed it, or nobody ([trusted=yes] of sources.list)'),
});

/**
 * apt as an unattended device runs it (seen with 3.0.3): the device's own settings and keys, but the release's feed,
 * each folder of which is a flat repository ("deb URI ./"). Conffiles that the owner has changed stay (`--force-confold`).
 * Without a key for its signature apt warns and keeps the index that it had: what is installed afterwards is for others
 * to look at. A feed that nobody has signed it refuses, unless it is told to trust it.
 */
export const apt = defineAgent({
  name: 'apt',
  settings,
  source: () => ({ kind: 'feed', format: 'deb', system: 'dpkg' }),
  needs: () => ['apt'],
  create: ({ trusted = false, ...common }) => {
    const upgraded = async (device: Shell, source: ReleaseSource, limits: AgentLimits) => {
      await update(device, source, limits, trusted);
      await upgrade(device, source, limits);
    };
    return inPlace(
      {
        install: upgraded,
        packages: {
          // From its first update on they are its sandbox's (apt-pkg/acquire.cc, SetupAPTPartialDirectory).
          changes: ['/var/cache/apt/archives/partial', '/var/lib/apt/lists/partial'],

          async recover(device, source, limits) {
            const odd = await recoverDpkg(device, limits);
            // What is half installed is left out by "dpkg --configure -a"; only this repairs it.
            await update(device, source, limits, trusted);
            await agentCommand(device, 'recover', `${aptGet} -f install`, limits);
            await upgrade(device, source, limits);
            return odd;
          },

          async add(device, source, names, limits) {
            await update(device, source, limits, trusted);
            await agentCommand(device, 'add', `${aptGet} install ${names.join(' ')}`, limits);
          },

          async remove(device, names, limits) {
            await agentCommand(device, 'remove', `${aptGet} remove ${names.join(' ')}`, limits);
          },
        },
      },
      common,
    );
  },
});

const options = [
  `Dir::Etc::SourceList=${folder}/sources.list`,
  'Dir::Etc::SourceParts=/dev/null',
  `Dir::Etc::Preferences=${folder}/preferences`,
  'Dpkg::Options::=--force-confold',
];
const aptGet = `${unattended} apt-get -q -y ${options.map((option) => `-o ${option}`).join(' ')}`;

async function update(
  device: Shell,
  { url, folders, older }: ReleaseSource,
  limits: AgentLimits,
  trusted: boolean,
): Promise<void> {
  const kind = trusted ? 'deb [trusted=yes]' : 'deb';
  const sources = folders.map((name) => `${kind} ${url}${name === '.' ? '' : `/${name}`} ./`);
  // A priority above 1000 lets an older version take the place of a newer one (apt_preferences(5)).
  const pin = older ? ['Package: *', `Pin: origin "${new URL(url).hostname}"`, 'Pin-Priority: 1001'] : [];
  const file = (name: string, lines: readonly string[]) =>
    [`cat >${folder}/${name} <<'END'`, ...lines, 'END'].join('\n');
  const command = [
    `mkdir -p ${folder}`,
    file('sources.list', sources),
    file('preferences', pin),
    `${aptGet} update`,
  ].join('\n');
  try {
    await agentCommand(device, 'update', command, limits);
  } catch (error) {
    if (!(error instanceof DeviceFailure)) throw error;
    const { code, message, cause } = error;
    const known = refusals.find(([words]) => words.test(message));
    throw known === undefined ? error : new DeviceFailure(code, message, { cause, hint: known[1] });
  }
}

/** What apt says of a feed (apt-pkg/acquire-item.cc, metaindex.cc), and what whoever made the feed does then. */
const refusals: readonly (readonly [words: RegExp, hint: string])[] = [
  [
    /The repository .* is not signed/,
    'sign the feed (brownout feed index --sign), with a key that the device has; or have apt take it as it is: agent: { name: apt, trusted: true }',
  ],
  [
    /is not valid yet/,
    "the feed is of a later day than the device's clock: let the scenario's clock.start be later than the Date of its Release",
  ],
];

async function upgrade(device: Shell, { older }: ReleaseSource, limits: AgentLimits): Promise<void> {
  const backwards = older ? ' --allow-downgrades' : '';
  await agentCommand(device, 'install', `${aptGet}${backwards} dist-upgrade`, limits);
}
