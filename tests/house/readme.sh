#!/bin/sh
# readme.sh MOTE: every `mote` line of README's examples works as it stands there (answers cut after 8 tokens; journalctl is a stand-in).
set -eu
mote=$(realpath "${1:?usage: readme.sh MOTE}")
source=$(cd "$(dirname "$0")/../.." && pwd)
"$mote" models path smollm2-135m >/dev/null 2>&1 || { echo "skipped: smollm2-135m is not installed"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir "$scratch/bin"
cat >"$scratch/bin/mote" <<END
#!/bin/sh
case \$1 in
run) shift; exec "$mote" run "\$@" -n 8 ;;
*) exec "$mote" "\$@" ;;
esac
END
printf '#!/bin/sh\necho "pump P-3 stopped"\n' >"$scratch/bin/journalctl"
chmod +x "$scratch/bin/mote" "$scratch/bin/journalctl"
head -n 12 "$source/docs/demo/maintenance-log.txt" >"$scratch/shift.txt"

# shellcheck disable=SC2016
awk '/^```/ { sh = /^```sh/ } sh && /(^|\| )mote /' "$source/README.md" >"$scratch/lines"
cd "$scratch"
n=0
while IFS= read -r line; do
    n=$((n + 1))
    PATH=$scratch/bin:$PATH MOTE_MODEL=smollm2-135m timeout 120 sh -c "$line" >out 2>err </dev/null || { echo "README: $line"; cat err; exit 1; }
    case $line in
    *chat*) ;;
    *) [ -s out ] || { echo "README: no output from: $line"; exit 1; } ;;
    esac
done <lines
[ $n -ge 6 ] || { echo "README has only $n example lines"; exit 1; }
echo "$n examples of README work"
