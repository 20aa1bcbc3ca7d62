#!/bin/sh
# sh run.sh MINUTES [OPTIONS]: all that a machine lent for minutes is to do, in one call: joins the pieces beside this script (and those
# of unlearn4j-...-onnx-pieces, if they lie beside its folder), unpacks them here, and gives gpu-check, with its OPTIONS, the rest of the
# MINUTES. A bundle that is here already is taken as it is. Each part prints a line of JSON. Needs what join.sh needs, and date.
set -eu
begin=$(date +%s)
minutes=${1:-}
case $minutes in
  '' | *[!0-9]* | 0* | ?????*)
    echo "run.sh: found '$minutes', expected minutes, from 1 to 9999, and then options of gpu-check." >&2
    exit 2
    ;;
esac
shift
pieces=$(cd "$(dirname "$0")" && pwd -P)
read -r _ archive _ < "$pieces/WHOLE"
folder=$PWD/${archive%.tar.*}
count=0
for from in "$pieces" "${pieces%-pieces}-onnx-pieces"; do
  if [ ! -d "$from" ] || { [ "$from" = "$pieces" ] && [ -d "$folder" ]; }; then continue; fi
  sh "$from/join.sh" > /dev/null
  for piece in "$from"/*.tar.*; do
    [ -e "$piece" ] && count=$((count + 1))
  done
done
used=$(($(date +%s) - begin))
left=$((60 * minutes - used))
echo "{\"part\":\"join\",\"outcome\":\"pass\",\"seconds\":$used,\"pieces\":$count,\"left_s\":$left}"
if [ "$left" -lt 6 ]; then
  echo "run.sh: joining took $used s, expected time for gpu-check within $minutes minutes." >&2
  exit 1
fi
exec "$folder/gpu-check" --minutes "$((left / 60)).$((left % 60 / 6))" "$@"
