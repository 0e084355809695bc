#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who signs for a publisher: the folder of keys, and programs that sign; what either may not do, and that nothing is written then.
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
tree() { find repo keys -type f | LC_ALL=C sort | xargs sha256sum; }

# refuses STATUS WORD NAME ARGS...: that exit status, that word on stderr, and repository and keys untouched
refuses() {
    want=$1 word=$2 name=$3
    shift 3
    before=$(tree)
    run "$@"
    status=$?
    [ $status -eq "$want" ] && grep -q -- "$word" err && [ "$before" = "$(tree)" ]
    ok $? "$name"
}

# release VERSION: web.manifest, sealed, and web.tar.zst as sealift pack would leave them
release() {
    printf 'web %s' "$1" >web.tar.zst
    sum=$(sha256sum web.tar.zst | cut -d' ' -f1)
    cat >web.manifest <<EOF
[Bundle]
Name=web
Version=$1
[Service main]
ExecStart=/bundle/bin/web
[Content]
Format=tar.zst
SHA256=$sum
Size=$(wc -c <web.tar.zst)
UnpackedSize=7
Inodes=2
Directory=0755 bin
File=0755 7 $sum bin/web
EOF
}
release=0
# publish ARGS...: a new release
publish() {
    release=$((release + 1))
    release $release
    run publish --repository=repo --channel=stable "$@" web.manifest
}
script() { # NAME: a program from standard input
    { echo '#!/bin/sh' && cat; } >"$1"
    chmod +x "$1"
}

# ---- a program that signs -------------------------------------------------------------------------------------------
run init --repository=repo --keys=keys --targets-keys=2 --targets-threshold=1
ok $? "init"
mkdir away "with space"
mv keys/targets-1.pem away/1.pem
mv keys/targets-2.pem away/2.pem
script "with space/sign" <<'EOF'
key=$1
echo "$SEALIFT_ROLE|$SEALIFT_FILE|$SEALIFT_KEYIDS" >>told
exec openssl pkeyutl -sign -rawin -inkey "$key" -in /dev/stdin
EOF
publish --keys=keys
[ $? -eq 1 ] && grep -q 'lists for targets' err
ok $? "without it there are too few signatures"
publish --keys=keys --signer="'with space/sign' away/1.pem"
ok $? "a program signs for targets"
[ "$(wc -l <told)" = 1 ]
ok $? "and is not asked for what the folder's keys sign"
IFS='|' read -r role file ids <told
ids=$(printf %s "$ids" | tr ' ' '\n' | grep -cE '^[0-9a-f]{64}$')
[ "$role/$file/$ids" = "targets/metadata/2.targets.json/2" ]
ok $? "it is told the role, the file and the ids of both keys"
publish --keys=keys --signer="'with space/sign' away/1.pem" --signer="'with space/sign' away/2.pem" &&
    [ "$(wc -l <told)" = 2 ]
ok $? "a second one is not asked when the first is enough"
publish --keys=keys --signer="with\\ space/sign 'away/'\"2.pem\""
ok $? "quotes are a shell's"
touch ran
# shellcheck disable=SC2016 # must not be expanded
refuses 1 'failed with status' "but no shell runs it" publish --repository=repo --channel=stable --keys=keys \
    --signer='"with space/sign" $(rm ran) ; rm ran' web.manifest
[ -e ran ]
ok $? "whatever the words are"

# signer_refuses STATUS WORD NAME COMMAND [ARGS...]
signer_refuses() {
    status=$1 word=$2 name=$3 command=$4
    shift 4
    release=$((release + 1))
    release $release
    refuses "$status" "$word" "$name" publish --repository=repo --channel=stable --keys=keys --signer="$command" "$@" web.manifest
}
script fails <<'EOF'
echo 'no token here' >&2
exit 3
EOF
script killed <<'EOF'
kill -KILL $$
EOF
script floods <<'EOF'
exec yes
EOF
script mute <<'EOF'
cat >/dev/null
EOF
script hangs <<'EOF'
echo $$ >hanging
exec tail -f /dev/null
EOF
script agent <<'EOF'
tail -f /dev/null & echo $! >agent-pid
exec "./with space/sign" away/1.pem
EOF
script deaf <<'EOF'
exec <&-
exec openssl pkeyutl -sign -rawin -inkey away/1.pem -in web.manifest
EOF
signer_refuses 1 'signer ./none: cannot be run (No such file' "a program that is not there" ./none
signer_refuses 1 'signer ./fails: failed with status 3' "one that fails" ./fails
grep -q 'no token here' err
ok $? "whose own words are passed on"
signer_refuses 1 'signer ./killed: was killed by SIGKILL' "one that is killed" ./killed
signer_refuses 1 'signer ./floods: wrote more than the 1024' "one that writes without end" ./floods
signer_refuses 1 'signer ./mute: wrote no signature' "one that writes nothing" ./mute
signer_refuses 1 'signer ./hangs: did not sign within 0.5 s' "one that hangs" ./hangs --signer-timeout=500ms
! kill -0 "$(cat hanging)" 2>/dev/null
ok $? "and is ended"
signer_refuses 1 'signer ./deaf: none of the keys that root version 1 lists for targets' "one that signs something else" ./deaf
openssl genpkey -algorithm ED25519 -out away/stranger.pem 2>/dev/null
signer_refuses 1 'verifies what it wrote' "a signature by a key that is not listed" "'with space/sign' away/stranger.pem"
signer_refuses 2 'a quote is not closed' "a quote that is not closed" "'with space/sign away/1.pem"
signer_refuses 2 'names no program' "an empty command" " "
signer_refuses 2 'signer-timeout=soon' "no time span" ./mute --signer-timeout=soon
signer_refuses 1 'signer ./fails: failed' "an argument, which may be a PIN, is not repeated" "./fails 271828"
! grep -q 271828 err
ok $? "anywhere"
publish --keys=keys --signer=./agent
ok $? "a program that leaves another one behind is not waited for"
kill "$(cat agent-pid)"
publish --keys=keys --signer="'with space/sign' away/stranger.pem" --signer="'with space/sign' away/1.pem"
ok $? "another's signature does no harm where there are enough"
publish
[ $? -eq 2 ] && grep -q 'keys or --signer is needed' err
ok $? "nobody to sign"

done_testing
