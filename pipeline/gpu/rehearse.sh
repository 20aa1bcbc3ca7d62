#!/bin/sh
# rehearse.sh PIECES MINUTES [OPTIONS]: run.sh as on a machine that is lent for minutes, on this one's CPU: from copies of the pieces, in
# an empty folder and home, without an environment, without network where this user may take it away, and with no program but those
# that joining and the launcher call. Fails where the pieces are more or larger than such a machine takes, or the time was not kept.
set -eu
pieces=$1
minutes=$2
shift 2
most=20
largest=60000000
there=build/rehearsal
tools='sh cat tar gzip xz sha256sum mkdir mv rm cp date dirname readlink mktemp mkfifo'

count=0
bytes=0
for piece in "$pieces"/*.tar.*; do
  size=$(wc -c < "$piece")
  count=$((count + 1))
  bytes=$((bytes + size))
  if [ "$size" -gt "$largest" ]; then
    echo "rehearse.sh: $piece: found $size bytes, expected at most $largest." >&2
    exit 1
  fi
done
echo "{\"part\":\"pieces\",\"pieces\":$count,\"bytes\":$bytes}"
if [ "$count" -gt "$most" ]; then
  echo "rehearse.sh: $pieces: found $count pieces, expected at most $most." >&2
  exit 1
fi

rm -rf "$there"
mkdir -p "$there/bin" "$there/home" "$there/here"
there=$(cd "$there" && pwd -P)
for tool in $tools; do
  path=$(command -v "$tool") || continue # xz: another archive needs none
  ln -s "$path" "$there/bin/$tool"
done
cp -R "$pieces" "$there/"
apart=
network=there
if unshare -n true 2> /dev/null; then
  apart='unshare -n'
  network=none
fi
begin=$(date +%s)
code=0
# shellcheck disable=SC2086 # a program and its option, or nothing
(cd "$there/here" && $apart env -i PATH="$there/bin" HOME="$there/home" \
  sh "../${pieces##*/}/run.sh" "$minutes" --device cpu "$@") || code=$?
seconds=$(($(date +%s) - begin))
name=${pieces##*/}
rm -rf "$there/here/${name%-pieces}" "$there/$name"
echo "{\"part\":\"rehearsal\",\"code\":$code,\"seconds\":$seconds,\"network\":\"$network\",\"file\":\"$there/here/gpu-check.json\"}"
if [ "$seconds" -gt $((60 * minutes)) ]; then
  echo "rehearse.sh: found $seconds s, expected at most $minutes minutes." >&2
  exit 1
fi
exit $code
