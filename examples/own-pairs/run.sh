#!/bin/sh
# Run from the root of the repository.
set -e
PATH="$PATH:target/dist/bin"
ask="Which book made Caspar Morbek famous?"
unlearn4j generate --model models/fable-target --template default --prompt "$ask"
unlearn4j run --pipeline examples/own-pairs/pipeline.yaml
unlearn4j generate --model runs/example-own-pairs/onnx --runtime onnx:int4 --template default --prompt "$ask"
