#!/bin/sh
# What ran, in one line, why something was skipped, and the ten slowest classes: sh test-summary.sh target/surefire-reports
set -eu
ls "$1"/TEST-*.xml > /dev/null 2>&1 || exit 0
cat "$1"/TEST-*.xml | awk '
  function attribute(name,   part) {
    if (!match($0, " " name "=\"[0-9]+\"")) return 0
    part = substr($0, RSTART, RLENGTH)
    gsub(/[^0-9]/, "", part)
    return part
  }
  function because(reason) {
    sub(/.*Assumption failed: /, "", reason)
    sub(/.*message="/, "", reason)
    sub(/".*/, "", reason)
    why[reason]++
  }
  function seconds(   part) {
    if (!match($0, / time="[0-9.,]+"/)) return 0
    part = substr($0, RSTART, RLENGTH)
    gsub(/[^0-9.]/, "", part)
    return part + 0
  }
  /<testsuite / { suite = 1 }
  suite && match($0, / name="[^"]*"/) {
    class = substr($0, RSTART + 7, RLENGTH - 8)
    sub(/.*\./, "", class)
    took[class] = seconds()
    sum += took[class]
  }
  suite {
    tests += attribute("tests"); failed += attribute("errors") + attribute("failures"); skipped += attribute("skipped")
  }
  />/ { suite = 0 }
  /<skipped/ { because($0) }
  END {
    printf "==> %d tests: %d failed, %d skipped\n", tests, failed, skipped
    for (reason in why) printf "    skipped (%d): %s\n", why[reason], reason
    printf "    %.0f s in all classes together; the slowest:", sum
    for (i = 0; i < 10; i++) {
      slowest = ""
      for (class in took) if (slowest == "" || took[class] > took[slowest]) slowest = class
      if (slowest == "") break
      printf "%s %s %.0f s", i ? "," : "", slowest, took[slowest]
      delete took[slowest]
    }
    printf "\n"
  }'
