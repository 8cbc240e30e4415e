#!/bin/sh
# families.sh MOTE COMPARE FOLDER [NAME...]: every tiny model of FOLDER (see its README.md), or those named, gives the reference's numbers on the exact path: from the
# folder, from its configuration in the older spelling, from the GGUF, from a GGUF that mote makes of the folder; and the same bytes when fed 7 ids and 1 id at a time.
set -uf
mote=${1:?usage: families.sh MOTE COMPARE FOLDER [NAME...]}
compare=${2:?}
folder=${3:?}
shift 3

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
n_passed=0 n_failed=0

passed() { n_passed=$((n_passed + 1)); echo "ok      $1: $2"; }
failed() { n_failed=$((n_failed + 1)); echo "FAILED  $1: $2"; }

logits() { # NAME MODEL TOKENS WANT [FLAGS...]
    what=$1 source=$2 tokens=$3 want=$4
    shift 4
    if ! said=$("$mote" eval logits -m "$source" --tokens "$tokens" --type f32 -o "$scratch/whole.npy" "$@" 2>&1); then failed "$what" "$said"; return; fi
    if ! said=$("$compare" "$want" "$scratch/whole.npy" 2e-4 argmax); then failed "$what" "differs by $said"; return; fi
    for batch in 7 1; do
        "$mote" eval logits -m "$source" --tokens "$tokens" --type f32 -b $batch -o "$scratch/part.npy" "$@" 2>"$scratch/err" || { failed "$what" "-b $batch: $(cat "$scratch/err")"; return; }
        cmp -s "$scratch/whole.npy" "$scratch/part.npy" || { failed "$what" "fed by $batch, other logits: $("$compare" "$scratch/whole.npy" "$scratch/part.npy" 0)"; return; }
    done
    passed "$what" "$said"
}

older_spelling() { # makes $older, the same model as $dir with config-legacy.json as its configuration
    older=$scratch/older
    rm -rf "$older"
    mkdir "$older"
    set +f
    for file in "$dir"/*; do
        case ${file##*/} in config.json | config-legacy.json | *.gguf) ;; *) ln -s "$file" "$older/" ;; esac
    done
    set -f
    ln -s "$dir/config-legacy.json" "$older/config.json"
}

fast() { # NAME MODEL TYPE MOST: the fast path, where rounding is part of it, is near, and the same however it is fed
    for batch in 512 5; do
        "$mote" eval logits -m "$2" --tokens "$dir/tokens.txt" --type "$3" -b $batch -o "$scratch/$batch.npy" 2>"$scratch/err" || { failed "$1" "-b $batch: $(cat "$scratch/err")"; return; }
    done
    cmp -s "$scratch/512.npy" "$scratch/5.npy" || { failed "$1" "fed by 5, other logits"; return; }
    if said=$("$compare" "$dir/logits.npy" "$scratch/5.npy" "$4"); then passed "$1" "$said"; else failed "$1" "differs by $said"; fi
}

decoder() {
    logits "$name/folder" "$dir" "$dir/tokens.txt" "$dir/logits.npy"
    [ ! -f "$dir/tokens-short.txt" ] || logits "$name/short" "$dir" "$dir/tokens-short.txt" "$dir/logits-short.npy"
    [ ! -f "$dir/config-legacy.json" ] || { older_spelling; logits "$name/older" "$older" "$dir/tokens.txt" "$dir/logits.npy"; }
    [ ! -f "$dir/model-f32.gguf" ] || logits "$name/gguf" "$dir/model-f32.gguf" "$dir/tokens.txt" "$dir/logits.npy"
    ! converted || logits "$name/converted" "$scratch/converted.gguf" "$dir/tokens.txt" "$dir/logits.npy"
    fast "$name/f16" "$dir" f16 0.05
    fast "$name/q8_0" "$dir" q8_0 1
}

# What the GGUF of an architecture has no words for: windows of Llama's and Qwen's layers, layers without experts among others.
without_words='ministral qwen2-window qwen3-moe-mixed'

converted() { # makes $scratch/converted.gguf of $dir
    case " $without_words " in *" $name "*) return 1 ;; esac
    "$mote" convert "$dir" --type f32 -o "$scratch/converted.gguf" >/dev/null 2>"$scratch/err" && return
    failed "$name/converted" "$(cat "$scratch/err")"
    return 1
}

vectors() { # NAME MODEL
    if ! "$mote" embed -m "$2" --type f32 --json <"$dir/sentences.txt" >"$scratch/vectors" 2>"$scratch/err"; then failed "$1" "$(cat "$scratch/err")"; return; fi
    if said=$("$compare" "$dir/embeddings.npy" "$scratch/vectors" 1e-5); then passed "$1" "$said"; else failed "$1" "differs by $said"; fi
}

encoder() {
    vectors "$name/folder" "$dir"
    [ ! -f "$dir/config-legacy.json" ] || { older_spelling; vectors "$name/older" "$older"; }
    [ ! -f "$dir/model-f32.gguf" ] || vectors "$name/gguf" "$dir/model-f32.gguf"
    ! converted || vectors "$name/converted" "$scratch/converted.gguf"
}

scores() { # NAME MODEL
    tab=$(printf '\t')
    while IFS=$tab read -r question passage; do
        echo "$passage" | "$mote" rerank -m "$2" --type f32 --raw --in-order "$question" || break
    done <"$dir/pairs.txt" 2>"$scratch/err" | cut -f1 >"$scratch/scores"
    if [ -s "$scratch/err" ]; then failed "$1" "$(cat "$scratch/err")"; return; fi
    if said=$("$compare" "$dir/scores.npy" "$scratch/scores" 1e-4); then passed "$1" "$said"; else failed "$1" "differs by $said"; fi
}

reranker() {
    scores "$name/folder" "$dir"
    [ ! -f "$dir/model-f32.gguf" ] || scores "$name/gguf" "$dir/model-f32.gguf"
    ! converted || scores "$name/converted" "$scratch/converted.gguf"
}

adapters() {
    for model in folder gguf; do
        case $model in folder) path=$dir ;; gguf) path=$dir/model-f32.gguf ;; esac
        while read -r reference active; do
            set --
            for one in $active; do set -- "$@" --lora-scaled "$dir/adapters/$one"; done
            logits "$name/$model+${reference%.npy}" "$path" "$dir/tokens.txt" "$dir/adapters/$reference" "$@"
        done <"$dir/adapters/cases.txt"
        [ ! -f "$dir/adapters/plain.gguf" ] || logits "$name/$model+plain.gguf" "$path" "$dir/tokens.txt" "$dir/adapters/plain.npy" --lora "$dir/adapters/plain.gguf"
    done
}

merged() { # an adapter merged into the weights gives what it gives beside them
    while read -r reference active; do
        set --
        for one in $active; do set -- "$@" --lora-scaled "$dir/adapters/$one"; done
        "$mote" merge -m "$dir" --type f32 "$@" -o "$scratch/merged.gguf" >/dev/null 2>"$scratch/err" || { failed "$name/merged ${reference%.npy}" "$(cat "$scratch/err")"; continue; }
        logits "$name/merged ${reference%.npy}" "$scratch/merged.gguf" "$dir/tokens.txt" "$dir/adapters/$reference"
    done <"$dir/adapters/cases.txt"
}

# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(cd "$folder" && ls)
for name; do
    dir=$(cd "$folder/$name" 2>/dev/null && pwd) || continue
    [ ! -f "$dir/logits.npy" ] || decoder
    [ ! -f "$dir/embeddings.npy" ] || encoder
    [ ! -f "$dir/scores.npy" ] || reranker
    [ ! -d "$dir/adapters" ] || { adapters; merged; }
done
echo "$n_passed passed, $n_failed failed"
[ $n_failed = 0 ] && [ $n_passed -gt 0 ]
