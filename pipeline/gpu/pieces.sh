#!/bin/sh
# pieces.sh BUNDLE FOLDER [ONTO]: the bundle as one archive cut into pieces of at most 60 MB, their checksums, and the scripts that
# put them together again and run them; with ONTO, what is to be laid over the folder of that name. PIECE_BYTES: another size. PACK: what
# compresses, gzip or xz with its options; xz takes many minutes and a third off.
set -eu
bundle=$1
folder=$2
onto=${3:-}
pack=${PACK:-gzip -1}
part=$folder.part
name=$(basename "$bundle")
case $pack in
  *xz*) archive=$name.tar.xz ;;
  *) archive=$name.tar.gz ;;
esac
rm -rf "$part" "$part.failed"
mkdir -p "$part"
# A shell without pipefail tells only how the last of a pipe ended: the others leave a note.
# shellcheck disable=SC2086 # a program and its options
{ tar -C "$(dirname "$bundle")" -cf - "$name" || echo tar >> "$part.failed"; } |
  { $pack || echo "$pack" >> "$part.failed"; } |
  (cd "$part" && split -b "${PIECE_BYTES:-60000000}" -a 3 -d - "$archive.")
if [ -e "$part.failed" ]; then
  echo "pieces.sh: $bundle: found that $(head -n 1 "$part.failed") failed, expected a whole archive; nothing was written." >&2
  rm -rf "$part" "$part.failed"
  exit 1
fi
(cd "$part" && sha256sum "$archive".*) > "$part.sums"
whole=$(cat "$part/$archive".* | sha256sum | cut -d ' ' -f 1)
mv "$part.sums" "$part/SHA256SUMS"
echo "$whole  $archive${onto:+ $onto}" > "$part/WHOLE"
cp pipeline/gpu/join.sh "$part/join.sh"
[ -n "$onto" ] || cp pipeline/gpu/run.sh "$part/run.sh"
rm -rf "$folder"
mv "$part" "$folder"
echo "$folder: $(wc -l < "$folder/SHA256SUMS") pieces, $(cat "$folder/$archive".* | wc -c) bytes"
