#!/bin/sh
# gpu-check [OPTIONS]: what a card does with Unlearn4J, into one JSON (gpu-check.json here). bin/unlearn4j gpu-check --help
# lists the options. Exit code 1 where a part failed.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
exec "$here/bin/unlearn4j" gpu-check --home "$here" "$@"
