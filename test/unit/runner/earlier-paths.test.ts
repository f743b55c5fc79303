import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../../src/core/errors.ts';
import type { Verdict } from '../../../src/model/record.ts';
import { summaryText } from '../../../src/report/summary.ts';
import { type AdmitOptions, type Admitted, admit } from '../../../src/runner/admit.ts';
import { buildPage } from '../../../src/runner/build-page.ts';
import { packageLab, type SameVersions } from '../../support/simulated/package-image.ts';

/** A lab in which a package is admitted again and again, and whether a device was taken along a path for it. */
async function admissionLab(same: SameVersions = {}) {
  const lab = await packageLab({}, same);
  const admitted = async (asked: Partial<AdmitOptions> = {}) => {
    const { events, host, limits, seed, reports, signal } = await lab.options({ limits: { reuse: true } });
    const result = await admit({
      ...{ packages: ['extra'], image: join(lab.folder, 'image'), machines: ['qemuarm64'] },
      ...{ releases: ['1.0', '1.1', '2.0'], choices: { edits: new Map<string, string>(), units: undefined } },
      ...{ powerCuts: { mode: 'none' }, onNotice: () => undefined },
      ...{ events, limits, seed, reports, jobs: 1, signal, ...(host === undefined ? {} : { host }) },
      ...asked,
    });
    return { ...result, wasRecording: result.records.some(({ timings }) => 'record.cpu' in timings) };
  };
  return { lab, admitted };
}

const criteria = ({ admission }: Admitted) =>
  admission.packages.flatMap((one) => one.criteria.map(({ id, verdict, summary }) => [id, verdict, summary]));
const earlier = ({ records }: Admitted) =>
  records.flatMap(({ paths }) =>
    paths.filter(({ taken }) => taken !== undefined).map(({ releases }) => releases),
  );
const paths = ({ admission }: Admitted) => admission.packages.flatMap((one) => one.paths);
const noParts = () => Promise.resolve({ script: '', style: '' });

describe('an admission that is begun again', () => {
  it.each<[Verdict, SameVersions]>([
    ['passed', {}],
    ['failed', { otherFiles: ['extra'] }],
  ])('has the evidence of the paths that were taken: %s', async (verdict, same) => {
    const { admitted } = await admissionLab(same);
    const first = await admitted();
    expect(first.admission.verdict).toBe(verdict);
    expect(first.wasRecording).toBe(true);
    const again = await admitted();
    expect(again.wasRecording).toBe(false);
    expect(criteria(again)).toEqual(criteria(first));
    expect([earlier(first), earlier(again)]).toEqual([[], paths(first)]);

    const day = new Date().toISOString().slice(0, 10);
    expect(summaryText(again.records)).toMatch(new RegExp(`steps passed, by an earlier run, ${day}`));
    const dossier = await readFile(join(again.folder, 'admission.md'), 'utf8');
    expect(dossier).toContain(`was taken by an earlier run, ${day}`);
    const consoles = again.admission.packages.flatMap((one) =>
      one.criteria.flatMap(({ evidence }) => evidence.flatMap(({ console }) => console ?? [])),
    );
    expect(consoles.length).toBeGreaterThan(0);
    for (const console of consoles) expect(await readFile(join(again.folder, console), 'utf8')).not.toBe('');
    expect(await buildPage(again.folder, noParts)).toBe(join(again.folder, 'index.html'));
  });

  it('goes on where it was interrupted', async () => {
    const { admitted, lab } = await admissionLab();
    const stop = new AbortController();
    const begun = new Set<string>();
    const first = await admitted({
      signal: stop.signal,
      events: (event) => {
        lab.events.push(event);
        if (event.type === 'step') begun.add(event.path.join());
        if (begun.size === 2) stop.abort(new HarnessError('interrupted', 'interrupted by a test'));
      },
    });
    expect(first.admission.verdict).toBe('error');
    const again = await admitted();
    expect(again.admission.verdict).toBe('passed');
    expect(earlier(again).length).toBeGreaterThan(0);
    expect(earlier(again).length).toBeLessThan(paths(again).length);
  });

  it('takes every path again with --fresh', async () => {
    const { admitted, lab } = await admissionLab();
    await admitted();
    const { limits } = await lab.options({ limits: { reuse: false } });
    const fresh = await admitted({ limits });
    expect([earlier(fresh), fresh.wasRecording]).toEqual([[], true]);
  });

  it('finds the recordings again whose crash states it has decided', async () => {
    const { admitted } = await admissionLab();
    const asked = { releases: ['1.0', '1.1'], powerCuts: { mode: 'all' } } as const;
    const first = await admitted({ ...asked });
    const again = await admitted({ ...asked });
    expect(first.records[0]?.crash?.recording.reused).toBe(false);
    expect(again.records[0]?.crash?.recording).toMatchObject({
      reused: true,
      sha256: first.records[0]?.crash?.recording.sha256,
    });
    const made = again.records[0]?.crash?.cuts.filter(
      ({ kind, booted }) => kind !== 'live' && booted === undefined,
    );
    expect(made).toEqual([]);
    expect(criteria(again).map(([id, verdict]) => [id, verdict])).toEqual(
      criteria(first).map(([id, verdict]) => [id, verdict]),
    );
  });
});

it('is nothing that a run without a cut does: it shows what it was asked to show', async () => {
  const lab = await packageLab();
  await lab.scenario();
  const run = () => lab.run({ powerCuts: { mode: 'none' }, limits: { reuse: true } });
  await run();
  expect((await run()).paths.map(({ taken }) => taken)).toEqual([undefined]);
});
