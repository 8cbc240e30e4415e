#!/bin/sh
# run.sh [--update] CASE: runs one case of the program and compares what it says.
# A case is a folder with
#   cmd            a shell script; `mote` is the program under test, $TINY the model beside this file, $CASE the folder, . is empty
#   stdin          its input (otherwise nothing)
#   stdout.exact   what it must print, byte for byte; or stdout.glob: a pattern for each line, a line "..." for any number of lines
#   stderr.exact   the same for standard error, or stderr.glob; neither: it must be empty
#   exit           its exit code (otherwise 0)
#   needs          names of models that must be installed (otherwise the case is skipped)
# --update writes stdout.exact, stderr.exact and exit anew where there is no pattern.
set -eu
update=no
[ "${1:-}" != --update ] || { update=yes; shift; }
CASE=$(cd "${1:?usage: run.sh [--update] CASE}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
program=${MOTE_PROGRAM:?MOTE_PROGRAM is the program under test}
[ -x "$program" ] || { echo "there is no program $program"; exit 1; }

for model in $(cat "$CASE/needs" 2>/dev/null); do
    "$program" models path "$model" >/dev/null 2>&1 || { echo "skipped: $model is not installed"; exit 77; }
done

scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
mkdir "$scratch/bin" "$scratch/in" "$scratch/home"
ln -s "$program" "$scratch/bin/mote"
TINY=$here/tiny.gguf
PATH=$scratch/bin:$PATH
LC_ALL=C.UTF-8
TERM=dumb
export CASE TINY PATH LC_ALL TERM
unset MOTE_MODEL NO_COLOR 2>/dev/null || true
if [ ! -f "$CASE/needs" ]; then
    HOME=$scratch/home
    export HOME
    unset MOTE_MODELS XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME HF_HOME HF_HUB_CACHE HUGGINGFACE_HUB_CACHE 2>/dev/null || true
fi

input=/dev/null
[ ! -f "$CASE/stdin" ] || input=$CASE/stdin
code=0
(cd "$scratch/in" && sh "$CASE/cmd") <"$input" >"$scratch/stdout" 2>"$scratch/stderr" || code=$?

if [ $update = yes ]; then
    for stream in stdout stderr; do
        [ ! -f "$CASE/$stream.glob" ] || continue
        rm -f "$CASE/$stream.exact"
        [ ! -s "$scratch/$stream" ] || cp "$scratch/$stream" "$CASE/$stream.exact"
    done
    rm -f "$CASE/exit"
    [ $code = 0 ] || echo $code >"$CASE/exit"
    exit 0
fi

# Lines of a file against lines of patterns ('*' and '?' as in file names; all else is itself).
match() {
    awk -v patterns="$1" '
    function regex(p) { gsub(/[][\\.^$+(){}|]/, "\\\\&", p); gsub(/\*/, ".*", p); gsub(/\?/, ".", p); return "^" p "$" }
    BEGIN { while ((getline p < patterns) > 0) pattern[++n] = p; at = 1 }
    at <= n && pattern[at] == "..." && !(at < n && $0 ~ regex(pattern[at + 1])) { next }
    at <= n && pattern[at] == "..." { at++ }
    at <= n && $0 ~ regex(pattern[at]) { at++; next }
    { printf "line %d: %s\nexpected: %s\n", NR, $0, at <= n ? pattern[at] : "the end"; bad = 1; exit }
    END { if (!bad && at <= n && !(at == n && pattern[n] == "...")) { printf "ended, expected: %s\n", pattern[at]; bad = 1 } exit bad }' "$2"
}

failed=0
wanted=$(cat "$CASE/exit" 2>/dev/null || echo 0)
[ "$code" = "$wanted" ] || { echo "exit code $code, expected $wanted"; failed=1; }
for stream in stdout stderr; do
    if [ -f "$CASE/$stream.glob" ]; then
        match "$CASE/$stream.glob" "$scratch/$stream" || { echo "(in $stream)"; failed=1; }
    elif [ -f "$CASE/$stream.exact" ]; then
        diff -u "$CASE/$stream.exact" "$scratch/$stream" || failed=1
    elif [ -s "$scratch/$stream" ]; then
        echo "$stream should be empty:"
        failed=1
    fi
done
[ $failed = 0 ] || { echo "-- stdout"; cat "$scratch/stdout"; echo "-- stderr"; cat "$scratch/stderr"; }
exit $failed
