#!/bin/sh
# one_result_thousand.sh MOTE MODEL CACHES [FLAG...]: 1,000 generations over threads, batch sizes, kept prefixes, drafts, greedy and sampled, and types of cache: within the same sampling and
# cache type one output, its log-probabilities the same to the last digit that tells floats apart. CACHES: two types of cache ("f16 q8_0"). FLAGs go with each run. Run once a MOTE_CPU: kernel sets may differ from each other.
set -eu
mote=${1:?usage: one_result_thousand.sh MOTE MODEL CACHES [FLAG...]}
model=${2:?}
caches=${3:?}
shift 3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Repeats itself, so that drafts are made; odd lengths, so that batches end anywhere. Some 90 tokens even where a character is one.
prompt='one two three one two three one two four one two three one two four one two'
start='one two three one two three one'

generate() { # PROMPT FLAGS...: tokens and log-probabilities
    text=$1
    shift
    "$mote" run -m "$model" --raw "$text" -n 20 --ignore-eos --json --logprobs 2 -c 160 "$@" >"$scratch/out" 2>"$scratch/err" || { cat "$scratch/err" >&2; exit 1; }
    sed 's/.*"tokens":\(\[[^]]*\]\).*"logprobs":/\1 /' "$scratch/out"
}

runs=0
drafted=
for type in $caches; do
    for sampling in '--temp 0' '--temp 1 -s 7'; do
        first=
        rm -f "$scratch/prefix"
        # shellcheck disable=SC2086
        generate "$start" -ctk $type -ctv $type $sampling --prompt-cache "$scratch/prefix" "$@" >/dev/null
        for threads in 1 2 3 4 7; do
            for batch in 1 3 16 64 512; do
                for drafts in 0 1 3 8 16; do
                    for cache in '' "--prompt-cache-ro --prompt-cache $scratch/prefix"; do
                        # shellcheck disable=SC2086
                        result=$(generate "$prompt" -t $threads -b $batch --draft-max $drafts -ctk $type -ctv $type $sampling $cache "$@")
                        runs=$((runs + 1))
                        ! grep -q '"draft_accepted":[1-9]' "$scratch/out" || drafted=yes
                        [ "${first:=$result}" = "$result" ] || { echo "other output with -t $threads -b $batch --draft-max $drafts -ctk $type $sampling $cache"; exit 1; }
                    done
                done
            done
        done
        grep -q '"cached_tokens":[1-9]' "$scratch/out" || { echo "the last run of -ctk $type $sampling used nothing that was kept"; exit 1; }
        case $first in *'"logprob":'*) ;; *) echo "no log-probabilities in: $first"; exit 1 ;; esac
    done
done
[ "$drafted" ] || { echo 'no draft was ever right'; exit 1; }
echo "one result in each setting, $runs runs"
