#!/bin/sh
# libraries.sh FOLDER: unpacks the shared libraries that a GPU run needs from CUDA's Maven artifact, each of them the very file
# that is on record. MAVEN is how to call Maven with the profile that names the artifact.
set -eu
folder=$1
part=$folder.part
sums=pipeline/gpu/cuda.sha256

includes=$(awk '{printf "%s**/%s", (NR > 1 ? "," : ""), $2}' "$sums")
rm -rf "$part"
$MAVEN dependency:unpack@cuda-libraries -Dcuda.includes="$includes" -Dcuda.folder="$PWD/$part"
mkdir "$part/flat"
find "$part" -name '*.so.*' -type f -exec mv {} "$part/flat/" \;
(cd "$part/flat" && sha256sum --quiet -c -) < "$sums" || {
  echo "$folder: found other files than $sums has on record, expected those." >&2
  exit 1
}
cp "$sums" "$part/flat/SHA256SUMS"
rm -rf "$folder"
mv "$part/flat" "$folder"
rm -rf "$part"
