import { basename, dirname, join, resolve } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { describedImage } from '../image/described.ts';
import { type PrebuiltImage, readDescription } from '../image/description.ts';
import { givenPackages } from '../image/feed-image.ts';
import { imageNames, ownImages, unknownImage } from '../image/own-images.ts';
import { unreadableText } from '../image/prebuilt-files.ts';
import { type MachineName, machineNames } from '../model/machine.ts';

/** The images meant by a command's operands: those named, or all of them. Throws ScenarioError `image-unknown`. */
export async function chosenImages(names: readonly string[], all: boolean): Promise<string[]> {
  const known = await imageNames();
  if (names.length === 0) {
    if (all) return known;
    throw new ScenarioError('image-unnamed', `name an image: ${known.join(', ')}`, { hint: 'or give --all' });
  }
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new ScenarioError('image-unknown', unknownImage(name, known));
  }
  return [...new Set(names)];
}

/** Where an image's description is: a folder below `imagesRoot`. */
export interface ImagePlace {
  name: string;
  imagesRoot: string;
}

/** The images meant by operands that may also be folders, `./gateway`, as a scenario's `image` may. */
export async function imagePlaces(operands: readonly string[], all: boolean): Promise<ImagePlace[]> {
  const named = operands.filter((operand) => !operand.includes('/'));
  const names = named.length === 0 && operands.length > 0 ? [] : await chosenImages(named, all);
  const folders = [
    ...new Set(operands.filter((operand) => operand.includes('/')).map((path) => resolve(path))),
  ];
  return [
    ...names.map((name) => ({ name, imagesRoot: ownImages })),
    ...folders.map((folder) => ({ name: basename(folder), imagesRoot: dirname(folder) })),
  ];
}

/** The image that one operand or option means. Throws ScenarioError `image-unknown`. */
export async function imagePlace(operand: string): Promise<ImagePlace> {
  const [place] = await imagePlaces([operand], false);
  if (place !== undefined) return place;
  throw new ScenarioError('image-unnamed', 'name an image');
}

/** Why an image cannot be built here: packages or files that it is made of come from elsewhere. Undefined where it can. */
export async function lackOf({ name, imagesRoot }: ImagePlace): Promise<string | undefined> {
  const description = await readDescription(imagesRoot, name);
  if ('prebuilt' in description) return absentFiles(join(imagesRoot, name), description);
  if (!('feed' in description)) return undefined;
  try {
    givenPackages(description, join(imagesRoot, name));
    return undefined;
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return [error.message, error.hint].join('; ');
  }
}

async function absentFiles(folder: string, description: PrebuiltImage): Promise<string | undefined> {
  const texts = await Promise.all(
    machineNames.map((machine) => unreadableText({ folder, description, machine })),
  );
  const lines = [...new Set(texts.flatMap((text) => text?.split('\n') ?? []))];
  const [first] = lines;
  return lines.length > 1 ? `${first}; and ${lines.length - 1} more` : first;
}

/** The machines that an image is described for. */
export async function imageMachines(name: string, root = ownImages): Promise<MachineName[]> {
  return (await describedImage(root, name)).machines;
}

/** The machine that is wanted, or the only one. Throws ScenarioError `machine-unnamed`. */
export function theMachine(
  image: string,
  machines: readonly MachineName[],
  wanted: MachineName | undefined,
): MachineName {
  const [only] = machines;
  if (wanted !== undefined && !machines.includes(wanted))
    throw new ScenarioError(
      'machine-unknown',
      `image ${image} is not for ${wanted}, only for ${machines.join(', ')}`,
    );
  const chosen = wanted ?? (machines.length === 1 ? only : undefined);
  if (chosen !== undefined) return chosen;
  throw new ScenarioError(
    'machine-unnamed',
    `image ${image} is made for ${machines.join(' and ') || 'no machine'}`,
    {
      hint: 'choose with --machine',
    },
  );
}
