#!/bin/sh
# run.sh MOTE PART...: the acceptance checks and fixtures that stand beside the checkout (../shared), where they do; else a visible skip.
set -eu
mote=${1:?usage: run.sh MOTE PART...}
shift
checks=$(cd "$(dirname "$0")/../../.." && pwd)/shared/accept/run
[ -f "$checks" ] || { echo "skipped: there is no ../shared/accept/run beside the checkout"; exit 77; }
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
code=0
said=$(mktemp)
trap 'rm -f "$said"' EXIT
python3 "$checks" --mote "$mote" "$@" >"$said" 2>&1 || code=$?
cat "$said"
# A model that isn't installed: nothing was compared.
! tail -n 1 "$said" | grep -qx '0 passed, 0 failed, [1-9][0-9]* skipped' || exit 77
exit $code
