#!/bin/sh
# run.sh MOTE PART...: the acceptance checks and fixtures that stand beside the checkout (../shared), where they do; else a visible skip.
set -eu
mote=${1:?usage: run.sh MOTE PART...}
shift
checks=$(cd "$(dirname "$0")/../../.." && pwd)/shared/accept/run
[ -f "$checks" ] || { echo "skipped: there is no ../shared/accept/run beside the checkout"; exit 77; }
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
exec python3 "$checks" --mote "$mote" "$@"
