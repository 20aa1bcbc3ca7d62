#!/bin/sh
# reproducible.sh FOLDER: builds the dist folder twice from copies of these sources, in two folders, time zones and languages, and
# compares file by file. Permissions are part of a jar, so both have one mask. Not compared: classes.jsa, a cache that the JVM fills
# with addresses.
set -eu
umask 022
case $PWD/ in "$1"/*) echo "reproducible.sh: found these sources in $1, expected a folder to be emptied." >&2; exit 2 ;; esac
rm -rf "$1"
build() { # FOLDER ZONE LANGUAGE
  mkdir -p "$1"
  tar --exclude=./target --exclude=./runs --exclude=./build --exclude=./.git --mode=u=rwX,go=rX -cf - . | (
    cd "$1" && tar --no-same-owner -xf - && TZ=$2 MAVEN_OPTS="-Duser.language=$3" make --no-print-directory build)
  (cd "$1/target/dist" && find . -type f ! -name classes.jsa -exec sha256sum {} + | sort -k 2) > "$1.sha256"
}
build "$1/one" UTC en
build "$1/a/longer/way/to/two" Asia/Kathmandu tr
diff "$1/one.sha256" "$1/a/longer/way/to/two.sha256" || { echo 'reproducible.sh: two builds differ.' >&2; exit 1; }
grep '/unlearn4j-[^/]*[.]jar$' "$1/one.sha256"
echo "Two builds of $(wc -l < "$1/one.sha256") files each, the same bytes."
rm -rf "$1"
