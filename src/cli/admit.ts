import { Option } from '@commander-js/extra-typings';
import type { Admission } from '../admission/admission.ts';
import { admissionEnd, admissionScreen } from '../admission/admission-screen.ts';
import { dossierText } from '../admission/dossier.ts';
import { ScenarioError } from '../core/errors.ts';
import { usualLimits } from '../crash/usual-limits.ts';
import { filePath, packageName, releasePattern } from '../document/forms.ts';
import { didYouMean } from '../document/suggest.ts';
import { assertHost } from '../host/check.ts';
import { type DescribedImage, describedImage } from '../image/described.ts';
import type { MachineName } from '../model/machine.ts';
import type { PowerCuts } from '../model/scenario.ts';
import { coloursFor, viewFor } from '../report/colour.ts';
import { summaryText } from '../report/summary.ts';
import { Terminal } from '../report/terminal.ts';
import { oneLine } from '../report/text.ts';
import { type Admitted, admit } from '../runner/admit.ts';
import { parsePowerCuts } from '../scenario/power-cuts.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodeHelp, exitCodeOfRuns, exitCodes } from './exit-code.ts';
import { imagePlace } from './image-names.ts';
import { addToJobSummary } from './job-summary.ts';
import { nearPath } from './near-path.ts';
import { anyCut, assertOptionsUsed, exploring } from './options-in-use.ts';
import { asTyped } from './typed-command.ts';
import { notePhase } from './under-way.ts';
import { jobsOption, plainOption, quietOption } from './usual-options.ts';
import { durationMs, machineName, seedText } from './values.ts';

const command = (program: Parent) =>
  program
    .command('admit')
    .summary('gather the evidence for admitting packages to a binary distribution')
    .description(
      "Takes each package, of an image's feed and not installed, through all that a proposal to admit it must show: " +
        'installed on the device from the feed of each release, upgraded from each release to each later one, its ' +
        "owner's configuration kept, its services running, removed and installed again, with reboots between; and " +
        'power cuts during its upgrades. Leaves a dossier (admission.md, admission.json) with a verdict for each ' +
        'criterion and machine, its evidence, and the command that shows it again.',
    )
    .argument('<package...>', 'names of packages, as the feed has them')
    .option('--image <image>', 'whose feed; with a "/", a folder with an image.yaml', 'yocto-ipk')
    .option('--machine <machine>', 'only this machine (default: all of the image)', machineName)
    .option(
      '--releases <list>',
      'oldest first, with commas (default: those of the image that follow each other)',
      releaseList,
    )
    .option(
      '--edit <path=text>',
      'what the owner adds to a configuration file, \\n for a line feed; as often as needed (default: a comment in each)',
      edit,
      new Map<string, string>(),
    )
    .option(
      '--unit <name>',
      "a unit that must be active; as often as needed (default: those that the package's preset enables)",
      unit,
    )
    .option(
      '--changed-by-scripts <path>',
      'a path whose mode, owner, kind or target a script of the package is meant to change, also with * or **; as often as needed',
      changedPath,
      [],
    )
    .addOption(
      new Option('--power-cuts <how>', 'none, all or random:N, as with run; during the upgrades')
        .argParser(parseCuts)
        .default(parsePowerCuts('none'), 'none'),
    )
    .option('--budget <duration>', 'with all: begin no boot after this time (30m, 2h)', durationMs)
    .option(
      '--fresh',
      'take every path again, and with all boot every state again, also what an earlier run has done with equal inputs',
    )
    .option('--seed <word>', 'which crash states are drawn', seedText, '1')
    .option('--reports <folder>', 'where the folder of the dossier is made', 'reports')
    .addOption(jobsOption)
    .addOption(quietOption)
    .addOption(plainOption)
    .option('--json', 'print admission.json on standard output; progress goes to standard error')
    .addHelpText(
      'after',
      `${examples(
        'brownout admit avahi-daemon --releases 4.0.1,4.0.2',
        'brownout admit avahi-daemon nano --releases 4.0.1,4.0.2 --power-cuts all --budget 1h',
        "brownout admit avahi-daemon --image ./gateway --edit '/etc/avahi/hosts=192.0.2.7 tv.local\\n'",
      )}\n\n${exitCodeHelp}`,
    );

type Options = OptionsOf<typeof command>;

/** `brownout admit` */
export const addAdmit: AddCommand = (program, surroundings, finish) => {
  command(program).action(async (packages, options, typed) => {
    assertOptionsUsed(typed, options.powerCuts, { seed: anyCut, budget: exploring });
    finish(await run(options, packages, surroundings));
  });
};

async function run(
  options: Options,
  packages: readonly string[],
  { streams, interruption }: Surroundings,
): Promise<number> {
  const { image } = options;
  for (const one of packages)
    if (!packageName.safeParse(one).success)
      throw wrong('<package>', 'the name of a package: letters, digits, . _ + -', one);
  const { name, imagesRoot } = await imagePlace(image);
  const described = await describedImage(imagesRoot, name);
  const machines = described.machines.filter((name) => name === (options.machine ?? name));
  if (machines.length === 0)
    throw new ScenarioError('machine-unknown', `${image} is not for ${options.machine ?? 'any machine'}`);
  assertFeed(image, described, { machines, releases: options.releases });
  await assertHost({ purposes: ['run'], machines }, streams.environment);
  const { environment } = streams;
  const progress = options.json === true ? streams.stderr : streams.stdout;
  const view = viewFor(options, progress, environment);
  using terminal = new Terminal(progress, { view, environment });
  const admitted = await admit({
    packages: [...new Set(packages)],
    image,
    machines,
    releases: options.releases,
    choices: { edits: options.edit, units: options.unit },
    changedByScripts: options.changedByScripts,
    powerCuts: options.powerCuts,
    limits: {
      ...usualLimits,
      retryBoots: 0,
      secondCutBoots: 0,
      reuse: options.fresh !== true,
      budgetMs: options.budget,
    },
    seed: options.seed,
    reports: options.reports,
    jobs: options.jobs,
    events: (event) => {
      notePhase(event);
      terminal.sink(event);
    },
    onNotice: (message) => streams.stderr.write(`${oneLine(message, 500)}\n`),
    signal: interruption.signal,
  });
  await addToJobSummary(dossierText(admitted.admission), streams);
  const exitCode = exitCodeOf(admitted);
  if (options.json === true)
    streams.stdout.write(`${JSON.stringify({ exitCode, ...admitted.admission }, null, 2)}\n`);
  else {
    const colour = coloursFor(streams.stdout, environment);
    const { admission, folder, records } = admitted;
    const where = nearPath(folder);
    const end =
      view === 'plain'
        ? `\n${summaryText(records, { colour })}\n${criteriaText(admission)}${admissionEnd(admission, where, colour.bold).join('\n')}\n`
        : admissionScreen(admission, where, colour.bold);
    streams.stdout.write(asTyped(end, environment));
  }
  return exitCode;
}

/** What the description says is not there is told before the image is built. Throws ScenarioError. */
function assertFeed(
  image: string,
  described: DescribedImage,
  { machines, releases }: { machines: readonly MachineName[]; releases: readonly string[] | undefined },
): void {
  const offers = machines.flatMap((machine) => {
    const known = described.releasesOn(machine);
    const missing = releases?.find((one) => !known.includes(one));
    if (missing !== undefined)
      throw new ScenarioError(
        'unknown-release',
        `--releases: image ${image} has no release ${missing}${didYouMean(missing, known)}; it has ${known.join(', ')}`,
      );
    return known.map((one) => described.offerOn(machine, one));
  });
  if (!offers.some((offer) => offer?.feed !== undefined))
    throw new ScenarioError('unknown-feed', `image ${image} has no package feed: admission is of packages`);
  if (releases?.length === 1)
    throw new ScenarioError('one-release', '--releases: an upgrade needs two releases at least');
}

/** That of the runs; what they did not come to is no pass either. */
function exitCodeOf({ records, admission }: Admitted): number {
  const ofRuns = exitCodeOfRuns(records);
  return ofRuns === exitCodes.passed && admission.verdict !== 'passed' ? exitCodes.harness : ofRuns;
}

/** Each package's criteria in a line. */
function criteriaText({ packages }: Admission): string {
  const lines = packages.flatMap(({ name, criteria }) => [
    `${name}:`,
    ...criteria.map(
      ({ id, machine, verdict, summary }) => `  ${id} on ${machine}: ${verdict}; ${oneLine(summary)}`,
    ),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

function releaseList(text: string): string[] {
  const releases = text.split(',').map((one) => one.trim());
  if (releases.every((one) => releasePattern.test(one)) && new Set(releases).size === releases.length)
    return releases;
  throw wrong('--releases', 'releases with commas between them, each once, such as 4.0.1,4.0.2', text);
}

function edit(text: string, before: Map<string, string>): Map<string, string> {
  const [, path, added] = /^(\/[^=]+)=(.+)$/s.exec(text) ?? [];
  if (path === undefined || added === undefined)
    throw wrong('--edit', 'PATH=TEXT with an absolute path', text);
  return new Map([...before, [path, added.replaceAll('\\n', '\n')]]);
}

function unit(text: string, before: string[] = []): string[] {
  if (/^[\w:.@\\-]{1,200}\.[a-z]+$/.test(text)) return [...before, text];
  throw wrong('--unit', 'the name of a unit, such as avahi-daemon.service', text);
}

function changedPath(text: string, before: string[]): string[] {
  if (filePath('').safeParse(text).success) return [...before, text];
  throw wrong('--changed-by-scripts', 'an absolute path', text);
}

function parseCuts(text: string): PowerCuts {
  const cuts = parsePowerCuts(text);
  if (cuts.mode !== 'naive') return cuts;
  throw wrong('--power-cuts', 'none, all or random:N; a kill of QEMU proves nothing', text);
}

function wrong(option: string, expected: string, found: string): ScenarioError {
  const shown = JSON.stringify(found.slice(0, 60));
  return new ScenarioError('option-invalid', `${option}: expected ${expected}, found ${shown}`);
}
