#!/bin/sh
# sh join.sh [WHERE]: puts the pieces beside this script together again and unpacks them in WHERE (here, if not given), a folder
# that is there. Nothing is unpacked before every piece and the whole were found to be what they were; what is missing or damaged is
# named, so that it alone is brought again. A folder is there whole or not at all: one that something is laid over has another name
# meanwhile, and the same command goes on with it. Needs sh, cat, tar, sha256sum, and gzip or, for .xz, xz or Python 3.
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

read -r sum archive onto < "$pieces/WHOLE"
cd "$pieces"
# shellcheck disable=SC2086 # names of pieces have no spaces
found=$(cat $names | sha256sum)
found=${found%% *}
if [ "$found" != "$sum" ]; then
  echo "join.sh: $archive, the pieces together: found SHA-256 $found, expected $sum." >&2
  exit 1
fi

unpack() {
  case $archive in
    *.gz) gzip -dc ;;
    *)
      if command -v xz > /dev/null; then
        xz -dc -T0
      else
        python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.stdin.buffer), sys.stdout.buffer, 1 << 20)'
      fi
      ;;
  esac
}

name=${archive%.tar.*}
folder=$where/${onto:-$name}
if [ -z "$onto" ] && [ -e "$folder" ]; then
  echo "join.sh: found $folder, expected nothing there." >&2
  exit 1
fi
aside=$where/.$onto.joining
if [ -n "$onto" ] && [ ! -d "$folder" ] && [ ! -d "$aside" ]; then
  echo "join.sh: found no $folder, expected the folder that this is laid over; join its pieces first." >&2
  exit 1
fi
part=$where/.$name.part
rm -rf "$part"
mkdir "$part"
# shellcheck disable=SC2086
if ! cat $names | unpack | (cd "$part" && tar -xf -) || [ ! -d "$part/$name" ]; then
  rm -rf "$part"
  echo "join.sh: unpacking failed; nothing was left in $where." >&2
  exit 1
fi
if [ -n "$onto" ]; then
  if [ -d "$folder" ]; then
    rm -rf "$aside" # an older one's
    mv "$folder" "$aside"
  fi
  if ! cp -R "$part/$name/." "$aside/"; then
    rm -rf "$part"
    echo "join.sh: copying failed; the folder is $aside until the same command has been through." >&2
    exit 1
  fi
  mv "$aside" "$folder"
else
  mv "$part/$name" "$folder"
fi
rm -rf "$part"
echo "$folder"
