import { join, relative } from 'node:path';
import type { Admission, PackageAdmission, RanScenario } from '../admission/admission.ts';
import { judge, verdictOfAll } from '../admission/criteria.ts';
import { dossierText } from '../admission/dossier.ts';
import { dossierPage } from '../admission/dossier-page.ts';
import { type PackagePlan, type PlanChoices, planPackage } from '../admission/plan.ts';
import { limits, toBeStated } from '../admission/proposal.ts';
import { scenarioText } from '../admission/scenario-text.ts';
import { HarnessError, messageOf } from '../core/errors.ts';
import { writeFileAtomically } from '../core/files.ts';
import { makeFolders } from '../core/make-folders.ts';
import { version } from '../core/version.ts';
import type { EventSink } from '../model/event.ts';
import type { MachineName } from '../model/machine.ts';
import { type RunRecord, worst } from '../model/record.ts';
import type { Scenario } from '../model/scenario.ts';
import { loadScenario } from '../scenario/load.ts';
import { type CandidateOptions, candidatesOf } from './candidates.ts';
import { admissionFile } from './report-files.ts';
import { openReportFolder, timeId } from './report-folder.ts';
import { qemuHost } from './run-host.ts';
import { powerCutsText } from './run-record.ts';
import { type RunOptions, runScenarios } from './run-scenarios.ts';
import { tryPageText } from './try-page.ts';

/** What `brownout admit` was asked for. */
export interface AdmitOptions
  extends Omit<CandidateOptions, 'onNotice'>,
    Pick<RunOptions, 'powerCuts' | 'limits' | 'seed' | 'reports' | 'jobs' | 'events' | 'host'> {
  choices: PlanChoices;
  /** Paths of packages that their scripts are meant to change. */
  changedByScripts?: readonly string[];
  onNotice: (message: string) => void;
}

/** What came of it. */
export interface Admitted {
  /** Where admission.json and admission.md are. */
  folder: string;
  admission: Admission;
  records: RunRecord[];
}

interface Written {
  plan: PackagePlan;
  file: string;
  scenario: Scenario;
}

/**
 * Gathers the evidence for admitting packages to a binary distribution: finds out what they are, writes a scenario for
 * each that takes it through all that is asked, runs it, and judges what the runs say. Throws ScenarioError where
 * packages, releases or image are not there, before anything is run.
 */
export async function admit(options: AdmitOptions): Promise<Admitted> {
  const { agent, image, releases, candidates } = await candidatesOf(options);
  const { machines } = options;
  const plans = candidates.map(({ name, reads }) =>
    planPackage(name, reads, { machines, asked: releases }, options.choices),
  );
  const created = new Date();
  const id = `${timeId(created)}-admit-${options.packages.join('-').slice(0, 60)}`;
  const folder = await openReportFolder(options.reports, id);
  const written: Written[] = [];
  for (const plan of plans) {
    if (plan.paths.length === 0) continue;
    const file = `scenarios/${plan.name}.yaml`;
    const { changedByScripts = [] } = options;
    const promise = agent.packages?.promise;
    const frame = { image, agent: agent.name, promise, machines, releases, changedByScripts };
    await write(join(folder, file), scenarioText(plan, frame, file));
    written.push({ plan, file, scenario: await loadScenario(join(folder, file)) });
  }
  const ran = await runAll(options, written, folder);
  const powerCuts = powerCutsText(options.powerCuts);
  const packages = plans.map((plan): PackageAdmission => {
    const own = written.find((one) => one.plan === plan);
    return admissionOf(plan, own, {
      machines,
      powerCuts,
      ran: ran.filter(({ record }) => record.scenarioFile === own?.scenario.source.path),
    });
  });
  const admission: Admission = {
    format: 1,
    id,
    brownout: version(),
    created: created.toISOString(),
    verdict: worst(packages.map(({ verdict }) => verdict)),
    image,
    agent: agent.name,
    machines: [...machines],
    releases: [...releases],
    powerCuts,
    packages,
    toBeStated: [...toBeStated],
    limits: [...limits],
  };
  await write(join(folder, admissionFile), `${JSON.stringify(admission, null, 2)}\n`);
  await write(join(folder, 'admission.md'), dossierText(admission));
  const notice = (message: string) => options.events({ type: 'notice', run: id, message });
  await tryPageText(options.host ?? qemuHost, notice, {
    folder,
    text: (parts) => dossierPage(admission, parts),
  });
  return { folder, admission, records: ran.map(({ record }) => record) };
}

/** Runs the scenarios; the reports lie below the dossier's folder. */
async function runAll(
  options: AdmitOptions,
  written: readonly Written[],
  folder: string,
): Promise<RanScenario[]> {
  const folders = new Map<string, string>();
  const events: EventSink = (event) => {
    if (event.type === 'run-started') folders.set(event.run, relative(folder, event.folder));
    options.events(event);
  };
  const { powerCuts, limits, seed, jobs, signal, host } = options;
  const records = await runScenarios({
    scenarios: written.map(({ scenario }) => scenario),
    machine: undefined,
    powerCuts,
    limits,
    seed,
    reports: join(folder, 'runs'),
    jobs,
    sshPort: undefined,
    recordings: { keepPaths: true, fresh: !limits.reuse },
    events,
    signal,
    ...(host === undefined ? {} : { host }),
  });
  return records.map((record) => ({ folder: folders.get(record.id) ?? '', record }));
}

function admissionOf(
  plan: PackagePlan,
  written: Written | undefined,
  {
    machines,
    powerCuts,
    ran,
  }: { machines: readonly MachineName[]; powerCuts: string; ran: readonly RanScenario[] },
): PackageAdmission {
  const { builds, ...planned } = plan;
  const scenarioFile = written?.file ?? '';
  const criteria = machines.flatMap((machine) =>
    judge(plan, {
      machine,
      powerCuts,
      scenarioFile,
      ran: ran.find(({ record }) => record.machine === machine),
    }),
  );
  // A run may fail by what is no criterion's, such as a device that does not start.
  const verdict = worst([
    verdictOfAll(criteria.map((one) => one.verdict)),
    ...ran.map(({ record }) => record.verdict),
  ]);
  return {
    ...planned,
    builds: [...builds],
    verdict,
    scenario: { file: scenarioFile, sha256: written?.scenario.source.sha256 ?? '' },
    criteria,
    runs: ran.map(({ folder, record }) => {
      const { id, machine, verdict, seconds, started, host, inputs, paths } = record;
      const earlier = paths.flatMap(({ releases, taken }) =>
        taken === undefined ? [] : [{ path: releases, taken }],
      );
      return {
        ...{ folder, id, machine, verdict, seconds, started, host, inputs },
        ...(earlier.length === 0 ? {} : { earlier }),
      };
    }),
  };
}

async function write(path: string, text: string): Promise<void> {
  try {
    await makeFolders(join(path, '..'));
    await writeFileAtomically(path, text);
  } catch (error) {
    throw new HarnessError('reports-unwritable', `cannot write ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
