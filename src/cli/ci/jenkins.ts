import { type Pipeline, stepsOf } from './pipeline.ts';

/** A declarative Jenkinsfile: www.jenkins.io/doc/book/pipeline/syntax. */
export function jenkins(pipeline: Pipeline): string {
  const { shards } = pipeline;
  const { record, decide, merge } = stepsOf(pipeline, {
    brownout: 'npx brownout',
    recordings: 'recordings',
    shard: 'auto',
  });
  const sh = (command: string) => `sh '''${command}'''`;
  const values = Array.from({ length: shards }, (_, i) => `'${i + 1}'`).join(', ');
  return `// The crash states of one recorded upgrade, decided by ${shards} agents. BROWNOUT_CACHE of an agent's home is worth keeping.
pipeline {
  agent none
  stages {
    stage('record') {
      agent any
      steps {
        ${sh('npm ci && npx brownout setup')}
        ${sh(record)}
        stash name: 'recordings', includes: 'recordings/**'
      }
    }
    stage('decide') {
      matrix {
        agent any
        axes {
          axis {
            name 'PART'
            values ${values}
          }
        }
        environment {
          BROWNOUT_SHARD = "\${PART}/${shards}"
        }
        stages {
          stage('part') {
            steps {
              unstash 'recordings'
              // A worker that died, or a device that broke a promise, is told of by the stage that merges.
              catchError(buildResult: 'SUCCESS', stageResult: 'UNSTABLE') {
                ${sh(`rm -rf reports && npm ci && npx brownout setup && ${decide}`)}
              }
            }
            post {
              always {
                sh "mkdir -p parts && rm -rf parts/\${PART} && mv reports parts/\${PART}"
                stash name: "part-\${PART}", includes: "parts/\${PART}/**", allowEmpty: true
              }
            }
          }
        }
      }
    }
    stage('merge') {
      agent any
      steps {
        unstash 'recordings'
        sh 'rm -rf parts reports'
        script {
          for (part in [${values}]) { unstash "part-\${part}" }
        }
        ${sh(`npm ci && npx brownout setup && ${merge.replace(' reports ', ' parts ')}`)}
      }
      post {
        always {
          junit 'reports/latest/junit.xml'
          archiveArtifacts artifacts: 'reports/**', allowEmptyArchive: true
        }
      }
    }
  }
}
`;
}
