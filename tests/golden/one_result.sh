#!/bin/sh
# one_result.sh MOTE MODEL [LEVEL...]: the logits of a fixed row of tokens are the same bytes over threads, batch sizes and repeated runs, and over
# the instruction sets LEVEL... (as for MOTE_CPU). Exit 77: the model is not installed.
set -eu
mote=${1:?usage: one_result.sh MOTE MODEL [LEVEL...]}
model=${2:?}
shift 2
path=$("$mote" models path "$model" 2>/dev/null) || { echo "skipped: $model is not installed"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# 70 ids below every vocabulary's size: a batch of 64 and a rest.
awk 'BEGIN { id = 17; for (i = 0; i < 70; i++) { print id; id = (id * 97 + 31) % 20011 } }' >"$scratch/ids"

runs=0
try() { # NAME=VALUE FLAGS...
    setting=$1
    shift
    env "$setting" "$mote" eval logits -m "$path" --tokens "$scratch/ids" -o "$scratch/logits.npy" "$@"
    sum=$(sha256sum <"$scratch/logits.npy")
    runs=$((runs + 1))
    [ "${first:=$sum}" = "$sum" ] || { echo "$model: logits differ with $setting $*"; exit 1; }
}
for threads in 1 2 3 4; do
    for batch in 1 7 64 512; do
        try MOTE_ONE_RESULT=1 -t $threads -b $batch
    done
done
try MOTE_ONE_RESULT=1 -t 2 -b 64
try MOTE_ONE_RESULT=1 -t 2 -b 64
for level; do
    try "MOTE_CPU=$level" -t 2 -b 512
done
echo "$model: one result in $runs runs"
