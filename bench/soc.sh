#!/usr/bin/env bash
# Speed of the RISC-V SoC, in million instructions a second of processor time: the same load with the device idle and with
# an access to one of its registers every so many instructions, and whole programs. Median, smallest, largest.
#   bench/soc.sh [RUNS [FOLDER]]     default: 5 runs of build/bin/cimtlm-soc
set -u
runs=${1:-5}
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
program=${2:-$root/build}/bin/cimtlm-soc
[[ -x $program ]] || { echo "soc.sh: $program: build it first (./run soc)" >&2; exit 2; }

# measure LABEL ARGUMENTS...
measure() {
    local label=$1
    shift
    for ((i = 0; i < runs; ++i)); do
        "$program" run "$@" --json 2>/dev/null | sed -n 's/^ *"mips": *\([0-9.eE+]*\).*/\1/p'
    done | sort -g | awk -v label="$label" '{ m[NR] = $1 }
        END { printf "%-44s %8.0f MIPS  (%.0f .. %.0f)\n", label, m[int((NR + 1) / 2)], m[1], m[NR] }'
}

measure "device idle" spin millions=500 every=0
for every in 10000 1000 100; do measure "an access every $every instructions" spin millions=200 every=$every; done
for cores in 4 16; do
    measure "$cores cores, products on $cores devices" gemm m=256 n=64 k=256 held=1 repeat=8 \
        --set core.count=$cores --set cim.count=$cores
done
measure "gemm" gemm m=128 n=128 k=128
measure "lenet" lenet images=100
measure "pipeline" pipeline
