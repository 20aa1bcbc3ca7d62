#!/bin/sh
# bom.sh FOLDER: what in a dist folder or a bundle was made elsewhere, as bom.json (CycloneDX) and THIRD-PARTY.txt in it; then, that
# the jar that was made here is what it would be anywhere. The build has left the class path in target/; natives in jars are hashed
# once a jar.
set -eu
version=$(sed -n 's|.*<cuda.version>\(.*\)</cuda.version>.*|\1|p' pom.xml)
time=$(sed -n 's|.*<project.build.outputTimestamp>\(.*\)</project.build.outputTimestamp>.*|\1|p' pom.xml)
javac -d target/sbom src/test/java/org/unlearn4j/build/Sbom*.java src/test/java/org/unlearn4j/build/OwnJar.java
java -Dcuda.version="$version" -cp target/sbom org.unlearn4j.build.Sbom target/dist.classpath "$1" target/sbom.hashes
java -cp target/sbom org.unlearn4j.build.OwnJar "$1"/lib/unlearn4j-*.jar "$time" "$PWD" "$HOME"
