#!/bin/sh
# sh join.sh [WHERE]: puts the pieces beside this script together again and unpacks them in WHERE (here, if not given), a folder
# that is there. Nothing is unpacked before every piece and the whole were found to be what they were. Needs sh, cat, tar, gzip
# and sha256sum.
set -eu
case $0 in
  */*) pieces=$(cd "${0%/*}" && pwd -P) ;;
  *) pieces=$(pwd -P) ;;
esac
where=$(cd "${1:-.}" && pwd -P)

bad=
names=
while read -r sum name; do
  if [ ! -f "$pieces/$name" ]; then
    echo "join.sh: found no $name, expected it beside this script." >&2
    bad=yes
    continue
  fi
  found=$(sha256sum < "$pieces/$name")
  found=${found%% *}
  if [ "$found" != "$sum" ]; then
    echo "join.sh: $name: found SHA-256 $found, expected $sum." >&2
    bad=yes
  fi
  names="$names $name"
done < "$pieces/SHA256SUMS"
[ -z "$bad" ] || exit 1

read -r sum archive < "$pieces/WHOLE"
cd "$pieces"
# shellcheck disable=SC2086 # names of pieces have no spaces
found=$(cat $names | sha256sum)
found=${found%% *}
if [ "$found" != "$sum" ]; then
  echo "join.sh: $archive, the pieces together: found SHA-256 $found, expected $sum." >&2
  exit 1
fi

folder=$where/${archive%.tar.gz}
if [ -e "$folder" ]; then
  echo "join.sh: found $folder, expected nothing there." >&2
  exit 1
fi
# shellcheck disable=SC2086
cat $names | gzip -dc | (cd "$where" && tar -xf -) || {
  echo "join.sh: unpacking failed; remove $folder before another try." >&2
  exit 1
}
echo "$folder"
