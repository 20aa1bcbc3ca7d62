#!/bin/sh
# image.sh BUNDLE TAR: a container image made of a bundle, from scratch and without a daemon or a registry: an OCI image layout that
# docker load takes too. In it are the bundle, in /opt/unlearn4j, and the C library and what else the bundle's libraries are linked
# against, from this system; no shell and no other program. The default command is the main job on the embedded benchmark.
# The same bundle gives the same bytes.
set -eu
umask 022
bundle=$1
tar=$2
name=$(basename "$bundle")
part=$tar.part
rm -rf "$part"
root=$part/root
blobs=$part/image/blobs/sha256
mkdir -p "$root/opt/unlearn4j" "$root/lib64" "$root/etc" "$root/tmp" "$root/data" "$root/proc" "$root/dev" "$blobs"
cp -R "$bundle/." "$root/opt/unlearn4j/"
# Programs that start the others need a shell; the image has none.
rm -rf "$root/opt/unlearn4j/runtime/lib/system" "$root/opt/unlearn4j/gpu-check"

# What anything in it is linked against and is not in it. Natives within jars (tokenizers, JavaCPP) need the same and no more.
place=lib/x86_64-linux-gnu
mkdir -p "$root/$place"
find "$root/opt/unlearn4j" -type f \( -name '*.so' -o -name '*.so.*' -o -path '*/runtime/bin/java' \) -exec ldd {} + 2> /dev/null |
  awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\/.*ld-linux/ {print $1}' | sort -u |
  while read -r file; do
    case $file in
      "$PWD"/* | */opt/unlearn4j/* | */libcuda.so* | */libX* | */libxcb* | */libasound* | */libgif*) ;;
      */ld-linux-x86-64.so.2) cp -L "$file" "$root/lib64/" ;;
      *) cp -L "$file" "$root/$place/" ;;
    esac
  done
echo 'unlearn4j:x:10001:10001::/data:/' > "$root/etc/passwd"
echo 'unlearn4j:x:10001:' > "$root/etc/group"
# The image's user owns nothing in it: whatever the modes were here, it reads and starts everything.
chmod -R u=rwX,go=rX "$root"
chmod 1777 "$root/tmp" "$root/data"

# A layer is known by the hash of its bytes, and by that of the tar in it.
tar -C "$root" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --format=gnu -cf "$part/layer.tar" .
diff=$(sha256sum < "$part/layer.tar" | cut -d ' ' -f 1)
gzip -1 -n "$part/layer.tar"
sha() { sha256sum < "$1" | cut -d ' ' -f 1; }
size() { wc -c < "$1" | tr -d ' '; }
layer=$(sha "$part/layer.tar.gz")
layerSize=$(size "$part/layer.tar.gz")
mv "$part/layer.tar.gz" "$blobs/$layer"
rm -rf "$root"

cuda=
if [ -d "$bundle/cuda" ]; then # NVIDIA's container toolkit brings the driver to an image that says so
  cuda='"LD_LIBRARY_PATH=/opt/unlearn4j/cuda","CUDA_MODULE_LOADING=LAZY","NVIDIA_VISIBLE_DEVICES=all",
    "NVIDIA_DRIVER_CAPABILITIES=compute,utility",'
fi
# What the launcher sets, without the launcher.
cat > "$part/config" << END
{"architecture":"amd64","os":"linux","created":"1970-01-01T00:00:00Z",
 "config":{"User":"10001:10001","WorkingDir":"/opt/unlearn4j","Volumes":{"/data":{}},
  "Env":[$cuda"TF_CPP_MIN_LOG_LEVEL=2","OPT_OUT_TRACKING=true","ORT_DISABLE_TELEMETRY=1",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=1"],
  "Entrypoint":["/opt/unlearn4j/runtime/bin/java","-XX:+UseSerialGC","-XX:-UsePerfData",
    "-XX:Tier4InvocationThreshold=50000","-XX:Tier4MinInvocationThreshold=6000",
    "-XX:Tier4CompileThreshold=150000","-XX:Tier4BackEdgeThreshold=400000","-Xshare:auto",
    "--enable-native-access=ALL-UNNAMED","-Djava.awt.headless=true","-Doffline=true","-DOPT_OUT_TRACKING=true",
    "-Dorg.bytedeco.javacpp.maxBytes=0","-Dorg.bytedeco.javacpp.maxPhysicalBytes=0","-Duser.home=/data",
    "-Donnxruntime.native.path=/opt/unlearn4j/native/onnxruntime",
    "-cp","/opt/unlearn4j/lib/*:/opt/unlearn4j/native/tensorflow","org.unlearn4j.cli.Main"],
  "Cmd":["run","--pipeline","pipeline/fable.yaml","--run","/data/fable"]},
 "rootfs":{"type":"layers","diff_ids":["sha256:$diff"]},
 "history":[{"created":"1970-01-01T00:00:00Z","created_by":"pipeline/image.sh"}]}
END
config=$(sha "$part/config")
cat > "$part/manifest" << END
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
 "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:$config","size":$(size "$part/config")},
 "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:$layer","size":$layerSize}]}
END
manifest=$(sha "$part/manifest")
cat > "$part/image/index.json" << END
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",
 "manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:$manifest",
  "size":$(size "$part/manifest"),"platform":{"architecture":"amd64","os":"linux"},
  "annotations":{"org.opencontainers.image.ref.name":"$name"}}]}
END
mv "$part/config" "$blobs/$config"
mv "$part/manifest" "$blobs/$manifest"
echo '{"imageLayoutVersion":"1.0.0"}' > "$part/image/oci-layout"
# For docker load before version 25.
echo "[{\"Config\":\"blobs/sha256/$config\",\"RepoTags\":[\"$name:latest\"],\"Layers\":[\"blobs/sha256/$layer\"]}]" \
  > "$part/image/manifest.json"
tar -C "$part/image" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --format=gnu -cf "$part/tar" .
mv "$part/tar" "$tar"
rm -rf "$part"
echo "$tar: $(size "$tar") bytes"
