#!/bin/sh
# load_type.sh MOTE FOLDER: a folder quantised while it is loaded (--type) gives the same logits, bit for bit, as the file that convert and quantize make of it.
set -u
mote=${1:?usage: load_type.sh MOTE FOLDER}
folder=${2:?}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
n_failed=0

failed() { n_failed=$((n_failed + 1)); echo "FAILED  $1"; }

# Not Llama: the converter changes the order of its heads' rows, and with it the order of sums.
for name in olmo2 phi-4-mini qwen3-moe openelm; do
    dir=$folder/$name
    "$mote" convert "$dir" -o "$scratch/f32.gguf" --type f32 2>"$scratch/err" || { failed "$name: $(cat "$scratch/err")"; continue; }
    for type in Q8_0 Q4_0 Q5_1 IQ4_NL Q5_K_S F16; do
        rm -f "$scratch/q.gguf"
        if ! { "$mote" quantize "$scratch/f32.gguf" "$scratch/q.gguf" $type &&
            "$mote" eval logits -m "$scratch/q.gguf" --tokens "$dir/tokens.txt" -o "$scratch/file.npy" &&
            "$mote" eval logits -m "$dir" --type $type --tokens "$dir/tokens.txt" -o "$scratch/load.npy"; } >/dev/null 2>"$scratch/err"; then
            failed "$name $type: $(cat "$scratch/err")"
        elif cmp -s "$scratch/file.npy" "$scratch/load.npy"; then
            echo "ok      $name $type"
        else
            failed "$name $type: other logits"
        fi
    done
done
[ $n_failed = 0 ]
