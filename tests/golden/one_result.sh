#!/bin/sh
# one_result.sh MOTE MODEL [LEVEL...]: the logits of a fixed row of tokens are the same bytes over threads, batch sizes and repeated runs, and over
# the instruction sets LEVEL... (as for MOTE_CPU); so are those of a row that is longer than two spans of attention, with each type of cache.
# Exit 77: the model is not installed.
set -eu
mote=${1:?usage: one_result.sh MOTE MODEL [LEVEL...]}
model=${2:?}
shift 2
path=$("$mote" models path "$model" 2>/dev/null) || { echo "skipped: $model is not installed"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Ids below every vocabulary's size. 70: a batch of 64 and a rest.
ids() { awk -v n="$1" 'BEGIN { id = 17; for (i = 0; i < n; i++) { print id; id = (id * 97 + 31) % 20011 } }' >"$scratch/ids"; }
ids 70

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
ids 600
types=f16 batches='7 512' # the model that is compared over instruction sets, a small one, goes through all
[ $# = 0 ] || types='f16 q8_0 q4_0' batches='1 7 100 512'
for type in $types; do
    first=
    for batch in $batches; do
        try MOTE_ONE_RESULT=1 -t 2 -b $batch -ctk $type -ctv $type
    done
    try MOTE_ONE_RESULT=1 -t 3 -b 5 -ctk $type -ctv $type
    try MOTE_ONE_RESULT=1 -t 1 -b 512 -ctk $type -ctv $type
done
echo "$model: one result in $runs runs"
