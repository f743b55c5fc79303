import type { ChosenAgent, CommandIdentity } from '../agents/agent.ts';
import type { AgentDefinition } from '../agents/define-agent.ts';
import { type AgentList, agentFor, agentNamed, agents } from '../agents/index.ts';
import { sha256 } from '../core/digest.ts';
import { parseDocument } from '../document/parse.ts';
import { readText } from '../document/read.ts';
import { didYouMean } from '../document/suggest.ts';
import { type ConfigurationPromise, everythingPreserved } from '../model/configuration.ts';
import { clockRange } from '../model/device-clock.ts';
import { machineNames } from '../model/machine.ts';
import {
  type AgentSpec,
  type ConfigurationEntry,
  type ProvisionStep,
  type Scenario,
} from '../model/scenario.ts';
import { factsOf } from './conformance-facts.ts';
import { knownBeside, knownFaults, knownFinding } from './known.ts';
import { resolvePaths } from './paths.ts';
import { type ScenarioDocument, scenarioSchemaFor } from './schema.ts';
import { serverComplaint } from './server.ts';
import { faultComplaints, faultyAttempt, type ServerFault } from './server-fault.ts';

/**
 * Reads a scenario file, and the list of known findings beside it. Throws ScenarioError that names file:line:column for
 * each thing that is wrong.
 */
export async function loadScenario(path: string): Promise<Scenario> {
  const scenario = parseScenario(await readText(path), path);
  const known = [...(scenario.known ?? []), ...(await knownBeside(scenario))];
  return known.length === 0 ? scenario : { ...scenario, known };
}

/** Checks a scenario's text; `path` is what errors and the record call it, and its agent is one of `list`. */
export function parseScenario(text: string, path: string, list: AgentList = agents): Scenario {
  const document = parseDocument(text, path, consistentScenario(list));
  const agent = agentSpec(document.agent, list);
  const provision = document.provision.map(provisionStep);
  const touched = provision.flatMap((step) => ('run' in step || 'install' in step ? [] : [pathOf(step)]));
  return {
    name: document.name,
    source: { path, sha256: sha256(text) },
    machines: unique(document.machines),
    image: document.image,
    agent,
    releases: branchesOf(document.releases).flat(),
    paths: resolvePaths(branchesOf(document.releases), document.paths),
    provision,
    configuration: entriesOf([...touched, ...document.configuration.map(configurationEntry)]),
    checks: document.checks.map(({ name, run, when, after }) => ({
      name,
      run,
      ...(when === 'always' ? { when } : {}),
      ...(after === undefined ? {} : { afterMs: after }),
    })),
    ...(document.console === undefined ? {} : { console: document.console }),
    ...(document.clock === undefined ? {} : { clock: document.clock }),
    ...(document.conformance === undefined ? {} : { conformance: factsOf(document.conformance) }),
    ...(document.server === undefined ? {} : { server: document.server }),
    ...(document.known.length === 0 ? {} : { known: document.known.map(knownFinding) }),
    ...(document.network === 'open' ? { network: document.network } : {}),
    ...(document.reinstall.length === 0 ? {} : { reinstall: document.reinstall }),
    serverFaults: faultsOf(document).map(faultyAttempt),
    powerCuts: powerCutsOf(document.powerCuts),
    expect: {
      bootsWithinMs: document.expect.boots.within,
      firstBootWithinMs: document.expect.boots.first ?? document.expect.boots.within,
      installsWithinMs: document.expect.installs.within,
      upgrade: document.expect.upgrade,
      ...releasesAfterCuts(document.expect.release),
      fallback: document.expect.fallback,
      broken: document.expect.broken,
      ...(document.expect.changedByScripts.length === 0
        ? {}
        : { changedByScripts: document.expect.changedByScripts }),
      outcomes: document.expect.outcomes,
      configuration: promiseOf(document.expect.configuration),
      // A package manager's recovery is an upgrade done again: that is part of coming back whole.
      retry: agentFor(agent, list).packages === undefined ? document.expect.retry : 'unchecked',
      confirmedBoots: document.expect.confirmed === 'unchecked' ? 0 : document.expect.confirmed.boots,
      rollback: document.expect.rollback,
    },
  };
}

/** What a schema of single values cannot say: what names must have been given, and what does not go together. */
function consistentScenario(list: AgentList) {
  return scenarioSchemaFor(list, machineNames).superRefine(
    (
      {
        agent: chosen,
        machines,
        clock,
        releases: given,
        paths,
        provision,
        checks,
        known,
        reinstall,
        serverFaults,
        feedFaults,
        server,
        powerCuts,
        expect,
      },
      context,
    ) => {
      const releases = branchesOf(given).flat();
      const agent = agentIfSound(chosen, list);
      // The schema has said what is wrong with its settings; what they mean together cannot be told.
      if (agent === undefined) return;
      const { identity, packages } = agent;
      const complain = (path: PropertyKey[], message: string) =>
        context.addIssue({ code: 'custom', path, message });
      if (clock !== undefined)
        for (const machine of unique(machines)) {
          const range = clockRange(machine);
          if (clock.start < range.first || clock.start > range.last)
            complain(
              ['clock', 'start'],
              `the clock of ${machine} says ${range.first.slice(0, 4)} to ${range.last.slice(0, 4)}`,
            );
        }
      const faults = faultsOf({ serverFaults, feedFaults });
      const faultsWord = serverFaults === undefined ? 'feedFaults' : 'serverFaults';
      if (serverFaults !== undefined && feedFaults !== undefined)
        complain(
          ['feedFaults'],
          'this is the old word for serverFaults, which is there too; keep one of them',
        );
      const places: PropertyKey[][] = Array.isArray(given)
        ? given.map((_, i) => ['releases', i])
        : Object.entries(given).flatMap(([branch, list]) => list.map((_, i) => ['releases', branch, i]));
      const installs = provision.some(({ install }) => install !== undefined);
      provision.forEach(({ install }, i) => {
        if (install === undefined) return;
        if (packages === undefined)
          complain(['provision', i, 'install'], 'this agent takes bundles, and has no packages to install');
        if (provision.slice(0, i).some((before) => before.install === undefined))
          complain(['provision', i], 'packages are installed before anything else is done');
      });
      if (reinstall.length > 0 && packages === undefined)
        complain(['reinstall'], 'this agent takes bundles, and has no packages to remove');
      releases.forEach((release, i) => {
        if (releases.indexOf(release) < i) complain(places[i] ?? [], `release ${release} is there twice`);
      });
      paths.forEach((path, i) => {
        if (typeof path === 'string') {
          const without = releases.length > 1 && resolvePaths(branchesOf(given), [path]).length === 0;
          if (without) complain(['paths', i], `"${path}" is no path with these releases`);
          return;
        }
        if (path.length === 1 && !installs)
          complain(
            ['paths', i],
            'nothing is upgraded on a path of one release, and no provision step installs a package',
          );
        path.forEach((release, j) => {
          if (!releases.includes(release))
            complain(
              ['paths', i, j],
              `unknown release "${release}"; expected one of ${releases.join(', ')}${didYouMean(release, releases)}`,
            );
          else if (path[j - 1] === release) complain(['paths', i, j], `release ${release} follows itself`);
        });
      });
      if (powerCuts.inARow !== undefined && !powerCuts.during.includes('second-cut'))
        complain(['powerCuts', 'inARow'], 'no second cut is made: during does not name second-cut');
      checks.forEach(({ name }, i) => {
        if (checks.findIndex((other) => other.name === name) < i)
          complain(['checks', i, 'name'], `check ${name} is there twice`);
      });
      for (const { path, message } of knownFaults(
        known,
        checks.map(({ name }) => name),
      ))
        complain(['known', ...path], message);
      for (const { path, message } of faultComplaints(faults, agent))
        complain([faultsWord, ...path], message);
      const serverTrouble = server === undefined ? undefined : serverComplaint(agent.source, faults);
      if (serverTrouble !== undefined) complain(['server'], serverTrouble);
      if (faults.length > 0 && expect.release === 'unchecked' && checks.length === 0)
        complain(
          [faultsWord],
          'nothing would show whether the device is still on the old release: add checks',
        );
      const broken = Object.keys(expect.broken);
      for (const release of broken)
        if (!releases.includes(release))
          complain(
            ['expect', 'broken', release],
            `unknown release "${release}"; expected one of ${releases.join(', ')}${didYouMean(release, releases)}`,
          );
      if (broken.length > 0 && packages === undefined)
        complain(['expect', 'broken'], 'packages are named, and this agent takes a bundle');
      if (broken.length > 0 && expect.release === 'unchecked')
        complain(
          ['expect', 'broken'],
          'which packages are configured is not looked at without checking the release',
        );
      if (expect.changedByScripts.length > 0 && packages === undefined)
        complain(
          ['expect', 'changedByScripts'],
          'paths of packages are meant, and this agent takes a bundle',
        );
      if (expect.changedByScripts.length > 0 && expect.release === 'unchecked')
        complain(
          ['expect', 'changedByScripts'],
          'paths of packages are not looked at without checking the release',
        );
      if (identity !== undefined)
        for (const { at, message } of identityFaults(identity, releases, expect.release === 'unchecked'))
          complain(['agent', 'identity', ...at], message);
      if (expect.release === 'unchecked' && expect.upgrade === 'falls-back')
        complain(['expect', 'release'], 'a fall-back cannot be told without checking the release');
      if (expect.fallback === 'lasts' && expect.upgrade !== 'falls-back')
        complain(
          ['expect', 'fallback'],
          'only a device that falls back can stay there: add upgrade: falls-back',
        );
      if (expect.rollback !== 'succeeds') return;
      if (expect.upgrade === 'falls-back')
        complain(['expect', 'rollback'], 'a device that has fallen back has no release to roll back from');
      if (agent.rollback === undefined)
        complain(['expect', 'rollback'], noRollback(agentNamed(agent.name, list)));
    },
  );
}

/** What is wrong with an identity by command. Texts of further releases of the image are no fault: `conform` tries them. */
function identityFaults(
  { expect }: CommandIdentity,
  releases: readonly string[],
  isUnchecked: boolean,
): { at: string[]; message: string }[] {
  if (isUnchecked)
    return [{ at: [], message: 'with expect.release: unchecked nobody asks which release runs' }];
  const texts = Object.entries(expect).map(([release, text]) => [release, text.trim()] as const);
  const others = texts.flatMap(([release]) => (releases.includes(release) ? [] : [release]));
  return [
    ...releases
      .filter((release) => expect[release] === undefined)
      .map((release) => ({
        at: ['expect'],
        message: `nothing is said of release "${release}"${didYouMean(release, others)}`,
      })),
    ...texts.flatMap(([release, text], i) => {
      const same = texts.slice(0, i).find(([, other]) => other === text)?.[0];
      if (same === undefined) return [];
      return [
        { at: ['expect', release], message: `the same as of release "${same}", which it must tell it from` },
      ];
    }),
  ];
}

/** Some agents go back if the scenario says how. */
function noRollback({ name, schema }: AgentDefinition): string {
  return 'rollback' in schema.shape
    ? 'the agent has no rollback command; expected agent.rollback'
    : `${name} has no way back to the release before`;
}

/** Releases that have no branches are one. */
function branchesOf(releases: ScenarioDocument['releases']): readonly (readonly string[])[] {
  return Array.isArray(releases) ? [releases] : Object.values(releases);
}

/** The agent with all of its settings. */
export function agentSpec(agent: ScenarioDocument['agent'], list: AgentList): AgentSpec {
  const given = givenAgent(agent);
  return agentNamed(given.name, list).specOf(given);
}

function agentIfSound(agent: ScenarioDocument['agent'], list: AgentList): ChosenAgent | undefined {
  const given = givenAgent(agent);
  const { schema, open } = agentNamed(given.name, list);
  return schema.safeParse(given).success ? open(given) : undefined;
}

function givenAgent(agent: ScenarioDocument['agent']): AgentSpec {
  return typeof agent === 'string' ? { name: agent } : agent;
}

function provisionStep(step: ScenarioDocument['provision'][number]): ProvisionStep {
  if (step.install !== undefined) return { install: { packages: step.install } };
  if (step.write !== undefined) {
    const { path, content, mode } = step.write;
    return { write: { path, content, ...(mode === undefined ? {} : { mode }) } };
  }
  if (step.append !== undefined) return { append: step.append };
  if (step.edit !== undefined) return { edit: step.edit };
  if (step.link !== undefined) return { link: step.link };
  if (step.delete !== undefined)
    return { delete: typeof step.delete === 'string' ? { path: step.delete } : step.delete };
  return { run: step.run ?? '' };
}

function configurationEntry(entry: ScenarioDocument['configuration'][number]): ConfigurationEntry {
  if (typeof entry === 'string') return entry;
  const { path, follow, attributes } = entry;
  if (!follow && !attributes) return path;
  return { path, ...(follow ? { follow: true } : {}), ...(attributes ? { attributes: true } : {}) };
}

/** Each path once, in the order in which they came; with what was said of it at last. */
function entriesOf(entries: readonly ConfigurationEntry[]): ConfigurationEntry[] {
  const found = new Map<string, ConfigurationEntry>();
  for (const entry of entries) {
    const path = typeof entry === 'string' ? entry : entry.path;
    if (!found.has(path) || typeof entry !== 'string') found.set(path, entry);
  }
  return [...found.values()];
}

function powerCutsOf({
  during,
  states,
  inARow,
  'reset-storm': resetStorm,
  recordings: given,
  disturb: words,
}: ScenarioDocument['powerCuts']): Scenario['powerCuts'] {
  const disturb = unique(words);
  const recordings = given ?? 1 + disturb.length;
  return {
    during: unique(during),
    states: unique(states),
    ...(inARow === undefined ? {} : { inARow }),
    ...(resetStorm === undefined ? {} : { resetStorm }),
    ...(recordings === 1 ? {} : { recordings }),
    ...(disturb.length === 0 ? {} : { disturb }),
  };
}

/** Which releases a device may be on after a cut, in any phase and in those that the scenario names. */
function releasesAfterCuts(
  release: ScenarioDocument['expect']['release'],
): Pick<Scenario['expect'], 'release' | 'releaseAfter'> {
  if (release === 'unchecked') return { release: undefined };
  const { oneOf = ['old', 'new'], ...after } = release;
  const named = Object.entries(after).flatMap(([phase, ages]) =>
    ages === undefined ? [] : [[phase, unique(ages)] as const],
  );
  return {
    release: unique(oneOf),
    ...(named.length === 0 ? {} : { releaseAfter: Object.fromEntries(named) }),
  };
}

/** What a scenario file asks of the owner's files; undefined where it asks nothing. */
function promiseOf(
  configuration: ScenarioDocument['expect']['configuration'],
): ConfigurationPromise | undefined {
  if (configuration === 'unchecked') return undefined;
  return configuration === 'preserved' ? everythingPreserved : configuration;
}

/** What is to be wrong with the server, by whichever word the file has for it. */
function faultsOf({
  serverFaults,
  feedFaults,
}: Pick<ScenarioDocument, 'serverFaults' | 'feedFaults'>): ServerFault[] {
  return serverFaults ?? feedFaults ?? [];
}

function pathOf(step: Exclude<ProvisionStep, { run: string } | { install: unknown }>): string {
  if ('write' in step) return step.write.path;
  if ('append' in step) return step.append.path;
  if ('edit' in step) return step.edit.path;
  return 'link' in step ? step.link.path : step.delete.path;
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
