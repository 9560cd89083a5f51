#!/usr/bin/env bash
# From the folder of an EchoPrime release to a bundle with a decoder, its table, and a report of a folder of clips.
#
#   bash scripts/speedrun_echoprime.sh RELEASE [CLIPS]
#
# OUT=runs/speedrun     folder of everything that is made; a stage whose result is there is not done again
# MINUTES=60            of training
# PRICE=2.00            of an hour of the machine, to say what each stage cost; 2 dollars is what an H100 hour is rented for
# STUDIES=              folder of encoded studies with reports, to fine-tune on real queries
# PYTHON=.venv/bin/python
set -euo pipefail

RELEASE=${1:?"the folder of a release: bash scripts/speedrun_echoprime.sh RELEASE [CLIPS]"}
CLIPS=${2:-}
OUT=${OUT:-runs/speedrun}
MINUTES=${MINUTES:-60}
PRICE=${PRICE:-2.00}
STUDIES=${STUDIES:-}
PYTHON=${PYTHON:-.venv/bin/python}
STAGES="$OUT/stages.tsv"
mkdir -p "$OUT"
[ -d "$RELEASE" ] || { echo "speedrun: $RELEASE is no folder" >&2; exit 2; }
[[ $PRICE =~ ^[0-9]+(\.[0-9]+)?$ ]] || { echo "speedrun: PRICE: $PRICE is no number" >&2; exit 2; }

echoscribe() { "$PYTHON" -m service.cli.entry "$@"; }

# stage NAME RESULT COMMAND...: runs the command unless its result is there, and notes what it took
stage() {
  local name=$1 result=$2 began ended
  shift 2
  if [ -n "$result" ] && [ -e "$result" ]; then
    echo "== $name: there already"
    return
  fi
  echo "== $name"
  began=$(date +%s.%N)
  "$@"
  ended=$(date +%s.%N)
  awk -v n="$name" -v s="$began" -v e="$ended" -v p="$PRICE" \
    'BEGIN { printf "%s\t%.1f\t%.4f\n", n, e - s, (e - s) / 3600 * p }' >> "$STAGES"
}

table() {
  if [ -f "$OUT/bundle/evaluation.md" ]; then cat "$OUT/bundle/evaluation.md"; fi
}

train() {
  local more=()
  [ -z "$STUDIES" ] || more=(--studies "$STUDIES")
  echoscribe train decoder --bundle "$OUT/imported/bundle" --bank "$OUT/imported/bank" --out "$OUT/bundle" \
    --minutes "$MINUTES" ${more[@]+"${more[@]}"}
}

report() {
  echoscribe report "$CLIPS" --bundle "$OUT/bundle" --bank "$OUT/imported/bank" --json "$OUT/report.json" | tee "$OUT/report.txt"
}

stage import "$OUT/imported/bank" echoscribe import echoprime "$RELEASE" --out "$OUT/imported"
stage index "$OUT/index.done" bash -c '"$0" -m service.cli.entry bank index --bank "$1/imported/bank" && touch "$1/index.done"' "$PYTHON" "$OUT"
stage train "$OUT/bundle" train
stage tokenizer "" echoscribe train tokenizer-report --tokenizer "$OUT/bundle" --bank "$OUT/imported/bank"
stage table "" table
[ -z "$CLIPS" ] || stage report "" report

echo
awk -F'\t' -v p="$PRICE" '
  BEGIN { printf "| stage | seconds | price at %s an hour |\n|---|---|---|\n", p }
  { printf "| %s | %s | %s |\n", $1, $2, $3; s += $2; c += $3 }
  END { printf "| all | %.1f | %.4f |\n", s, c }' "$STAGES"
