import { type Pipeline, stepsOf } from './pipeline.ts';

/** Three Jobs on one volume: kubernetes.io/docs/concepts/workloads/controllers/job. */
export function kubernetes(pipeline: Pipeline): string {
  const { shards } = pipeline;
  const { record, decide, merge } = stepsOf(pipeline, {
    brownout: 'npx brownout',
    recordings: '/shared/recordings',
    shard: 'auto',
    ledger: '/shared/ledger',
  });
  // A device that broke a promise (1) is told of by the Job that merges.
  const jobs = [
    job('record', `${record} --reports /shared/reports/record`, '  backoffLimit: 1'),
    job(
      'decide',
      `${decide} --reports /shared/reports/$JOB_COMPLETION_INDEX || test $? -eq 1`,
      `  completionMode: Indexed
  completions: ${shards}
  parallelism: ${shards}
  # A worker that is begun again goes on where it was.
  backoffLimit: ${2 * shards}`,
      `
            # A Job tells its pods their index, and not of how many.
            - name: BROWNOUT_SHARDS
              value: "${shards}"`,
    ),
    job('merge', `${merge} --reports /shared/reports`, '  backoffLimit: 1'),
  ];
  return `# The crash states of one recorded upgrade, decided by ${shards} pods of an Indexed Job. IMAGE: a container with this project,
# its node_modules, and what \`brownout setup\` installs. The volume must be one that many pods can write (ReadWriteMany).
#   for step in record decide merge; do
#     kubectl apply -f FILE -l brownout/step=$step && kubectl wait --for=condition=complete --timeout=12h job/brownout-$step || break
#   done
# Where a pod of \`decide\` cannot be started at all, apply \`merge\` all the same: what is left is decided there.
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: brownout
  labels: { brownout/step: record }
spec:
  accessModes: [ReadWriteMany]
  resources:
    requests: { storage: 20Gi }
${jobs.join('')}`;
}

function job(step: string, command: string, spec: string, environment = ''): string {
  return `---
apiVersion: batch/v1
kind: Job
metadata:
  name: brownout-${step}
  labels: { brownout/step: ${step} }
spec:
${spec}
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: brownout
          image: IMAGE
          command:
            - sh
            - -c
            - ${JSON.stringify(command)}
          env:
            # Images, packages and recordings: what can be made again, and takes long.
            - name: BROWNOUT_CACHE
              value: /shared/cache${environment}
          resources:
            requests: { cpu: "1", memory: 2Gi }
          volumeMounts:
            - name: shared
              mountPath: /shared
      volumes:
        - name: shared
          persistentVolumeClaim: { claimName: brownout }
`;
}
