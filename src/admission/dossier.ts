import type { Finding } from '../model/record.ts';
import { codeMarkdown } from '../report/markdown.ts';
import { durationText, oneLine } from '../report/text.ts';
import type { Admission, AdmissionRun, Criterion, Evidence, PackageAdmission } from './admission.ts';
import { criterionIds } from './admission.ts';
import { questions } from './questions.ts';

/** Evidence of one criterion that is shown line by line; all of it is in admission.json. */
const maxLines = 60;
const maxFindings = 10;

/** The dossier as people read it: Markdown, from admission.json's content alone. */
export function dossierText(admission: Admission): string {
  const names = admission.packages.map(({ name }) => name).join(', ');
  return [
    `# Admission of ${codeMarkdown(names)}: evidence`,
    '',
    `${headline(admission)} Made by brownout ${admission.brownout} on ${admission.created.slice(0, 16).replace('T', ' ')} UTC; everything here is in \`admission.json\` too. Paths and commands are relative to this folder.`,
    '',
    ...table(
      ['package', 'machine', ...criterionIds],
      admission.packages.flatMap((one) =>
        admission.machines.map((machine) => [
          codeMarkdown(one.name),
          machine,
          ...criterionIds.map(
            (id) =>
              one.criteria.find((found) => found.id === id && found.machine === machine)?.verdict ??
              'not run',
          ),
        ]),
      ),
    ),
    '',
    '*passed*: decided, and the promise holds. *failed*: decided, and it does not. *unknown*: not decided; *error*: the test bench broke. *not run*: nobody asked for it. *not applicable*: the package has nothing of the kind. Only *passed* is a pass.',
    '',
    ...admission.packages.flatMap((one) => packageSection(admission, one)),
    '## To be stated by the proposer',
    '',
    'No test shows these; none of them counts as passed.',
    '',
    ...admission.toBeStated.map((line) => `- [ ] ${line}`),
    '',
    '## Limits',
    '',
    ...admission.limits.map((line) => `- ${line}`),
    '',
  ].join('\n');
}

function headline({ verdict, packages, powerCuts }: Admission): string {
  const open = new Set(
    packages.flatMap(({ criteria }) =>
      criteria.flatMap((one) => (one.verdict === 'not run' ? [one.id] : [])),
    ),
  );
  const words = {
    passed: 'All that was run passed',
    known: 'All that was run passed, but for known findings',
    failed: 'FAILED: a promise was broken',
    unknown: 'UNKNOWN: not all that was asked for was decided',
    error: 'ERROR: the test bench broke, and says nothing of the package',
  };
  const rest = open.size === 0 ? '' : `; not run: ${[...open].join(', ')}`;
  return `**${words[verdict]}${rest}.** Power cuts: ${powerCuts}.`;
}

function packageSection(admission: Admission, one: PackageAdmission): string[] {
  return [
    `## ${codeMarkdown(one.name)}`,
    '',
    ...identity(one),
    ...method(admission, one),
    ...inputs(admission, one),
    ...one.criteria.flatMap(criterionSection),
  ];
}

function identity({ builds, missing }: PackageAdmission): string[] {
  const stated = Object.entries(builds.at(-1)?.stated ?? {});
  return [
    '### What it is',
    '',
    ...table(
      ['machine', 'release', 'version', 'file', 'bytes', 'SHA-256'],
      builds.map(({ machine, release, version, file, bytes, sha256 }) => [
        machine,
        release,
        version,
        codeMarkdown(file),
        String(bytes),
        codeMarkdown(sha256),
      ]),
    ),
    '',
    ...missing.map(({ machine, release }) => `- ${release} for ${machine} does not have it: not run.`),
    ...(stated.length === 0
      ? []
      : [
          `The package says of itself: ${stated.map(([name, value]) => `${name} ${plain(value)}`).join('; ')}.`,
        ]),
    '',
  ];
}

function method(
  { image, agent, powerCuts }: Admission,
  { name, paths, edits, unedited, units, idle, scenario }: PackageAdmission,
): string[] {
  const upgrades = paths.filter((path) => path.length > 1).map((path) => path.join(' → '));
  const alone = paths.filter((path) => path.length === 1).flat();
  return [
    '### How it is shown',
    '',
    `Image ${codeMarkdown(image)}, by ${agent}; \`${scenario.file}\` says it in full.`,
    '',
    `- Each device comes from the factory without ${codeMarkdown(name)}, has it installed from the feed of its first release, is set up by its owner, rebooted, and taken through its upgrades with a reboot after each. At the end the package is removed and installed again, and the device rebooted.`,
    ...(upgrades.length === 0 ? [] : [`- Upgrades: ${upgrades.join('; ')}.`]),
    ...(alone.length === 0 ? [] : [`- Installed without an upgrade on: ${alone.join(', ')}.`]),
    ...edits.map(
      ({ path, content }) =>
        `- The owner adds ${codeMarkdown(JSON.stringify(content))} to ${codeMarkdown(path)}.`,
    ),
    ...unedited.map(({ path, why }) => `- ${codeMarkdown(path)} is left alone: ${why}.`),
    ...(units.length === 0
      ? ['- No unit has to be active.']
      : [`- Must be active: ${units.map((one) => codeMarkdown(one)).join(', ')}.`]),
    ...idle.map(({ unit, why }) => `- ${codeMarkdown(unit)} need not be active: ${plain(why)}.`),
    `- Power cuts: ${powerCuts}.`,
    '',
  ];
}

function inputs({ releases }: Admission, { runs, scenario }: PackageAdmission): string[] {
  return [
    '### Inputs and runs',
    '',
    ...runs.flatMap((run) => [
      `- ${run.machine}: run ${link(run.id, run.folder)}, ${run.verdict} in ${durationText(run.seconds)}, begun ${run.started}.${(run.earlier ?? []).map(({ path, taken }) => ` ${path.join(' → ')} was taken by an earlier run, ${taken}.`).join('')}`,
      `  - QEMU ${plain(run.host.qemu)}, ${plain(run.host.accelerator)} (${plain(run.host.acceleratorReason)}), ${run.host.cores} cores, Node ${plain(run.host.node)}.`,
      `  - Image ${codeMarkdown(run.inputs.image)} with the key ${codeMarkdown(run.inputs.imageKey)}; ${diskText(run, releases)}.`,
    ]),
    `- Scenario ${link(scenario.file, scenario.file)}, SHA-256 ${codeMarkdown(scenario.sha256)}.`,
    '',
  ];
}

function diskText({ inputs }: AdmissionRun, releases: readonly string[]): string {
  const disks = Object.entries(inputs.disks).filter(([name]) => releases.includes(name.split('/')[0] ?? ''));
  return disks.map(([name, sha256]) => `factory disk ${name} SHA-256 ${codeMarkdown(sha256)}`).join(', ');
}

function criterionSection({
  id,
  machine,
  verdict,
  summary,
  evidence,
  findings,
  reproduce,
}: Criterion): string[] {
  const rest = evidence.length - maxLines;
  return [
    `### ${questions[id]} (${machine}): ${verdict}`,
    '',
    `${plain(summary).replace(/^./, (first) => first.toUpperCase())}.`,
    '',
    ...(evidence.length === 0
      ? []
      : [
          ...table(
            ['release', 'what', 'verdict', 'seen', 'console'],
            evidence.slice(0, maxLines).map(evidenceRow),
          ),
          ...(rest > 0 ? [`and ${rest} more in admission.json`] : []),
          '',
        ]),
    ...findingLines(findings),
    ...(reproduce.length === 0
      ? []
      : ['Again:', '', '```', ...reproduce.map((line) => oneLine(line, 1000)), '```', '']),
  ];
}

function evidenceRow({ subject, path, what, verdict, seen, console }: Evidence): string[] {
  const whole = path.join('->');
  const where = path.length > 1 && whole !== subject ? `${subject} (on ${whole})` : subject;
  return [
    where,
    what,
    verdict === 'passed' ? 'passed' : `**${verdict}**`,
    plain(seen),
    console === undefined ? '' : link('log', console),
  ];
}

function findingLines(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  const rest = findings.length - maxFindings;
  return [
    ...findings
      .slice(0, maxFindings)
      .flatMap(({ check, message, during, states, reason, files }) => [
        `- **${plain(check)}**: ${plain(message)} (${plain(during)}; ${states} states alike)`,
        ...(reason === undefined ? [] : [`  - because: ${plain(reason)}`]),
        ...(files.length === 0 ? [] : [`  - files: ${files.map((one) => codeMarkdown(one)).join(', ')}`]),
      ]),
    ...(rest > 0 ? [`- and ${rest} more in admission.json`] : []),
    '',
  ];
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
}

/** What devices and packages say is text, never markup. */
function plain(text: string): string {
  return oneLine(text, 1000).replaceAll(/[\\`*_<[\]|#]/g, (mark) => `\\${mark}`);
}

function link(text: string, target: string): string {
  return `[${plain(text)}](${encodeURI(target)})`;
}
