import type { Shell } from '../core/ask.ts';
import { quote } from '../core/quote.ts';
import type { RunContext } from '../device/run-context.ts';
import { readBootEnvironment, withValues } from '../filesystem/boot-environment.ts';
import type { ImagePlaces } from '../model/image.ts';
import type { Action, Place } from './conformance-case.ts';
import { environmentBytes } from './kept.ts';
import { doOn, slotsOf } from './slots.ts';

const sectorBytes = 512;
const filler = 'brownout-filler';
const mountPoint = '/run/brownout-slot';

/** What is spoilt, and where. */
type Spoiling = Pick<RunContext, 'manifest' | 'signal'> & {
  agent: Pick<RunContext['agent'], 'downloads'>;
};

/** The folder of a place on this device; undefined where neither the image nor the agent names it. */
export function folderOf(
  { manifest: { places = {} }, agent }: Pick<Spoiling, 'agent'> & { manifest: { places?: ImagePlaces } },
  place: Place,
): string | undefined {
  return place === 'downloads' ? agent.downloads : places[place];
}

/** Spoils a device as a case wants it, by commands of its own. Throws HarnessError `case-unprepared` where it cannot be. */
export async function spoil(
  context: Spoiling,
  device: Shell,
  action: Extract<Action, { do: 'overwrite slot' | 'mount slot' | 'lose environment' | 'fill' | 'free' }>,
): Promise<void> {
  if (action.do === 'lose environment' && action.leaves === 'nonsense') await writeNonsense(context, device);
  else for (const command of await commandsFor(context, device, action)) await doOn(context, device, command);
}

async function commandsFor(
  context: Spoiling,
  device: Shell,
  action: Parameters<typeof spoil>[2],
): Promise<string[]> {
  switch (action.do) {
    case 'overwrite slot': {
      const { running, other } = await slotsOf(context, device);
      return action.with === 'zeroes'
        ? [`cat /dev/zero >${quote(other)} 2>/dev/null; sync`]
        : [`cat ${quote(running)} >${quote(other)} && sync`];
    }
    case 'mount slot': {
      const { other } = await slotsOf(context, device);
      return [`mkdir -p ${mountPoint} && mount ${quote(other)} ${mountPoint}`];
    }
    case 'lose environment':
      return (context.manifest.places?.environment ?? []).map((one) =>
        losing(one, action.leaves === 'zeroes' ? 'zeroes' : 'nothing'),
      );
    case 'fill':
    case 'free': {
      const path = quote(`${folderOf(context, action.place) ?? ''}/${filler}`);
      // It ends where there is no room left.
      return [action.do === 'fill' ? `cat /dev/zero >${path} 2>/dev/null; sync` : `rm ${path} && sync`];
    }
  }
}

/**
 * Gives the variables that choose a slot values that no boot loader knows, with a checksum that fits: of what is in the
 * environment, those that name a slot or are a number.
 */
async function writeNonsense(context: Spoiling, device: Shell): Promise<void> {
  const names = context.manifest.slots.map(({ name }) => name);
  for (const place of context.manifest.places?.environment ?? []) {
    const bytes = await environmentBytes(context, device, place);
    const { variables = new Map<string, string>() } = readBootEnvironment(bytes) ?? {};
    const chosen = [...variables].filter(
      ([, value]) =>
        /^\d+$/.test(value) || (value !== '' && value.split(' ').every((one) => names.includes(one))),
    );
    if (chosen.length === 0) continue;
    const nonsense = new Map(chosen.map(([name, value]) => [name, '?'.repeat(value.length)]));
    const at =
      place.bytes === undefined ? '' : ` bs=${sectorBytes} seek=${(place.offset ?? 0) / sectorBytes}`;
    const into = `base64 -d | dd of=${quote(place.path)}${at} conv=notrunc 2>/dev/null && sync`;
    await doOn(context, device, into, withValues(bytes, nonsense).toString('base64'));
  }
}

/** A part of a disk cannot be empty: there are zeroes in its place in any case. */
function losing(
  { path, offset = 0, bytes }: NonNullable<ImagePlaces['environment']>[number],
  leaves: 'nothing' | 'zeroes',
): string {
  const file = quote(path);
  if (bytes !== undefined)
    return `dd if=/dev/zero of=${file} bs=${sectorBytes} seek=${offset / sectorBytes} count=${bytes / sectorBytes} conv=notrunc && sync`;
  return leaves === 'nothing'
    ? `: >${file} && sync`
    : `bytes=$(wc -c <${file}) && head -c $bytes /dev/zero >${file} && sync`;
}
