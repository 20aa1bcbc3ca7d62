#!/bin/sh
# slim.sh BUNDLE CUDA SECOND: what a bundle of the CUDA build needs to train on a card, and no more, into BUNDLE; what ONNX Runtime
# needs there besides into SECOND, which is laid over the bundle. pipeline/gpu/slim.txt says what goes where.
set -eu
bundle=$1
cuda=$2
second=$3
rm -rf "$second"
mkdir -p "$bundle/cuda" "$second/cuda" "$second/native/onnxruntime" "$second/etc"

mkdir -p target/stand-ins
javac -d target/stand-ins src/test/java/org/unlearn4j/build/StandIn.java src/test/java/org/unlearn4j/build/ElfSymbols.java
while read -r library how; do
  case $library:$how in
    \#* | :*) ;;
    *:real) cp "$cuda/$library" "$bundle/cuda/" ;;
    *:stand-in)
      java -cp target/stand-ins org.unlearn4j.build.StandIn "$cuda/$library" "$bundle/cuda/$library"
      echo "$library" >> "$bundle/cuda/STAND-INS"
      ;;
    *:second) cp "$cuda/$library" "$second/cuda/" ;;
    *)
      echo "slim.sh: pipeline/gpu/slim.txt: $library: found $how, expected real, stand-in or second." >&2
      exit 2
      ;;
  esac
done < pipeline/gpu/slim.txt

mv "$bundle/native/onnxruntime/libonnxruntime_providers_cuda.so" "$second/native/onnxruntime/"
rm "$bundle/native/onnxruntime/libonnxruntime_providers_tensorrt.so"

# The launcher takes a folder that has all that is listed.
mv "$bundle/etc/cuda-libraries.txt" "$second/etc/"
while read -r library users; do
  case $library in
    lib*) [ -e "$bundle/cuda/$library" ] || [ "$users" = system ] || continue ;;
  esac
  echo "$library $users"
done < "$second/etc/cuda-libraries.txt" > "$bundle/etc/cuda-libraries.txt"
