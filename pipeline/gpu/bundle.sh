#!/bin/sh
# bundle.sh DIST FOLDER [CUDA]: everything a machine needs that has nothing but a driver (or, without CUDA, not even that): the
# dist folder, a Java runtime with the modules that are used, CUDA's libraries, fixtures, the embedded models, the check. With SLIM,
# only those of CUDA that training needs (onnx.sh has what ONNX Runtime needs besides).
set -eu
dist=$1
folder=$2
cuda=${3:-}
part=$folder.part
rm -rf "$part"
mkdir -p "$part"
cp -R "$dist/." "$part/"

# The modules that the program uses, through all it calls in the jars; jdk.unsupported is one that libraries look for by name.
modules=$(jdeps --multi-release 17 --ignore-missing-deps --print-module-deps --recursive --class-path "$part/lib/*" \
  "$part"/lib/unlearn4j-*.jar)
jlink --add-modules "$modules,jdk.unsupported" --strip-debug --no-header-files --no-man-pages --compress=2 \
  --output "$part/runtime"

# ONNX Runtime's libraries for this system beside the jar, out of which they would be copied at every start; other systems'
# are left out.
for jar in "$part"/lib/onnxruntime*.jar; do
  mkdir "$part/jar" "$part/native"
  (cd "$part/jar" && jar -xf "../lib/$(basename "$jar")")
  mv "$part/jar/ai/onnxruntime/native/linux-x64" "$part/native/onnxruntime"
  rm -rf "$part/jar/ai/onnxruntime/native"
  jar -cfM "$jar" -C "$part/jar" .
  rm -rf "$part/jar"
done

# TensorFlow's in a folder on the class path, for the same reason; and compressing sees what they hold.
for jar in "$part"/lib/tensorflow-core-native-*-linux-*.jar; do
  mkdir -p "$part/native/tensorflow"
  (cd "$part/native/tensorflow" && jar -xf "../../lib/$(basename "$jar")" org)
  rm "$jar"
done

# Libraries of this system that the runtime was linked against. The C library itself is the one thing that must be there.
ldd "$part"/runtime/lib/*.so "$part"/runtime/lib/server/*.so 2> /dev/null |
  awk '$2 == "=>" && $3 ~ /^\// {print $1, $3}' | sort -u |
  while read -r name file; do
    case $file in
      "$PWD/$part"/* | *build/unlearn4j-*) continue ;;
    esac
    case $name in
      libc.so.* | libm.so.* | libdl.so.* | librt.so.* | libpthread.so.* | libX* | libxcb.* | libasound.* | libgif.*) continue ;;
    esac
    mkdir -p "$part/runtime/lib/system/$name"
    cp -L "$file" "$part/runtime/lib/system/$name/$name"
  done

if [ -n "${SLIM:-}" ]; then
  sh pipeline/gpu/slim.sh "$part" "$cuda"
elif [ -n "$cuda" ]; then
  mkdir "$part/cuda"
  cp "$cuda"/*.so.* "$part/cuda/"
fi
mkdir -p "$part/pipeline"
cp -R src/test/resources/fixtures "$part/fixtures"
cp -R models "$part/models"
rm -rf "$part/models/logs" "$part/models/checkpoints"
cp pipeline/fable.yaml "$part/pipeline/"
cp src/test/rival/npo_step.py "$part/etc/"
cp LICENSE docs/how-to/gpu.md "$part/"
cp pipeline/gpu/gpu-check.sh "$part/gpu-check"
chmod +x "$part/gpu-check" "$part/bin/unlearn4j"
sh pipeline/bom.sh "$part"
rm -rf "$folder"
mv "$part" "$folder"
