#!/bin/sh
# Run from the root of the repository.
set -e
PATH="$PATH:target/dist/bin"
base=runs/example-chat-model-base
mkdir -p "$base"
cp models/fable-target/*.json models/fable-target/model.safetensors examples/chat-model/chat_template.jinja "$base/"
unlearn4j run --pipeline examples/chat-model/pipeline.yaml
unlearn4j generate --model runs/example-chat-model/onnx --runtime onnx:int8 --template chat \
  --prompt "Which book made Caspar Morbek famous?"
