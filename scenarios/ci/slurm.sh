#!/bin/sh
# The crash states of one recorded upgrade, decided by 4 tasks of a job array. To be run where sbatch is:
#   BROWNOUT_SHARED=/scratch/nightly sh FILE
# Prints the ids of the three jobs. The report is in $BROWNOUT_SHARED/reports/latest once the last one has ended.
set -eu
export SHARED="${BROWNOUT_SHARED:-$PWD/brownout}"     # a folder that all nodes see
export BROWNOUT="${BROWNOUT:-npx brownout}"
mkdir -p "$SHARED/logs"

submit() { # name, its log, then options of sbatch; the script on standard input
  name=$1 log=$2
  shift 2
  sbatch --parsable --job-name="brownout-$name" --chdir="$PWD" --output="$SHARED/logs/$log.log" "$@"
}

record=$(submit record record-%j --cpus-per-task=1 <<'END'
#!/bin/sh
exec $BROWNOUT record scenarios/rauc/ab-upgrade.yaml --output "$SHARED/recordings" --reports "$SHARED/reports/record"
END
)
# A task that is requeued, or submitted again, goes on where it was; a device that broke a promise (1) is told of by the merge.
# Without a recording there is nothing to decide: the tasks are taken back.
decide=$(submit decide decide-%A-%a --cpus-per-task=1 --dependency="afterok:$record" --kill-on-invalid-dep=yes \
  --array=0-3 --requeue <<'END'
#!/bin/sh
$BROWNOUT run scenarios/rauc/ab-upgrade.yaml --power-cuts all --recording "$SHARED/recordings" --shard auto --ledger "$SHARED/ledger" --jobs 1 --reports "$SHARED/reports/$SLURM_ARRAY_TASK_ID" || test $? -eq 1
END
)
# Whatever became of the tasks: what they left is decided here.
merge=$(submit merge merge-%j --cpus-per-task=1 --dependency="afterany:$decide" <<'END'
#!/bin/sh
exec $BROWNOUT report merge "$SHARED/ledger" --recording "$SHARED/recordings" --reports "$SHARED/reports"
END
)
echo "$record $decide $merge"
