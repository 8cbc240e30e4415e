#!/bin/sh
# no_network.sh BUILD: the launcher takes the network away, both ways, and says which; and mote makes no network call (strace).
set -eu
build=${1:?usage: no_network.sh BUILD}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# In bash, opening /dev/tcp makes a socket: it must fail at socket() or at connect() even to our own loopback.
for way in "" --seccomp; do
    if "$build/no-network" $way bash -c ': </dev/tcp/127.0.0.1/9' 2>"$scratch/said"; then
        echo "no-network $way: a connection was made"
        exit 1
    fi
    grep -q '^no-network: ' "$scratch/said" || { echo "no-network $way doesn't say what it did:"; cat "$scratch/said"; exit 1; }
done
"$build/no-network" --seccomp bash -c ': </dev/tcp/127.0.0.1/9' 2>&1 | grep -q 'Operation not permitted' || { echo "the filter doesn't deny sockets"; exit 1; }
code=0
"$build/no-network" sh -c 'exit 7' 2>/dev/null || code=$?
[ $code = 7 ] || { echo "the exit code of the program is lost: $code"; exit 1; }

command -v strace >/dev/null || { echo "no strace here: calls are not watched"; [ "${MOTE_CI:-0}" != 1 ]; exit 0; }
model=$("$build/mote" models path smollm2-135m 2>/dev/null) || { echo "smollm2-135m is not installed: calls are not watched"; exit 77; }
strace -f -qq -e trace=network -o "$scratch/calls" "$build/mote" run -m "$model" -n 8 --temp 0 "Name a colour." >/dev/null
if grep -q . "$scratch/calls"; then
    echo "mote run made network calls:"
    cat "$scratch/calls"
    exit 1
fi
echo "no network by either way; mote run makes no network call"
