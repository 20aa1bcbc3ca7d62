#!/bin/sh
# slim.sh BUNDLE CUDA: what a bundle of the CUDA build needs to train on a card, and no more, into BUNDLE. pipeline/gpu/slim.txt says
# what that is; onnx.sh makes what ONNX Runtime needs there besides.
set -eu
bundle=$1
cuda=$2
mkdir -p "$bundle/cuda" target/stand-ins
javac -d target/stand-ins src/test/java/org/unlearn4j/build/StandIn.java src/test/java/org/unlearn4j/build/ElfSymbols.java
while read -r library how; do
  case $library:$how in
    \#* | :* | *:second) ;;
    *:real) cp "$cuda/$library" "$bundle/cuda/" ;;
    *:stand-in)
      java -cp target/stand-ins org.unlearn4j.build.StandIn "$cuda/$library" "$bundle/cuda/$library"
      echo "$library" >> "$bundle/cuda/STAND-INS"
      ;;
    *)
      echo "slim.sh: pipeline/gpu/slim.txt: $library: found $how, expected real, stand-in or second." >&2
      exit 2
      ;;
  esac
done < pipeline/gpu/slim.txt

rm "$bundle/native/onnxruntime/libonnxruntime_providers_cuda.so" "$bundle/native/onnxruntime/libonnxruntime_providers_tensorrt.so"

# The launcher takes a folder that has all that is listed.
mv "$bundle/etc/cuda-libraries.txt" "$bundle/etc/all"
while read -r library users; do
  case $library in
    lib*) [ -e "$bundle/cuda/$library" ] || [ "$users" = system ] || continue ;;
  esac
  echo "$library $users"
done < "$bundle/etc/all" > "$bundle/etc/cuda-libraries.txt"
rm "$bundle/etc/all"
