#!/usr/bin/env bash
# Trains everything the default bundle is made of, from nothing, and says what each stage cost.
#
#     bash scripts/speedrun.sh [--tiny] [--out FOLDER]
#
# The full run is sized for 2 CPU cores (about four hours). Every stage goes on where it was stopped, so the same command may be
# given again. --tiny runs every stage on almost nothing in a few minutes, to see that it works; its networks are no use.
set -euo pipefail
cd "$(dirname "$0")/.."

python="${PYTHON:-.venv/bin/python}"
[ -x "$python" ] || python=python3
out=runs/speedrun tiny=no
while [ $# -gt 0 ]; do
  case "$1" in
    --tiny) tiny=yes; shift ;;
    --out) out="$2"; shift 2 ;;
    *) echo "unknown argument: $1" >&2; exit 2 ;;
  esac
done

if [ "$tiny" = yes ]; then
  runs=500 tracer_held_out=100 tracer_s=20 traced_studies=4 clips=320 held_out=64 text_patients=600 text_s=20 video_s=30 wide=500 views_s=20 bias_studies=2
  mil=12 decoder=24 calibration=24 looks=4 decoder_held_out=6 candidates=400 steps=20 curve="12" evaluate=(--tiny)
else
  runs=24000 tracer_held_out=250 tracer_s=3600 traced_studies=150 clips=26000 held_out=1000 text_patients=16000 text_s=420 video_s=4800 wide=12000 views_s=1800 bias_studies=24
  mil=512 decoder=960 calibration=200 looks=30 decoder_held_out=60 candidates=20000 steps=1500 curve="100 300" evaluate=(--studies 500 --seed 90001)
fi

mkdir -p "$out"
times="$out/times.jsonl"

stage() { # stage NAME COMMAND...: runs the command unless an earlier run finished it, and writes down its seconds
  local name="$1" began="$SECONDS"
  shift
  if [ -f "$out/.done_$name" ]; then echo "== $name: done before"; return; fi
  echo "== $name: $*"
  "$@"
  touch "$out/.done_$name"
  echo "{\"stage\": \"$name\", \"seconds\": $((SECONDS - began))}" | tee -a "$times"
}

embed() { # embed PURPOSE STUDIES PRIOR
  stage "embed_$1" "$python" -m scripts.rendered.embed_studies --encoders "$out/encoders" --views "$out/views" \
    --purpose "$1" --studies "$2" --prior "$3" --out "$out/embedded/$1"
}

decoder() { # decoder ARM FOLDER [OPTION...]
  local arm="$1" folder="$2"
  shift 2
  stage "decoder_${folder//\//_}" "$python" -m scripts.rendered.train_decoder --queries "$out/embedded/decoder" --bundle "$out/untold" \
    --bank "$out/bank" --arm "$arm" --steps "$steps" --held-out "$decoder_held_out" --without-wordings 0.15 \
    --without-findings 6 "$@" --out "$out/arms/$folder"
}

stage render "$python" -m scripts.rendered.render_clips --purpose encoder --clips "$clips" --out "$out/clips"
stage encoders "$python" -m scripts.rendered.train_encoders --clips "$out/clips" --held-out "$held_out" \
  --text-patients "$text_patients" --text-seconds "$text_s" --seconds "$video_s" --out "$out/encoders"
stage wide "$python" -m scripts.rendered.views.render --clips "$wide" --out "$out/wide"
stage views "$python" -m scripts.rendered.train_views --clips "$out/clips" --wide "$out/wide" --held-out "$held_out" --seconds "$views_s" --out "$out/views"
stage views_bias "$python" -m scripts.rendered.views.fit_bias --views "$out/views" --studies "$bias_studies"
stage render_traced "$python" -m scripts.rendered.render_traced --runs "$runs" --out "$out/runs"
stage tracer "$python" -m scripts.rendered.train_tracer --runs "$out/runs" --held-out "$tracer_held_out" --seconds "$tracer_s" --out "$out/tracer"
stage calibrate_tracer "$python" -m scripts.rendered.calibrate_tracer --tracer "$out/tracer" --studies "$traced_studies"
embed mil "$mil" independent
embed decoder "$decoder" clinical
stage mil "$python" -m scripts.rendered.train_mil --embedded "$out/embedded/mil" --encoders "$out/encoders" --out "$out/mil"
stage bundle "$python" -m scripts.rendered.build_bundle --encoders "$out/encoders" --views "$out/views" --mil "$out/mil" --out "$out/untold"
stage bank "$python" -m scripts.rendered.build_phantom_bank --bundle "$out/untold" --candidates "$candidates" --out "$out/bank"
for arm in rag generate vectors_only rag_without_phenotypes; do
  decoder "$arm" "$arm"
done
for studies in $curve; do
  decoder rag "learning_curve/$studies/rag" --studies "$studies"
  decoder generate "learning_curve/$studies/generate" --studies "$studies"
done
stage told "$python" -m scripts.rendered.build_bundle --encoders "$out/encoders" --views "$out/views" --mil "$out/mil" \
  --decoder "$out/arms/rag" --tracer "$out/tracer" --out "$out/uncalibrated"
# Chosen on clips of the tuning range: other organs are flagged, at about as many false flags (LOG 2026-11-22).
stage calibrate "$python" -m scripts.rendered.calibrate --bundle "$out/uncalibrated" --bank "$out/bank" \
  --studies "$calibration" --looks "$looks" --cache "$out/evaluation" --false-flags 0.045 --out "$out/bundle"
# A failed bar is a finding, not a broken run: its exit status is told and the times are still printed.
status=0
"$python" -m scripts.rendered.evaluate "${evaluate[@]}" --tracer --bundle "$out/bundle" --bank "$out/bank" --arms "$out/arms" \
  --cache "$out/evaluation" --json "$out/eval.json" --rows "$out/rows" --markdown "$out/EVAL.md" || status=$?
echo "== evaluation: exit status $status"
echo "== seconds of each stage:"
cat "$times"
exit "$status"
