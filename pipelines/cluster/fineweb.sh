#!/bin/sh
# Filters and deduplicates a corpus as arrays of jobs under Slurm. From the project's folder:
#
#   sh pipelines/cluster/fineweb.sh RANKS OUT [options of fineweb]
#   sh pipelines/cluster/fineweb.sh 100 /shared/corpus --source '/shared/dump/*.warc.gz'
#
# Each step waits for the one before it. Options for sbatch, such as a partition, go into SBATCH_OPTIONS.
set -eu
ranks=$1 out=$2
shift 2

submit() { # STEP DEPENDENCY [options]: prints the number of the job
  step=$1 after=$2
  shift 2
  case $step in
    plan | clusters) array= ;;
    *) array=--array=0-$((ranks - 1)) ;;
  esac
  # shellcheck disable=SC2086 # several options
  sbatch --parsable --kill-on-invalid-dep=yes ${SBATCH_OPTIONS-} $array ${after:+--dependency=afterok:$after} \
    --job-name="fineweb-$step" pipelines/cluster/fineweb.sbatch "$step" "$out" "$@"
}

job=$(submit plan "" --world "$ranks" "$@")
for step in filter buckets clusters dedup; do job=$(submit "$step" "$job"); done
echo "The last step is job $job: squeue; sacct"
