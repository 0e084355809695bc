# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# For tests of a publisher's verbs in plain sh:   . "${top_srcdir:-.}/tests/publisher.sh"
#
# Brings tap.sh, goes to a folder of its own that is gone at the end, and stops the clock. Then there are
#
#   run ARGS...                 sealift's verbs, into "out" and "err"
#   later SECONDS               the clock says that long after $start
#   tree                        sums of all files below $kept: repo, unless the test says otherwise
#   changed                     those of them that are new or other than in the list "before"
#   refuses STATUS WORD NAME ARGS...   run: that exit status, that word on stderr, and all below $kept as it was
#   field FILE KEY...           a value in a JSON file
#   terminal ANSWER... -- COMMAND...   on a terminal, into "out" (tests/terminal.py)
#   release NAME VERSION CONTENT [LINES]   NAME.manifest, sealed, with LINES in [Bundle], and NAME.tar.zst beside it

# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"
tap_output="err out"
sealift=$(cd "${top_builddir:-.}" && pwd)/sealift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=$(cd "${top_srcdir:-.}/tests" && pwd)
cd "$work" || exit 99

start=1800000000 # 2027-01-15T08:00:00Z
export sealift SOURCE_DATE_EPOCH=$start
kept=repo

run() { "$sealift" "$@" >out 2>err; }
terminal() { python3 "$tests/terminal.py" "$@" >out 2>err; }
later() { SOURCE_DATE_EPOCH=$((start + $1)); }
# shellcheck disable=SC2086 # folders
tree() { find $kept -type f | LC_ALL=C sort | xargs sha256sum; }
changed() { tree | grep -vxFf before | sed "s|^[^ ]*  ||; s|^$kept/||" | tr '\n' ' ' | sed 's/ $//'; }
field() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1]))
for k in sys.argv[2:]: d = d[int(k)] if k.lstrip("-").isdigit() else d[k]
print(d)' "$@" 2>&1; }
refuses() {
    want=$1 word=$2 name=$3
    shift 3
    tree >before
    run "$@"
    status=$?
    [ $status -eq "$want" ] && grep -q -- "$word" err && tree | cmp -s - before
    ok $? "$name"
}
release() {
    printf %s "$3" >"$1.tar.zst"
    sum=$(sha256sum "$1.tar.zst" | cut -d' ' -f1)
    cat >"$1.manifest" <<MANIFEST
[Bundle]
Name=$1
Version=$2
${4:-}
[Service main]
ExecStart=/bundle/bin/web
[Content]
Format=tar.zst
SHA256=$sum
Size=$(wc -c <"$1.tar.zst")
UnpackedSize=7
Inodes=2
Directory=0755 bin
File=0755 7 $sum bin/web
MANIFEST
}
