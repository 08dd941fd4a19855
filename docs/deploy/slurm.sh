#!/bin/bash
# An array of 16 shards.
#   job=$(sbatch --parsable docs/deploy/slurm.sh)
#   sbatch --dependency=afterok:$job --wrap 'dvml merge all.npy'
# RUN, PHOTOGRAPHS and all.npy are paths that every node sees. A shard that fails is queued again, three times at most;
# by hand: sbatch --array=3,7-9 docs/deploy/slurm.sh
#SBATCH --job-name=dvml-embed
#SBATCH --array=0-15
#SBATCH --requeue
#SBATCH --open-mode=append
if ! dvml embed RUN PHOTOGRAPHS all.npy --shard 16; then
	if [ "${SLURM_RESTART_COUNT:-0}" -lt 3 ]; then scontrol requeue "$SLURM_JOB_ID"; fi
	exit 1
fi
