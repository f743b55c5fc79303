import type { RunRecord } from '../model/record.ts';
import { scenarioSlug } from '../model/scenario.ts';
import { knownText } from './known-text.ts';
import { reasonOf, type TestCase, testCases, wholeRun } from './test-cases.ts';
import { plainText } from './text.ts';

/**
 * `testresults.json` as OpenEmbedded's resulttool reads it (report, regression, merge, junit; scripts/lib/resulttool of
 * openembedded-core). It knows five types of test and joins texts of the configuration to a path, so that each of those
 * must be there: these runs are of type `runtime`, as testimage's are. What is no pass must have a log for its `junit`.
 * Its `store` asks for the revision of openembedded-core, too, which a record does not say.
 */
export function testResults(records: readonly RunRecord[]): string {
  const results = Object.fromEntries(records.map((record) => [resultId(record), resultOf(record)]));
  return `${JSON.stringify(results, null, 2)}\n`;
}

/**
 * Type and image, as testimage's begin, and the run's id, which has the rest: time, scenario and machine. resulttool takes
 * one of two with the same for the other, and workers may begin within one second.
 */
function resultId(record: RunRecord): string {
  const { id, shard } = record;
  const part = shard === undefined ? '' : `_part-${shard.index}-of-${shard.count}`;
  return `runtime_${imageName(record)}_${fileName(id)}${part}`;
}

/**
 * The run is a result as well: resulttool compares only what the older run has, and would else call it a match where that
 * one lacks the cases that failed, because it cut no power, or found no such states.
 */
function resultOf(record: RunRecord): object {
  const cases = [...testCases(record), wholeRun(record)];
  return {
    configuration: {
      TEST_TYPE: 'runtime',
      /** Runs of one scenario are compared with each other. */
      TESTSERIES: scenarioSlug(record.scenarioFile),
      MACHINE: record.machine,
      IMAGE_BASENAME: imageName(record),
      /** A record does not say these; `nodistro` is OpenEmbedded's word for a build without one. */
      IMAGE_PKGTYPE: 'none',
      DISTRO: 'nodistro',
      STARTTIME: startTime(record),
      LAYERS: {},
    },
    result: Object.fromEntries(cases.map((one) => [caseName(one), caseResult(one)])),
  };
}

/** No name begins as those of package tests, which resulttool takes apart. */
function caseName({ classname, name }: TestCase): string {
  return `brownout.${classname}.${name}`;
}

function caseResult(one: TestCase): object {
  const { seconds, verdict, known, details, output } = one;
  const isPassed = verdict === 'passed';
  const lines = [
    ...(known === undefined ? [] : [knownText(known)]),
    ...(details.length === 0 && !isPassed ? [reasonOf(one)] : details),
    ...(isPassed ? [] : output),
  ];
  return {
    status: statuses[verdict],
    duration: Math.max(0, Math.round(seconds * 1000) / 1000),
    ...(lines.length === 0 ? {} : { log: plainText(lines.join('\n')) }),
  };
}

/** What is known is no pass, and what nobody has decided fails nobody but the harness. */
const statuses: Record<TestCase['verdict'], 'PASSED' | 'FAILED' | 'ERROR' | 'SKIPPED'> = {
  passed: 'PASSED',
  failed: 'FAILED',
  error: 'ERROR',
  unknown: 'ERROR',
  skipped: 'SKIPPED',
  known: 'SKIPPED',
};

function imageName({ inputs }: RunRecord): string {
  const name = inputs.image.split('/').findLast((part) => part !== '' && part !== '.' && part !== '..');
  return fileName(name ?? 'image');
}

function fileName(text: string): string {
  return text.replaceAll(/[^\w.+-]/g, '-');
}

/** `20261121034500` */
function startTime({ started }: RunRecord): string {
  return started.replaceAll(/\D/g, '').slice(0, 14);
}
