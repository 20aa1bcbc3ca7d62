#!/bin/sh
# Run from the root of the repository.
set -e
export ORT_DISABLE_TELEMETRY=1 OPT_OUT_TRACKING=true
lib="${UNLEARN4J_CLASSPATH:-target/dist/lib/*}"
mkdir -p runs
javac -cp "$lib" -d runs/example-java-library-classes examples/java-library/Forget.java
java -Dorg.bytedeco.javacpp.maxBytes=0 -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 \
  -cp "$lib:runs/example-java-library-classes" Forget
