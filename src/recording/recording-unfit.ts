import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, ScenarioError } from '../core/errors.ts';
import { variantText } from '../model/recording.ts';
import { differingInputs, type Inputs } from './inputs.ts';
import { readRecording, type StoredRecording } from './kept-recordings.ts';

/** What a recording must have been made with. */
export interface Wanted {
  machine: string;
  inputs: Inputs;
  made: { qemu: string; accelerator: string };
}

/** Says why none of the recordings in a folder is of what is wanted, or in what those differ that are of the same path. */
export async function recordingUnfit(from: string, wanted: Wanted): Promise<ScenarioError> {
  const name = pathText(wanted.inputs);
  const hint = 'brownout record SCENARIO --output FOLDER makes it anew, with what is here';
  const unfit = (message: string, cause?: unknown) =>
    new ScenarioError('recording-unfit', message, { hint, ...(cause === undefined ? {} : { cause }) });
  let names: string[];
  try {
    names = await readdir(from);
  } catch (error) {
    return unfit(`${from} is no folder of recordings: ${messageOf(error)}`, error);
  }
  const read = await Promise.allSettled(names.map((one) => readRecording(join(from, one))));
  const all = read.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const same = all.filter(({ inputs }) => pathText(inputs) === name);
  const [first] = same;
  if (first === undefined) {
    const others = all.length === 0 ? 'nothing' : all.map(({ inputs }) => pathText(inputs)).join('; ');
    return unfit(`${from} has no recording of ${name}; it has ${others}`);
  }
  return unfit(
    `the recording of ${name} in ${from} was made with other ${differences(first, wanted).join(', ')}`,
  );
}

/** `1.0->1.1 on qemuarm64` */
function pathText({ path, machine, recording }: Pick<Inputs, 'path' | 'machine' | 'recording'>): string {
  const which = recording === undefined ? '' : `, ${variantText(recording)}`;
  return `${path.join('->')} on ${machine}${which}`;
}

/** In what a recording that is kept differs from one that is wanted, as people know it; never empty. */
export function differences({ inputs, made }: StoredRecording, wanted: Wanted): string[] {
  const differing = differingInputs(inputs, wanted.inputs);
  const missing = differingInputs(wanted.inputs, inputs);
  const by = (['qemu', 'accelerator'] as const).filter((one) => made?.[one] !== wanted.made[one]);
  const named = by.map((one) =>
    one === 'qemu'
      ? `QEMU (${made?.qemu ?? 'unknown'}, here ${wanted.made.qemu})`
      : `accelerator (${made?.accelerator ?? 'unknown'}, here ${wanted.made.accelerator})`,
  );
  const all = [...new Set([...differing, ...missing]), ...named];
  return all.length === 0 ? ['format (by another version of this program)'] : all;
}
