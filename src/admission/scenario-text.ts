import { quote } from '../core/quote.ts';
import type { ConfigurationPromise } from '../model/configuration.ts';
import type { MachineName } from '../model/machine.ts';
import type { PackagePlan } from './plan.ts';

/** What a scenario says besides what is done with the package. */
export interface ScenarioFrame {
  /** A reference image's name, or a folder's absolute path. */
  image: string;
  agent: string;
  /** What the agent promises of the owner's files; undefined: the strictest. */
  promise?: ConfigurationPromise | undefined;
  machines: readonly MachineName[];
  /** All that were asked for, oldest first. */
  releases: readonly string[];
  /** Paths of packages that their scripts are meant to change. */
  changedByScripts?: readonly string[];
}

/** Names of the checks of services. */
export const serviceChecks = { units: 'services', system: 'failed units' } as const;

/** Seconds that a unit may take to become active. */
const patienceSeconds = 30;

/** The text of the scenario that shows what a package does: for `brownout run`, by hand as well. */
export function scenarioText(plan: PackagePlan, frame: ScenarioFrame, file: string): string {
  const { name, edits, paths, units, idle } = plan;
  const { promise, changedByScripts = [] } = frame;
  return lines([
    `# Written by "brownout admit". Once more, in this folder's parent:`,
    `#   brownout run ${file} --power-cuts none`,
    `name: ${text(`admission of ${name}`)}`,
    `machines: ${list(frame.machines)}`,
    `image: ${text(frame.image)}`,
    `agent: ${frame.agent}`,
    `releases: ${list(frame.releases)}`,
    'paths:',
    ...paths.map((path) => `  - ${list(path)}`),
    'provision:',
    `  - install: ${list([name])}`,
    ...edits.map(({ path, content }) => `  - append: { path: ${text(path)}, content: ${text(content)} }`),
    `reinstall: ${list([name])}`,
    ...(units.length + idle.length === 0 ? [] : ['checks:']),
    ...(units.length === 0 ? [] : checkLines(serviceChecks.units, unitsScript(units))),
    ...(units.length + idle.length === 0 ? [] : checkLines(serviceChecks.system, systemScript)),
    'powerCuts: { during: [install] }',
    'expect:',
    '  # How fast is not the question: a host that is busy must not look like a device that fails.',
    '  boots: { within: 15m, first: 2h }',
    '  installs: { within: 30m }',
    '  outcomes: unchecked',
    ...(changedByScripts.length === 0 ? [] : [`  changedByScripts: ${list(changedByScripts)}`]),
    ...(promise === undefined
      ? []
      : [
          `  # What ${frame.agent} promises of conffiles without further settings.`,
          `  configuration: { edited: ${promise.edited}, deleted: ${promise.deleted} }`,
        ]),
  ]);
}

function checkLines(name: string, script: string): string[] {
  return [
    `  - name: ${name}`,
    '    when: always',
    '    run: |',
    ...script
      .trim()
      .split('\n')
      .map((line) => `      ${line}`),
  ];
}

/** A unit that is on its way is waited for; one that has failed, or is still not active then, fails the check. */
function unitsScript(units: readonly string[]): string {
  return `
command -v systemctl >/dev/null || { echo "no systemctl: nobody can say what is active"; exit 1; }
left=${patienceSeconds}
for unit in ${units.map(quote).join(' ')}; do
  while state=$(systemctl is-active "$unit"); [ "$state" != active ]; do
    if [ "$state" = failed ] || [ $left = 0 ]; then
      echo "$unit is $state"
      exit 1
    fi
    left=$((left - 1))
    sleep 1
  done
done
`;
}

const systemScript = `
failed=$(systemctl list-units --failed --plain --no-legend | cut -d' ' -f1 | tr '\\n' ' ')
[ -z "$failed" ] || { echo "failed: $failed"; exit 1; }
`;

function list(items: readonly string[]): string {
  return `[${items.map(text).join(', ')}]`;
}

/** A double-quoted scalar: every JSON string is one (YAML 1.2.2, section 1.2). */
function text(value: string): string {
  return JSON.stringify(value);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
