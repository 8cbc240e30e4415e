#!/bin/sh
# install.sh BUILD: installs into an empty prefix, then compiles and runs an example against it by pkg-config alone, once with the
# shared and once with the static library.
set -eu
build=${1:?usage: install.sh BUILD}
source=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix

cmake --install "$build" --prefix "$prefix" >/dev/null
# The .pc file holds the prefix that was configured; --define-variable puts ours in its place.
pc=$(find "$prefix" -name mote.pc)
libdir=${pc%/pkgconfig/mote.pc}
config() {
    PKG_CONFIG_PATH=${pc%/mote.pc} pkg-config --define-variable=prefix="$prefix" "$@" mote
}

version=$(config --modversion)
for file in "$libdir/libmote.so.$version" "$libdir/libmote.so.${version%%.*}" "$libdir/libmote.so" "$libdir/libmote.a" "$prefix/include/mote/mote.h" "$prefix/bin/mote" \
    "$prefix/share/man/man1/mote.1" "$prefix/share/bash-completion/completions/mote" "$prefix/share/zsh/site-functions/_mote" \
    "$prefix/share/fish/vendor_completions.d/mote.fish"; do
    [ -s "$file" ] || { echo "not installed: ${file#"$prefix"/}"; exit 1; }
done
case $("$prefix/bin/mote" --version) in
*"$version"*) ;;
*) echo "mote --version doesn't say $version"; exit 1 ;;
esac
! command -v bash >/dev/null || bash -n "$prefix/share/bash-completion/completions/mote"

try() { # NAME FLAGS...: compiles the example and runs it; 77 (no model here) is as good as 0
    name=$1
    shift
    # shellcheck disable=SC2046
    "${CC:-gcc}" -std=c17 -o "$scratch/$name" "$source/examples/tokens.c" $(config --cflags) "$@"
    code=0
    LD_LIBRARY_PATH=$libdir "$scratch/$name" >"$scratch/$name.out" 2>&1 || code=$?
    [ $code = 0 ] || [ $code = 77 ] || { cat "$scratch/$name.out"; echo "$name: exit $code"; exit 1; }
}
# shellcheck disable=SC2046
try shared $(config --libs)
# shellcheck disable=SC2046
try static "$libdir/libmote.a" $(config --libs --static | sed 's/-lmote//')
echo "installed $version: shared and static library, headers, man page and completions are there and work"
