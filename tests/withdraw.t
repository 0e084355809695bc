#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sealift withdraw on a real folder: what is published, what is refused, and that a refusal leaves the repository as it was; and
# the epochs that publish refuses.
set -u
# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"
tap_output="err out"
sealift=${top_builddir:-.}/sealift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
SOURCE_DATE_EPOCH=1800000000
export SOURCE_DATE_EPOCH
run() { "$sealift" "$@" >out 2>err; }
tree() { find repo -type f | LC_ALL=C sort | xargs sha256sum; }
withdraw() { run withdraw --repository=repo --keys=keys --channel=stable "$@"; }
publish() { run publish --repository=repo --keys=keys --channel=stable "$@"; }

# refuses STATUS WORD NAME COMMAND...: that exit status, that word on stderr, and the repository untouched
refuses() {
    want=$1 word=$2 name=$3
    shift 3
    before=$(tree)
    "$@"
    status=$?
    [ $status -eq "$want" ] && grep -q -- "$word" err && [ "$before" = "$(tree)" ]
    ok $? "$name"
}

# release VERSION [LINE]: packed, in out-VERSION/
release() {
    mkdir -p "tree-$1/bin"
    echo "web $1" >"tree-$1/bin/web"
    chmod +x "tree-$1/bin/web"
    printf '[Bundle]\nName=web\nVersion=%s\n%s\n[Service main]\nExecStart=/bundle/bin/web\n' "$1" "${2:-}" >"intent-$1"
    run pack "tree-$1" --manifest="intent-$1" --output=packed
}

# listed TARGET: whether the newest targets metadata lists it.
listed() { grep -q "\"stable/$1\"" "$(find repo/metadata -name '*.targets.json' | sort -V | tail -n 1)"; }
# newest: the manifest that hosts are given.
newest() {
    sum=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["signed"]["targets"]["stable/web.manifest"]["hashes"]["sha256"])' \
        "$(find repo/metadata -name '*.targets.json' | sort -V | tail -n 1)")
    cat "repo/targets/stable/$sum.web.manifest"
}

run init --repository=repo --keys=keys
release 1 && release 2 Epoch=2 && release 3 Epoch=3
publish packed/web-1.manifest && publish packed/web-2.manifest
ok $? "two releases, the second of a higher epoch"
refuses 1 'Epoch=0, below that of 2' "publish: an epoch below that of the release published now" publish packed/web-1.manifest
refuses 1 'Epoch=0, below that of 2' "withdraw --to: as well" withdraw web --to=1

refuses 2 'needed' "a channel is needed" run withdraw --repository=repo --keys=keys web
refuses 2 'not a name' "and is a name" run withdraw --repository=repo --keys=keys --channel=../x web
refuses 2 'not the name of a bundle' "a bundle that is no name" withdraw ../web
refuses 1 'channel stable has no bundle other' "a bundle that is not there" withdraw other
refuses 1 'channel other has no bundle web' "a channel that is not there" run withdraw --repository=repo --keys=keys --channel=other web
refuses 1 'never published' "a version that was never published" withdraw web --to=9
refuses 2 'not with --to' "a reason that nobody would read" withdraw web --to=2 --reason=x
refuses 1 'no such role' "a role that is not there" withdraw web --role=nobody
refuses 2 'reason' "a reason of two lines" withdraw web --reason="$(printf 'x\nVersion=9')"
refuses 2 'reason' "a reason that brings a service" withdraw web --reason="$(printf 'x\n[Service a]\nExecStart=/bundle/a')"
refuses 2 'reason' "a reason with a comment behind it" withdraw web --reason="$(printf 'x\n# y')"
refuses 2 'reason' "a reason that is too long" withdraw web --reason="$(printf 'x%.0s' $(seq 201))"
rm -rf no-keys && mkdir no-keys && cp keys/timestamp*.pem keys/snapshot*.pem no-keys
refuses 1 'targets' "without the key of targets" run withdraw --repository=repo --keys=no-keys --channel=stable web

before=$(tree)
withdraw web --reason='the site has moved' --dry-run
ok $? "a dry run"
[ "$before" = "$(tree)" ] && grep -q '^Would withdraw web 2 from channel stable' out
ok $? "says what it would do, and does nothing"
withdraw web --reason='the site has moved' --json
status=$?
[ $status -eq 0 ] && python3 -c 'import json; o = json.load(open("out")); assert o["withdrawn"] and o["written"] and o["version"] == "2" and len(o["files"]) == 4'
ok $? "withdraw, in JSON"
[ "$(newest)" = "$(printf '[Bundle]\nName=web\nVersion=2\nWithdrawn=yes\nReason=the site has moved')" ]
ok $? "the manifest says so, and nothing else"
listed web.manifest && ! listed web.tar.zst
ok $? "the bundle is not offered any more"
run verify repo --root=repo/metadata/1.root.json
ok $? "a machine finds nothing wrong with that"
refuses 1 'withdrawn from channel stable already' "once is enough" withdraw web
newest >gone.manifest
run lint gone.manifest && grep -q 'takes the bundle away' out
ok $? "lint knows it"
run pack tree-1 --manifest=gone.manifest --output=packed
[ $? -eq 2 ] && grep -q 'sealift withdraw' err
ok $? "pack does not make it"
publish gone.manifest
[ $? -eq 2 ] && grep -q 'not sealed' err
ok $? "nor does publish"

publish packed/web-2.manifest
ok $? "the same release can be published again"
listed web.tar.zst && newest | cmp -s - packed/web-2.manifest
ok $? "and is offered again"
publish packed/web-3.manifest && refuses 1 'below that of 3' "an epoch below" withdraw web --to=2
release 4 Epoch=3 && publish packed/web-4.manifest
withdraw web --to=3
ok $? "back to an earlier release"
newest | cmp -s - packed/web-3.manifest
ok $? "whose manifest is the same"
run verify repo --root=repo/metadata/1.root.json
ok $? "a machine finds nothing wrong with that"
find repo/targets -name '*.tar.zst' -exec sh -c 'printf x >>"$1"' - {} \;
refuses 1 '' "a bundle that was damaged since" withdraw web --to=4
done_testing
