# The value of one key in one block of a pipeline file, whether the block is written over several lines or as
# {key: value, ...}. Lists lose their brackets and blanks: [fp32, int8] becomes fp32,int8.
#   awk -v block=model: -v key=path: -f value.awk FILE
/^[a-z]/ { inside = ($1 == block) }
inside {
  line = $0
  sub(/[ \t]#.*/, "", line)
  if (!match(line, "(^|[ {,])" key "[ \t]*")) next
  rest = substr(line, RSTART + RLENGTH)
  if (rest ~ /^\[/) {
    sub(/\].*/, "", rest)
    gsub(/[\[ ]/, "", rest)
  } else if (rest ~ /^"/) {
    rest = substr(rest, 2)
    sub(/".*/, "", rest)
  } else {
    sub(/[,}].*/, "", rest)
    sub(/[ \t]+$/, "", rest)
  }
  print rest
  exit
}
