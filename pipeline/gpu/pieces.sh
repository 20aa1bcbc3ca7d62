#!/bin/sh
# pieces.sh BUNDLE FOLDER: the bundle as one archive cut into pieces of at most 60 MB, their checksums, and the script that puts
# them together again. PIECE_BYTES: another size.
set -eu
bundle=$1
folder=$2
part=$folder.part
name=$(basename "$bundle")
rm -rf "$part"
mkdir -p "$part"
tar -C "$(dirname "$bundle")" -cf - "$name" | gzip -1 | (cd "$part" && split -b "${PIECE_BYTES:-60000000}" -a 3 -d - "$name.tar.gz.")
(cd "$part" && sha256sum "$name".tar.gz.*) > "$part.sums"
whole=$(cat "$part"/"$name".tar.gz.* | sha256sum | cut -d ' ' -f 1)
mv "$part.sums" "$part/SHA256SUMS"
echo "$whole  $name.tar.gz" > "$part/WHOLE"
cp pipeline/gpu/join.sh "$part/join.sh"
rm -rf "$folder"
mv "$part" "$folder"
