#!/usr/bin/env bash
# CPU time of whole processes, start to end: median, smallest and largest of several runs (user + system).
#   bench/process.sh [RUNS [FOLDER]]     default: 7 runs of build/bin/cimtlm
set -u
runs=${1:-7}
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
program=${2:-$root/build}/bin/cimtlm
[[ -x $program ]] || { echo "process.sh: $program: build it first (./run --version)" >&2; exit 2; }

# measure LABEL ARGUMENTS...
measure() {
    local label=$1 times
    shift
    times=$(for ((i = 0; i < runs; ++i)); do
        # In a shell of its own: times of children alone, of one run.
        TIMEFORMAT='%3U %3S'
        { time "$program" "$@" >/dev/null; } 2>&1 | awk 'END { printf "%.3f\n", $1 + $2 }'
    done | sort -n)
    awk -v label="$label" '{ t[NR] = $1 } END { printf "%-44s %8.3f s  (%.3f .. %.3f)\n", label, t[int((NR + 1) / 2)], t[1], t[NR] }' \
        <<<"$times"
}

study=$("$program" list machines)
echo "one GEMM 512x1024x1024, tile"
for machine in tensor_core rf_digital_6t rf_analog_6t rf_digital_8t smem_digital_6t smem_digital_8t; do
    measure "  $machine" run "$machine" --gemm 512,1024,1024 --json
done
measure "  rf_digital_6t, mapper search" run rf_digital_6t --gemm 512,1024,1024 --mapper search --json
echo "BERT-Large, tile"
for machine in $study; do measure "  $machine" run "$machine" bert_large --json; done
measure "  all of them (compare)" compare $study --trace bert_large
echo "ResNet-50, tile"
for machine in tensor_core rf_digital_6t smem_digital_6t_iso_area; do
    measure "  $machine" run "$machine" resnet50 --json
done
