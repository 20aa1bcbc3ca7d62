#!/bin/sh
# Run from the root of the repository.
set -e
PATH="$PATH:target/dist/bin"
here=examples/foreign-onnx
given=runs/example-foreign-onnx
mkdir -p runs
unlearn4j export --model models/fable-target --out "$given" --variants int8
unlearn4j verify --model models/fable-target --onnx "$given/onnx/model_int8.onnx" --limits int8 --data $here/texts.jsonl
echo "The same file and another model:"
code=0
unlearn4j verify --model models/fable-retain --onnx "$given/onnx/model_int8.onnx" --limits int8 --data $here/texts.jsonl || code=$?
test $code -eq 1
