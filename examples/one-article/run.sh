#!/bin/sh
# Run from the root of the repository.
set -e
PATH="$PATH:target/dist/bin"
unlearn4j run --pipeline examples/one-article/pipeline.yaml
