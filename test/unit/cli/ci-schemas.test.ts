import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { github } from '../../../src/cli/ci/github.ts';
import { gitlab } from '../../../src/cli/ci/gitlab.ts';
import { jenkins } from '../../../src/cli/ci/jenkins.ts';
import { kubernetes } from '../../../src/cli/ci/kubernetes.ts';
import { slurm } from '../../../src/cli/ci/slurm.ts';
import { ciComplaints } from '../../support/ci-schemas.ts';

const pipeline = { scenario: 'scenarios/rauc/ab-upgrade.yaml', machine: 'qemuarm64', shards: 7 };
const folder = join(import.meta.dirname, '../../../scenarios/ci');
const stored = (name: string) => readFile(join(folder, name), 'utf8');

/** What bash, which says more than sh, does not understand of a script. */
function bashComplaints(script: string): string[] {
  const { stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
  return stderr.split('\n').filter((line) => line !== '');
}

/** The scripts of a Jenkinsfile's `sh` steps: Jenkins publishes no schema, and only a Jenkins reads the rest. */
function shSteps(jenkinsfile: string): string[] {
  return [...jenkinsfile.matchAll(/\bsh (?:'''(.*?)'''|(["'])(.*?)\2)/gs)].map(
    ([, long, , short]) => long ?? short ?? '',
  );
}

/** A file, what is generated for its service, what is wrong with such a text, and how one is spoilt. */
const services = [
  ['gitlab-ci.yml', gitlab, ciComplaints.gitlab, ['parallel: ', 'parallel: some-']],
  ['github-workflow.yml', github, ciComplaints.github, ['needs: record', 'needs: recording']],
  ['kubernetes.yml', kubernetes, ciComplaints.kubernetes, ['completionMode: ', 'completionsMode: ']],
  ['slurm.sh', slurm, bashComplaints, ['\nEND\n)', '\nEND\n']],
  [
    'Jenkinsfile',
    jenkins,
    (text: string) => shSteps(text).flatMap(bashComplaints),
    ['npm ci &&', 'npm ci && &&'],
  ],
] as const;

describe('a pipeline, by what its service has published,', () => {
  it('is tried for every file that lies with the scenarios', async () => {
    expect(services.map(([name]) => name).sort()).toEqual((await readdir(folder)).sort());
  });

  it.each(services)(
    'has nothing wrong in %s and in what is generated',
    async (name, generate, complaints) => {
      expect(await complaints(await stored(name))).toEqual([]);
      expect(await complaints(generate(pipeline))).toEqual([]);
      expect(await complaints(generate({ ...pipeline, shards: 1, machine: undefined }))).toEqual([]);
    },
  );

  it.each(services)('is complained of where %s is spoilt', async (name, _, complaints, [whole, spoilt]) => {
    const text = await stored(name);
    expect(text).toContain(whole);
    expect(await complaints(text.replace(whole, spoilt))).not.toEqual([]);
  });

  it('of Jenkins has all its shell steps looked at', async () => {
    expect(shSteps(await stored('Jenkinsfile'))).toHaveLength(6);
  });
});
