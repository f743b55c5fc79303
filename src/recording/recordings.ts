import { access, copyFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { sha256, sha256File } from '../core/digest.ts';
import { messageOf } from '../core/errors.ts';
import { isFolder, linkOrCopy, usedNow } from '../core/files.ts';
import { hold } from '../core/holds.ts';
import { makeFolders } from '../core/make-folders.ts';
import { makeNewFolder } from '../core/new-folder.ts';
import { cacheRoot } from '../core/paths.ts';
import type { RunContext } from '../device/run-context.ts';
import type { PathRecord, StepRecord } from '../model/record.ts';
import { variantText } from '../model/recording.ts';
import type { Scenario } from '../model/scenario.ts';
import type { WriteLog } from '../writelog/log.ts';
import { loadLog, storeLog } from '../writelog/stored-log.ts';
import { inputsDigest, inputsOf, type StoredInputs } from './inputs.ts';
import { keptRecordings, readRecording, recordingDamaged, recordingFiles } from './kept-recordings.ts';
import type { PathRun } from './record-path.ts';
import { differences, recordingUnfit, type Wanted } from './recording-unfit.ts';
import { restoreFiles, storeFiles } from './stored-files.ts';
import { storeScenario } from './stored-scenario.ts';

/** Changes when recordings made by an older program must not be taken for new ones. */
const recordingFormat = 9;

/**
 * A recorded path that later runs may use again. No two recordings of the same upgrade are alike (the guest's
 * timing differs), so a failure can only be found twice in the same recording.
 */
export interface Recording extends PathRun {
  /** SHA-256 over the log and its data. */
  sha256: string;
  /** True if it comes from an earlier run with equal inputs. */
  reused: boolean;
  /** Where it is kept for later runs; absent: nowhere. */
  folder?: string;
  /** A digest of all that it depends on: scenario, image, QEMU, accelerator. Absent where nobody is to find it. */
  madeWith?: string;
}

/** Which recording of a path. */
type WhichPath = Pick<PathRecord, 'releases' | 'recording'>;

/** Keeps the recordings of a path, by scenario and machine; equal inputs find them again. */
export class RecordingStore {
  private readonly context: RunContext;
  private readonly qemuVersion: string;
  private readonly root = join(cacheRoot(), 'recordings');

  constructor(context: RunContext, qemuVersion: string) {
    this.context = context;
    this.qemuVersion = qemuVersion;
  }

  /**
   * Writes a recording into a folder of recordings that another host can take, in place of an earlier one of the same;
   * returns its own folder there. Throws HarnessError `folder-unwritable`.
   */
  async export(run: PathRun, to: string): Promise<string> {
    const folder = join(to, this.exportName(run.path));
    return makeNewFolder(folder, async (temporary) => {
      await this.write(run, temporary);
      await rm(folder, { recursive: true, force: true });
      return folder;
    });
  }

  /**
   * The recording of a path in a folder that `export` has filled, maybe on another host. Throws ScenarioError
   * `recording-unfit` where it has none that was made with what is here, and HarnessError `recording-damaged`.
   */
  async take(from: string, wanted: WhichPath, label: string): Promise<Recording> {
    const folder = join(from, this.exportName(wanted));
    try {
      if (await isFolder(folder)) return await this.open(folder, label);
    } catch (error) {
      throw recordingDamaged(folder, error);
    }
    throw await recordingUnfit(from, this.wanted(wanted));
  }

  /**
   * The recording of an earlier run with equal inputs, or undefined; `label` names its data in the workspace, where
   * it stays even if another process replaces the recording. A damaged one is dropped with a notice.
   */
  async find(wanted: WhichPath, label: string): Promise<Recording | undefined> {
    const folder = await this.folderOf(wanted);
    await hold(cacheRoot(), [folder]);
    try {
      const found = await this.open(folder, label);
      await usedNow(folder);
      return found;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      this.context.notice(`dropping the recording in ${folder}: ${messageOf(error)}`);
      await rm(folder, { recursive: true, force: true });
      return undefined;
    }
  }

  /**
   * What a recording was made with that is kept of this path, and that no run of now can use: `provision, image content`. Undefined
   * where there is none that can be read.
   */
  async outdated(which: WhichPath): Promise<string | undefined> {
    const names = await readdir(this.root).catch(() => []);
    const old = names.find((name) => name.startsWith(this.family(which)));
    const stored =
      old === undefined ? undefined : await readRecording(join(this.root, old)).catch(() => undefined);
    return stored && differences(stored, this.wanted(which)).join(', ');
  }

  /** Whether one is kept that a run of now can use. */
  async has(which: WhichPath): Promise<boolean> {
    return isFolder(await this.folderOf(which));
  }

  private wanted({ releases, recording }: WhichPath): Wanted {
    const { scenario, machine, manifest, accelerator } = this.context;
    return {
      machine,
      inputs: inputsOf(scenario, manifest, releases, recording),
      made: { qemu: this.qemuVersion, accelerator: accelerator.accelerator },
    };
  }

  /** That of the scenario's file; else of another file with equal inputs: what tells of a device is not where its scenario lies. */
  private async folderOf(wanted: WhichPath): Promise<string> {
    const own = this.folderName(wanted);
    const all = (await readdir(this.root).catch(() => [])).sort();
    const ending = `-${this.madeWith(wanted)}`;
    return join(this.root, all.includes(own) ? own : (all.find((name) => name.endsWith(ending)) ?? own));
  }

  private async open(folder: string, label: string): Promise<Recording> {
    const { path, sha256: digest, configuration, odd } = await readRecording(folder);
    const arenaPath = join(this.context.workspace, `${label}-recorded.arena`);
    await linkOrCopy(join(folder, recordingFiles.arena), arenaPath);
    const log = await checkedLog(folder, digest);
    await copyDocuments(path, folder, this.context.folder);
    return {
      path,
      label,
      sha256: digest,
      configuration: restoreFiles(configuration),
      odd,
      log,
      arenaPath,
      reused: true,
      folder,
      madeWith: this.madeWith(path),
    };
  }

  /**
   * Keeps a path on which every step passed, in place of any earlier recording of the same path. Where the host
   * cannot, the run goes on with what it has.
   */
  async keep(run: PathRun): Promise<Recording> {
    try {
      return await this.store(run);
    } catch (error) {
      this.context.notice(`the recording is not kept for later runs: ${messageOf(error)}`);
      return { ...(await unkept(run)), madeWith: this.madeWith(run.path) };
    }
  }

  private async store(run: PathRun): Promise<Recording> {
    const name = this.folderName(run.path);
    await makeFolders(this.root);
    await hold(cacheRoot(), [join(this.root, name)]);
    const temporary = await mkdtemp(join(this.context.workspace, 'recording-'));
    const digest = await this.write(run, temporary);
    for (const old of await readdir(this.root))
      if (old.startsWith(this.family(run.path)))
        await rm(join(this.root, old), { recursive: true, force: true });
    try {
      await rename(temporary, join(this.root, name));
    } catch (error) {
      // Another process has just kept a recording of the same; this run goes on with its own.
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
    const folder = join(this.root, name);
    return { ...run, sha256: digest, reused: false, folder, madeWith: this.madeWith(run.path) };
  }

  /** Fills a folder with all that a recording is; returns its digest. */
  private async write(run: PathRun, folder: string): Promise<string> {
    const { scenario, manifest, accelerator } = this.context;
    const { source } = scenario;
    const text = storeLog(run.log);
    const digest = await recordingDigest(text, run.arenaPath);
    const stored = {
      scenario: storeScenario({ ...scenario, source: { ...source, path: resolve(source.path) } }),
      inputs: inputsOf(scenario, manifest, run.path.releases, run.path.recording),
      made: { qemu: this.qemuVersion, accelerator: accelerator.accelerator },
      path: { ...run.path, steps: run.path.steps.map(withoutConsole) },
      sha256: digest,
      configuration: storeFiles(run.configuration),
      odd: run.odd,
    };
    await linkOrCopy(run.arenaPath, join(folder, recordingFiles.arena));
    await copyDocuments(run.path, this.context.folder, folder);
    await writeFile(join(folder, recordingFiles.log), text);
    await writeFile(join(folder, recordingFiles.about), JSON.stringify(stored));
    return digest;
  }

  /** Scenario file, machine, accelerator, path and which recording of it: what a new recording replaces an old one of. */
  private family(which: WhichPath): string {
    return this.nameBefore(which, [resolve(this.context.scenario.source.path)]);
  }

  private nameBefore({ releases, recording }: WhichPath, scenario: readonly string[]): string {
    const { machine, accelerator } = this.context;
    const which = recording === undefined ? [] : [variantText(recording)];
    const whose = [...scenario, machine, accelerator.accelerator, ...releases, ...which];
    return `${sha256(whose.join('\n')).slice(0, 16)}-`;
  }

  /** As in a folder for other hosts, where a scenario's file lies elsewhere. */
  private exportName(which: WhichPath): string {
    return `${this.nameBefore(which, [])}${this.madeWith(which)}`;
  }

  /** The family and everything that the recording depends on. */
  private folderName(which: WhichPath): string {
    return `${this.family(which)}${this.madeWith(which)}`;
  }

  private madeWith(which: WhichPath): string {
    const { scenario, manifest, accelerator } = this.context;
    const inputs = JSON.stringify([
      recordingFormat,
      this.qemuVersion,
      accelerator.accelerator,
      inputsDigest(inputsOf(scenario, manifest, which.releases, which.recording)),
    ]);
    return sha256(inputs).slice(0, 16);
  }
}

/** A path that is not kept: its arena stays in the run's workspace. */
export async function unkept(run: PathRun): Promise<Recording> {
  return { ...run, sha256: await recordingDigest(storeLog(run.log), run.arenaPath), reused: false };
}

/** A recording in the cache, with all that its states are decided by. */
export interface WholeRecording extends Omit<PathRun, 'path' | 'label'> {
  scenario: Scenario;
  inputs: StoredInputs;
  releases: string[];
  sha256: string;
  /** The version of QEMU that it was made with; absent: nobody knows. */
  qemu: string | undefined;
}

/**
 * The recording whose digest begins like this, if it is still in the cache. Its data may go at any time, when another
 * run records the same upgrade again. Throws HarnessError `recording-damaged`.
 */
export async function findRecording(digest: string): Promise<WholeRecording | undefined> {
  const kept = (await keptRecordings(cacheRoot())).find((one) => one.sha256.startsWith(digest));
  if (kept === undefined) return undefined;
  const { folder, sha256: whole, releases } = kept;
  await hold(cacheRoot(), [folder]);
  try {
    const { scenario, inputs, made, configuration, odd } = await readRecording(folder);
    return {
      scenario,
      inputs,
      releases,
      sha256: whole,
      qemu: made?.qemu,
      log: await checkedLog(folder, whole),
      arenaPath: join(folder, recordingFiles.arena),
      configuration: restoreFiles(configuration),
      odd,
    };
  } catch (error) {
    throw recordingDamaged(folder, error);
  }
}

/** Throws Error where a recording is not what it was when it was kept, or cannot be read by this program. */
export async function assertWhole(folder: string): Promise<void> {
  const { sha256: digest, path } = await readRecording(folder);
  await checkedLog(folder, digest);
  for (const file of path.software?.flatMap(({ documents }) => documents) ?? [])
    await access(join(folder, file));
}

/** The log of a recording's folder. Throws Error where it, or its data, is not what it was. */
async function checkedLog(folder: string, digest: string): Promise<WriteLog> {
  const text = await readFile(join(folder, recordingFiles.log), 'utf8');
  if ((await recordingDigest(text, join(folder, recordingFiles.arena))) !== digest)
    throw new Error('its content does not match its digest');
  return loadLog(text);
}

/** SHA-256 over a log, as stored, and its data. */
export async function recordingDigest(log: string, arenaPath: string): Promise<string> {
  return sha256(`${sha256(log)} ${await sha256File(arenaPath)}`);
}

/** SPDX documents of a path, which its record names by paths below a run's folder. */
export async function copyDocuments(
  { software = [] }: Pick<PathRecord, 'software'>,
  from: string,
  to: string,
): Promise<void> {
  for (const file of software.flatMap(({ documents }) => documents)) {
    await makeFolders(dirname(join(to, file)));
    await copyFile(join(from, file), join(to, file));
  }
}

/** Console logs stay with the run that wrote them. */
function withoutConsole({ id, name, verdict, seconds, note }: StepRecord): StepRecord {
  return { id, name, verdict, seconds, ...(note === undefined ? {} : { note }) };
}
