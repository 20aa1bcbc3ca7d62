#!/bin/sh
# words.sh [COMMIT]: hand-written words of README.md and docs/, as wc -w counts them; without what programs write: the table of
# pipeline keys, the defaults of methods.md, the index of decisions, the tables of studies, JSON, CSV and pictures. Of the working tree, or of a commit.
count() { # of standard input: all but what stands between the markers of a program
  awk '/<!-- (from the schema|study |from )/ && !/: end -->/ { skip = 1 } !skip { print } /<!-- (end of|from .*: end)/ { skip = 0 }' | wc -w
}
total=0
if [ -n "$1" ]; then files=$(git ls-tree -r --name-only "$1" README.md docs); else files=$(find README.md docs -name '*.md' | sort); fi
for f in $files; do
  case $f in *.md) ;; *) continue ;; esac
  if [ -n "$1" ]; then n=$(git show "$1:$f" | count); else n=$(count < "$f"); fi
  printf '%6d %s\n' "$n" "$f"
  total=$((total + n))
done
printf '%6d in all\n' "$total"
