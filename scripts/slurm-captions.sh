#!/bin/bash
# Captions an archive on up to eight machines of a SLURM cluster:
#
#   sbatch scripts/slurm-captions.sh /archive
#
# Each task captions its own eighth of the photographs, cut by name: all machines have to see the same archive,
# and nothing may be added to it meanwhile.
#SBATCH --job-name=captions
#SBATCH --array=1-8
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=captions-%A_%a.log

# A task that is requeued, or submitted again after it ran out of time, skips what is in its file and goes on.
# Submit the same whole array again, never a part of it (--array=3,7): the shards are cut by the array's size.
archive=${1:-/archive}
exec caption "$archive" --recursive --shard auto --existing skip \
  --threads "${SLURM_CPUS_PER_TASK:-1}" --out "$archive/captions-$SLURM_ARRAY_TASK_ID.jsonl"

# When all are done, the files one after the other are what one run would have written. The braces count
# (captions-*.jsonl would take 10 before 2):
#
#   cat /archive/captions-{1..8}.jsonl > /archive/metadata.jsonl
