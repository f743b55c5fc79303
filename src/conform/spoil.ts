import { ask, type Shell } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { HarnessError } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import type { RunContext } from '../device/run-context.ts';
import type { ImagePlaces } from '../model/image.ts';
import type { Action, Place } from './conformance-case.ts';

/** Milliseconds for one of these commands; a whole slot may have to be written. */
const limitMs = 300_000;
const sectorBytes = 512;
const filler = 'brownout-filler';

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
  action: Extract<Action, { do: 'overwrite slot' | 'lose environment' | 'fill' | 'free' }>,
): Promise<void> {
  for (const command of await commandsFor(context, device, action)) await run(context, device, command);
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
    case 'lose environment':
      return (context.manifest.places?.environment ?? []).map((one) => losing(one, action.leaves));
    case 'fill':
    case 'free': {
      const path = quote(`${folderOf(context, action.place) ?? ''}/${filler}`);
      // It ends where there is no room left.
      return [action.do === 'fill' ? `cat /dev/zero >${path} 2>/dev/null; sync` : `rm ${path} && sync`];
    }
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

/** The slot that runs and the one that does not, as the device's kernel calls them. */
async function slotsOf(context: Spoiling, device: Shell): Promise<{ running: string; other: string }> {
  const line = await run(context, device, 'cat /proc/cmdline');
  const root = /(?:^|\s)root=(\S+)/.exec(line)?.[1];
  const roots = context.manifest.slots.map((slot) => slot.root);
  const [running, other] = [roots.find((one) => one === root), roots.find((one) => one !== root)];
  if (running !== undefined && other !== undefined) return { running, other };
  throw unprepared(`it runs from ${root?.slice(0, 80) ?? 'an unknown root'}, which is none of its slots`);
}

async function run({ signal }: Spoiling, device: Shell, command: string): Promise<string> {
  const limits = { deadline: Deadline.after(limitMs), signal };
  const { stdout } = await ask(device, command, limits, {
    failed: ({ exitCode, stderr }) => unprepared(`${command}: ${exitCode} ${stderr.slice(-200)}`.trim()),
    late: () => unprepared(`${command} did not end within ${limitMs / 1000} s`),
  });
  return stdout;
}

function unprepared(why: string): HarnessError {
  return new HarnessError('case-unprepared', `the device could not be spoilt as the case wants it: ${why}`);
}
