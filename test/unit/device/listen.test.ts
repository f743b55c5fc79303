import { expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { Checklist } from '../../../src/device/checklist.ts';
import { listen } from '../../../src/device/listen.ts';
import { ConsoleReader } from '../../../src/guest/console-messages.ts';
import type { Moment } from '../../../src/model/steps.ts';
import { parseScenario } from '../../../src/scenario/load.ts';

/** What the kernel says on a device whose console has shown these lines. */
async function heard(
  agent: string,
  when: Moment,
  lines: readonly string[],
  mounted?: () => Promise<ReadonlySet<string>>,
) {
  const scenario = parseScenario(
    `name: n\nmachines: [qemuarm64]\nimage: rauc-ab\nagent: ${agent}\nreleases: ["1.0", "2.0"]\n`,
    's.yaml',
  );
  const reader = new ConsoleReader();
  const findings = lines.flatMap((line) => reader.read(line) ?? []).map((one) => ({ ...one, gaveUp: false }));
  expect(findings).toHaveLength(lines.length);
  const device = { hearConsole: () => Promise.resolve({ findings, texts: [] }) };
  const checklist = new Checklist({
    folder: '/r',
    device: { consolePath: () => undefined, starved: () => undefined },
  });
  const context = { scenario, agent: agentFor(scenario.agent) };
  const sound = await listen(context, device, checklist, { when, ...(mounted && { mounted }) });
  return { sound, steps: checklist.steps, notes: checklist.notes };
}

const upgrade = '1.0->2.0';
const faulty = { moment: 'faulty', upgrade, fault: 'wrong byte' } as const;
/** As a streamed bundle of RAUC's fails under Linux 6.1. */
const ofBundle = [
  '[   18.305012] device-mapper: verity: 43:0: data block 3841 is corrupted',
  '[   26.950699] I/O error, dev nbd0, sector 30664 op 0x0:(READ) flags 0x800 phys_seg 18 prio class 2',
  '[   26.950712] SQUASHFS error: Failed to read block 0x1e00000: -5',
];

it.each(ofBundle)('a bundle that a faulty server sent is not the device: %s', async (line) => {
  const { sound, steps, notes } = await heard('rauc', faulty, [line]);
  expect({ sound, steps }).toEqual({ sound: true, steps: [] });
  expect(notes).toEqual([`1.0->2.0 wrong byte: ${line}`]);
});

it.each([
  ['from a server that works', 'rauc', { moment: 'upgrade', upgrade } as const, ofBundle[1]],
  ['once the server works again', 'rauc', { ...faulty, moment: 'repaired' } as const, ofBundle[0]],
  ["the device's own disk", 'rauc', faulty, '[   18.305012] I/O error, dev vda, sector 30664 op 0x0:(READ)'],
  [
    "verity of the device's own",
    'rauc',
    faulty,
    '[    1.000000] device-mapper: verity: 254:3: data block 1 is corrupted',
  ],
  ['where the bundle is a file', '{ name: rauc, bundle: plain }', faulty, ofBundle[0]],
])('%s counts', async (_, agent, when, line = '') => {
  const { sound, steps } = await heard(agent, when, [line]);
  expect(sound).toBe(false);
  expect(steps).toMatchObject([{ verdict: 'failed', problem: { code: 'file-system-error' } }]);
});

/** As Linux 6.12 says it of a commit that a cut tore; then the device's own e2fsck runs. */
const tornCommit = [
  '[    1.996581] JBD2: journal transaction 31 on vda4-8 is corrupt.',
  '[    1.997586] EXT4-fs (vda4): error loading journal',
];
const afterCut = { moment: 'after-cut' } as const;

it('a journal whose last commit was torn is no fault of a device that has repaired and mounted it', async () => {
  const mounted = () => Promise.resolve(new Set(['features', 'vda4']));
  const { sound, notes } = await heard('rauc', afterCut, tornCommit, mounted);
  expect(sound).toBe(true);
  expect(notes).toEqual(tornCommit);
});

it.each([
  ['has not mounted it since', () => Promise.resolve(new Set(['features', 'vda2']))],
  ['was not cut', undefined],
])('a journal that cannot be loaded counts where the device %s', async (_, mounted) => {
  const { sound, steps } = await heard('rauc', afterCut, tornCommit, mounted);
  expect(sound).toBe(false);
  expect(steps).toMatchObject([{ verdict: 'failed', problem: { code: 'file-system-error' } }]);
});

it('asks which file systems are mounted only where one was not', async () => {
  const mounted = () => Promise.reject(new Error('was asked'));
  const lines = ['[    3.000000] EXT4-fs error (device vda4): ext4_lookup:1: deleted inode referenced'];
  expect((await heard('rauc', afterCut, lines, mounted)).sound).toBe(false);
});
