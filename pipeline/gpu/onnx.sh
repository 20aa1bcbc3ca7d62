#!/bin/sh
# onnx.sh DIST FOLDER CUDA: what is laid over a slim bundle so that ONNX Runtime computes on the card too: its CUDA provider, the
# libraries that pipeline/gpu/slim.txt calls second, and the list that the launcher goes by.
set -eu
dist=$1
folder=$2
cuda=$3
part=$folder.part
rm -rf "$part"
mkdir -p "$part/cuda" "$part/native/onnxruntime" "$part/etc" "$part/jar"
provider=libonnxruntime_providers_cuda.so
for jar in "$dist"/lib/onnxruntime_gpu-*.jar; do
  [ -e "$jar" ] || {
    echo "onnx.sh: found no onnxruntime_gpu jar in $dist/lib, expected the CUDA build (GPU=1)." >&2
    exit 2
  }
  jar=$(cd "$dist/lib" && pwd -P)/${jar##*/}
  (cd "$part/jar" && jar -xf "$jar" "ai/onnxruntime/native/linux-x64/$provider")
done
mv "$part/jar/ai/onnxruntime/native/linux-x64/$provider" "$part/native/onnxruntime/"
rm -rf "$part/jar"
awk '$2 == "second" { print $1 }' pipeline/gpu/slim.txt | while read -r library; do
  cp "$cuda/$library" "$part/cuda/"
done
cp "$dist/etc/cuda-libraries.txt" "$part/etc/"
rm -rf "$folder"
mv "$part" "$folder"
