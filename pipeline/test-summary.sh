#!/bin/sh
# What ran, in one line, and why something was skipped: sh test-summary.sh target/surefire-reports
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
  /<testsuite / { suite = 1 }
  suite {
    tests += attribute("tests"); failed += attribute("errors") + attribute("failures"); skipped += attribute("skipped")
  }
  />/ { suite = 0 }
  /<skipped/ { because($0) }
  END {
    printf "==> %d tests: %d failed, %d skipped\n", tests, failed, skipped
    for (reason in why) printf "    skipped (%d): %s\n", why[reason], reason
  }'
