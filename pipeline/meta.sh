#!/bin/sh
# meta.sh UNLEARN4J DIR [SEED ...]: teaches models that know and models that never did, does things to them and measures them all into
# DIR/measured, for `unlearn4j meta`. What is there is left alone, so a stopped run goes on. UNTIL is the second of the epoch at which
# no new step begins.
set -e
unlearn4j=$1 out=$2
shift 2
[ $# -gt 0 ] || set -- 0 1 2 3 4 5
file=pipeline/meta.yaml

step() { # FILE COMMAND ...: runs the command where the file is missing
  made=$1
  shift
  if [ -e "$made" ]; then return 0; fi
  if [ -n "$UNTIL" ] && [ "$(date +%s)" -gt "$UNTIL" ]; then exit 0; fi
  "$@"
}

measure() { # CONDITION SIDE NAME MODEL
  to=$out/measured/$1/$2
  mkdir -p "$to"
  step "$to/$3.json" $unlearn4j evaluate --pipeline $file --model "$4" --runtime tf --out "$to/$3.json"
  step "$to/$3-attacks.json" $unlearn4j attack --pipeline $file --model "$4" --runtime tf --out "$to/$3-attacks.json"
}

step "$out/tokenizer/tokenizer.json" $unlearn4j fable-tokenizer --out "$out/tokenizer"
for seed; do
  for side in knows never; do
    if [ $side = knows ]; then data=full; else data=retain; fi
    model=$out/models/$side-$seed
    step "$model/config.json" $unlearn4j finetune --pipeline $file --set finetune.data=$data --set finetune.seed="$seed" --out "$model"
    measure plain $side "$seed" "$model"
    step "$model-int4/config.json" $unlearn4j round --model "$model" --variant int4 --out "$model-int4"
    measure int4 $side "$seed" "$model-int4"
    step "$model-relearned/config.json" $unlearn4j finetune --pipeline pipeline/meta-relearn.yaml --set model.path="$model" \
      --set finetune.seed="$seed" --out "$model-relearned"
    measure relearned $side "$seed" "$model-relearned"
  done
done
$unlearn4j meta "$out/measured" ${PAGE:+--table "$PAGE"}
