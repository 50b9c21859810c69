#!/usr/bin/env bash
# CPU time of whole processes, start to end: median, smallest and largest of several runs (user + system), and the
# largest peak of memory.
#   bench/process.sh [RUNS [FOLDER [PART]]]     default: 7 runs of build/bin/cimtlm; PART: study or chip
set -u
runs=${1:-7}
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
folder=${2:-$root/build}/bin
part=${3:-all}
program=$folder/cimtlm
for needed in "$program" "$folder/bench_measure"; do
    [[ -x $needed ]] || { echo "process.sh: $needed: build it first (./check)" >&2; exit 2; }
done

# measure LABEL ARGUMENTS...
measure() {
    local label=$1 figures
    shift
    figures=$(for ((i = 0; i < runs; ++i)); do
        "$folder/bench_measure" "$program" "$@" 2>&1 >/dev/null | tail -n 1
    done | sort -n)
    awk -v label="$label" '{ t[NR] = $1; if ($2 > peak) peak = $2 }
        END { printf "%-44s %8.3f s  (%.3f .. %.3f) %7.1f MB\n", label, t[int((NR + 1) / 2)], t[1], t[NR], peak / 1024 }' \
        <<<"$figures"
}

if [[ $part != chip ]]; then
    study=$("$program" list machines | grep -v /)
    echo "one GEMM 512x1024x1024, tile"
    for machine in tensor_core rf_digital_6t rf_analog_6t rf_digital_8t smem_digital_6t smem_digital_8t; do
        measure "  $machine" run "$machine" --gemm 512,1024,1024 --json
    done
    measure "  rf_digital_6t, mapper search" run rf_digital_6t --gemm 512,1024,1024 --mapper search --json
    echo "BERT-Large, tile"
    for machine in $study; do measure "  $machine" run "$machine" bert_large --json; done
    # shellcheck disable=SC2086
    measure "  all of them (compare)" compare $study --trace bert_large
    echo "ResNet-50, tile"
    for machine in tensor_core rf_digital_6t smem_digital_6t_iso_area; do
        measure "  $machine" run "$machine" resnet50 --json
    done
fi

if [[ $part != study ]]; then
    for machine in a100/tensor_core a100/cim_rf a100/cim_smem a100/cim_l2 a100/cim_hybrid; do
        echo "$machine, tile"
        measure "  BERT-Large" run $machine bert_large --json
        measure "  ResNet-50" run $machine resnet50 --json
        measure "  ResNet-50, batch 128" run $machine resnet50 --batch 128 --json
        measure "  GPT-J prefill" run $machine gptj_6b_prefill --json
    done
fi
