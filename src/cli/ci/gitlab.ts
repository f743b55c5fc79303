import { type Pipeline, stepsOf } from './pipeline.ts';

/** `.gitlab-ci.yml`, also as a child pipeline: docs.gitlab.com/ci/yaml. */
export function gitlab(pipeline: Pipeline): string {
  const { record, decide, merge } = stepsOf(pipeline, {
    brownout: 'npx brownout',
    recordings: 'recordings',
    shard: 'auto',
  });
  return `# The crash states of one recorded upgrade, decided by ${pipeline.shards} jobs. Use it as it is, or as a child pipeline:
# brownout: { trigger: { include: FILE, strategy: depend } }
stages: [record, decide, merge]

default:
  image: node:20-bookworm
  before_script:
    - npm ci
    - npx brownout setup
  # Images, packages and recordings: what can be made again, and takes long.
  cache:
    key: brownout
    paths: [.brownout-cache/]

variables:
  BROWNOUT_CACHE: $CI_PROJECT_DIR/.brownout-cache

brownout-record:
  stage: record
  script:
    - ${record}
  artifacts:
    paths: [recordings/]

brownout-decide:
  stage: decide
  parallel: ${pipeline.shards}
  script:
    - ${decide}
  # A device that broke a promise is told of by the job that merges.
  allow_failure:
    exit_codes: 1
  artifacts:
    when: always
    paths: [reports/]

brownout-merge:
  stage: merge
  # Also where a worker died: what it left is decided here.
  when: always
  script:
    - ${merge}
  artifacts:
    when: always
    paths: [reports/]
    reports:
      junit: reports/latest/junit.xml
      codequality: reports/latest/codequality.json
`;
}
