#!/usr/bin/env bash
# Cost by the number of tiles: products of growing size on a100/tensor_core, mapped by the rules: once all units are busy,
# a block of 128 x 256 x 4096 always has the same tiles. Writes a table to standard output and a plot as SVG.
#   bench/decades.sh [FOLDER [SVG]]     default: build and docs/images/cost_per_tile.svg
set -u
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
folder=${1:-$root/build}/bin
svg=${2:-$root/docs/images/cost_per_tile.svg}
for needed in cimtlm bench_measure; do
    [[ -x $folder/$needed ]] || { echo "decades.sh: $folder/$needed: build it first (./check)" >&2; exit 2; }
done
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# M in units of 128 and N of 256. Median of three runs; the long ones have less noise and run once.
for blocks in "1 1" "4 4" "8 6" "16 10" "32 15" "48 32" "80 60" "160 96" "256 188"; do
    read -r m n <<<"$blocks"
    runs=3
    ((m > 100)) && runs=1
    for ((i = 0; i < runs; ++i)); do
        "$folder/bench_measure" "$folder/cimtlm" run a100/tensor_core --mapper rules \
            --gemm $((128 * m)),$((256 * n)),4096 --json 2>"$out/cost" >"$out/json" || exit
        tail -n 1 "$out/cost"
    done | sort -n >"$out/costs"
    tiles=$(sed -n 's/.*"simulated_tiles": *\([0-9]*\).*/\1/p' "$out/json" | head -n 1)
    awk -v tiles="$tiles" '{ t[NR] = $1; if ($2 > peak) peak = $2 }
        END { printf "%d %.3f %.1f\n", tiles, t[int((NR + 1) / 2)], peak / 1024 }' "$out/costs"
done >"$out/table"

awk 'BEGIN { print "tiles CPU_s peak_MB us_a_tile" } { printf "%d %s %s %.2f\n", $1, $2, $3, $2 / $1 * 1e6 }' \
    "$out/table" | column -t

mkdir -p "$(dirname -- "$svg")"
awk '
function lg(v) { return log(v) / log(10) }
function X(v) { return left + (lg(v) - x0) / (x1 - x0) * width }
function Y(v) { return top + height - (lg(v) - y0) / (y1 - y0) * height }
function M(v) { return low + low_height * (1 - v / most) }
function text(x, y, anchor, s) { printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, s }
function line(a, b, c, d, class) { printf "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class, a, b, c, d }
function ten(e, s) { s = "10<tspan dy=\"-5\" font-size=\"9\">" e "</tspan>"; return s }
{ t[NR] = $1; c[NR] = $2; r[NR] = $3 }
END {
    left = 76; top = 44; width = 520; height = 280; low = 376; low_height = 90; most = 200
    x0 = int(lg(t[1])) - (t[1] < 10 ^ int(lg(t[1]))); if (t[1] < 100) x0 = lg(50)
    x1 = lg(t[NR]) + 0.2; y0 = -2; y1 = 1.3
    # Start and cost of a tile: through the first and the last point.
    cost = (c[NR] - c[1]) / (t[NR] - t[1]); start = c[1] - cost * t[1]
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 520\" font-family=\"sans-serif\" font-size=\"12\">"
    print "<style>.grid{stroke:#ddd}.axis{stroke:#333}.fit{fill:none;stroke:#888;stroke-width:1.5;stroke-dasharray:5 4}.cpu{fill:#1f5fa8}.rss{fill:#b4531a}.limit{stroke:#b4531a;stroke-dasharray:2 3}</style>"
    print "<rect width=\"640\" height=\"520\" fill=\"white\"/>"
    text(left, 24, "start", "One product on a100/tensor_core, mapped by the rules: cost by simulated tiles")
    for (e = 2; e <= 6; ++e) {
        line(X(10 ^ e), top, X(10 ^ e), top + height, "grid"); line(X(10 ^ e), low, X(10 ^ e), low + low_height, "grid")
        text(X(10 ^ e), low + low_height + 20, "middle", ten(e))
    }
    for (e = -2; e <= 1; ++e) {
        line(left, Y(10 ^ e), left + width, Y(10 ^ e), "grid")
        text(left - 8, Y(10 ^ e) + 4, "end", 10 ^ e)
    }
    for (v = 0; v <= most; v += 100) {
        line(left, M(v), left + width, M(v), v == most ? "limit" : "grid")
        text(left - 8, M(v) + 4, "end", v)
    }
    line(left, top, left, top + height, "axis"); line(left, top + height, left + width, top + height, "axis")
    line(left, low, left, low + low_height, "axis"); line(left, low + low_height, left + width, low + low_height, "axis")
    printf "<polyline class=\"fit\" points=\""
    for (e = x0; e <= x1 + 1e-9; e += (x1 - x0) / 60) printf "%.1f,%.1f ", X(10 ^ e), Y(start + cost * 10 ^ e)
    print "\"/>"
    for (i = 1; i <= NR; ++i) {
        printf "<circle class=\"cpu\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%d tiles: %s s</title></circle>\n", X(t[i]), Y(c[i]), t[i], c[i]
        printf "<circle class=\"rss\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%d tiles: %s MB</title></circle>\n", X(t[i]), M(r[i]), t[i], r[i]
    }
    text(left + 14, top + 20, "start", sprintf("dashed: %.3f s + %.2f us a tile", start, cost * 1e6))
    text(left + 14, M(most) + 14, "start", "dotted: the limit of 200 MB")
    text(left + width / 2, low + low_height + 42, "middle", "simulated tiles")
    printf "<text transform=\"translate(22 %.1f) rotate(-90)\" text-anchor=\"middle\">CPU time, s</text>\n", top + height / 2
    printf "<text transform=\"translate(22 %.1f) rotate(-90)\" text-anchor=\"middle\">peak, MB</text>\n", low + low_height / 2
    print "</svg>"
}' "$out/table" >"$svg"
