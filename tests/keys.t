#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who signs for a publisher: the folder of keys, and programs that sign; what either may not do, and that nothing is written then.
set -u
# shellcheck source=tests/publisher.sh
. "${top_srcdir:-.}/tests/publisher.sh"
kept="repo keys"


release=0
next_release() {
    release=$((release + 1))
    release web $release "web $release"
}
# publish ARGS...: the next release
publish() {
    next_release
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
    next_release
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
tail -f /dev/null >/dev/null &
trap 'echo closed >closed; kill $!; exit 1' TERM
wait
EOF
script stubborn <<'EOF'
trap '' TERM
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
signer_refuses 1 'signer ./hangs: did not sign within 5 s' "one that hangs" ./hangs --signer-timeout=5s
[ -e closed ]
ok $? "and is told to end"
signer_refuses 1 'signer ./stubborn: did not sign within 4.5 s' "one that hangs and will not end" ./stubborn --signer-timeout=4500ms
[ -s hanging ] && ! kill -0 "$(cat hanging)" 2>/dev/null
ok $? "is ended"
signer_refuses 1 'signer ./deaf: none of the keys that root version 1 lists for targets' "one that signs something else" ./deaf
openssl genpkey -algorithm ED25519 -out away/stranger.pem 2>/dev/null
signer_refuses 1 'verifies what it wrote' "a signature by a key that is not listed" "'with space/sign' away/stranger.pem"
signer_refuses 2 'a quote is not closed' "a quote that is not closed" "'with space/sign away/1.pem"
signer_refuses 2 'names no program' "an empty command" " "
signer_refuses 2 'signer-timeout=soon' "no time span" ./mute --signer-timeout=soon
signer_refuses 1 'signer ./fails: failed' "an argument, which may be a PIN, is not repeated" "./fails 271828"
! grep -q 271828 err
ok $? "anywhere"
next_release
python3 -c 'import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])' \
    "$sealift" publish --repository=repo --channel=stable --keys=keys --signer="'with space/sign' away/1.pem" web.manifest >out 2>err
ok $? "a parent that ignores the end of children changes nothing"
publish --keys=keys --signer=./agent
ok $? "a program that leaves another one behind is not waited for"
kill "$(cat agent-pid)"
publish --keys=keys --signer="'with space/sign' away/stranger.pem" --signer="'with space/sign' away/1.pem"
ok $? "another's signature does no harm where there are enough"
many=$(printf ' --signer=./mute%.0s' $(seq 17))
# shellcheck disable=SC2086 # words
signer_refuses 2 '--signer is given more than 16 times' "more programs than anybody has" ./mute $many
publish
[ $? -eq 2 ] && grep -q 'keys or --signer is needed' err
ok $? "nobody to sign"

# ---- keys and their passphrases -------------------------------------------------------------------------------------
# no_terminal COMMAND...: where nobody can be asked
no_terminal() { setsid --wait "$@" </dev/null >out 2>err; }
is_json() { python3 -m json.tool out >/dev/null; }

printf 'open sesame\nnot this\n' >pass
printf 'open sesami\n' >wrong
chmod 600 pass wrong
for type in ed25519 ecdsa rsa; do
    run key new "plain-$type" --keys=own --type=$type --json
    ok $? "key new: $type"
    is_json && grep -q '"kept": "private"' out && [ "$(stat -c %a own/plain-$type.pem own/plain-$type.pub | tr '\n' ' ')" = '600 644 ' ]
    ok $? "for its owner alone, with a public half for everybody"
    openssl pkey -in own/plain-$type.pem -pubout 2>/dev/null | cmp -s - own/plain-$type.pub
    ok $? "which is its own, says OpenSSL"
    run key new "sealed-$type" --keys=own --type=$type --passphrase-file=pass
    ok $? "$type, encrypted"
    openssl asn1parse -in own/sealed-$type.pem 2>/dev/null | grep -q :scrypt &&
        openssl pkey -in own/sealed-$type.pem -passin 'pass:open sesame' -noout 2>/dev/null &&
        ! openssl pkey -in own/sealed-$type.pem -passin 'pass:open sesami' -noout 2>/dev/null
    ok $? "by scrypt, with the first line of the file"
done
[ "$(stat -c %a own)" = 700 ]
ok $? "the folder is its owner's, too"

# key_refuses STATUS WORD NAME ARGS...: and the folder is as before
key_refuses() {
    want=$1 word=$2 name=$3
    shift 3
    before=$(find own -type f -exec sha256sum {} + | LC_ALL=C sort)
    run key --keys=own "$@"
    status=$?
    [ $status -eq "$want" ] && grep -q -- "$word" err && [ "$before" = "$(find own -type f -exec sha256sum {} + | LC_ALL=C sort)" ]
    ok $? "$name"
}
key_refuses 1 'already' "a key is never replaced" new plain-rsa
rm own/plain-rsa.pem
key_refuses 1 'already' "nor a public half" new plain-rsa
key_refuses 1 'already' "which a dry run tells, too" new plain-ecdsa --dry-run
key_refuses 2 "a-z" "a name of other letters" new 'Plain/rsa'
key_refuses 2 'not a type' "a type there is not" new other --type=dsa
key_refuses 2 'no meaning' "an option of another word" new other --name=x
key_refuses 2 'not one of' "a word there is not" old other
key_refuses 2 'takes NAME' "no name" new
run key new other
[ $? -eq 2 ] && grep -q 'keys is needed' err
ok $? "no folder"
chmod 640 pass
key_refuses 1 'chmod 600' "a passphrase that others may read" new other --passphrase-file=pass
chmod 600 pass
: >empty
chmod 600 empty
key_refuses 2 'first line' "an empty passphrase" new other --passphrase-file=empty
run key new other --keys=own --dry-run && grep -q 'Would write' out && [ ! -e own/other.pem ]
ok $? "a dry run writes nothing"
run key new other --keys=unmade --dry-run && [ ! -e unmade ]
ok $? "not even a folder"

terminal 'knock knock' 'knock knock' -- "$sealift" key new asked --keys=own --encrypt
ok $? "key new --encrypt asks for a passphrase"
[ "$(grep -c '^quiet' out)" = 2 ] && ! grep -q '^echo\|knock' out
ok $? "twice, and the terminal does not show it"
openssl pkey -in own/asked.pem -passin 'pass:knock knock' -noout 2>err
ok $? "and that it is"
terminal 'knock knock' 'knock' -- "$sealift" key new asked-2 --keys=own --encrypt
[ $? -eq 2 ] && grep -q 'differ' out && [ ! -e own/asked-2.pem ]
ok $? "two that differ are none"
terminal '' -- "$sealift" key new asked-2 --keys=own --encrypt
[ $? -eq 2 ] && [ ! -e own/asked-2.pem ]
ok $? "an empty one is none"
rm own/asked.pub
terminal '^Z' 'knock knock' -- "$sealift" key list --keys=own &&
    grep -q '^stopped, echo' out && grep -q 'asked.pem .*encrypted' out
ok $? "^Z gives the terminal its echo back, and fg asks again"
terminal '^C' -- "$sealift" key list --keys=own
[ $? -eq 130 ] && grep -q '^ended, echo' out
ok $? "^C ends it, with the terminal as it was"
terminal 'knock' 'knock knock' -- "$sealift" key list --keys=own &&
    [ "$(grep -c '^quiet' out)" = 2 ]
ok $? "a wrong passphrase is asked for again"
terminal a b c -- "$sealift" key list --keys=own
[ $? -eq 1 ] && grep -q 'asked.pem: the passphrase is wrong' out
ok $? "three times"
no_terminal "$sealift" key list --keys=own
[ $? -eq 1 ] && grep -q 'asked.pem: is encrypted: there is no terminal.*passphrase-file' err
ok $? "where nobody can be asked, it says what to do"
rm own/asked.pem

no_terminal "$sealift" key list --keys=own --json
ok $? "key list needs no passphrase where public halves are there"
is_json && [ "$(grep -c '"kept": "encrypted"' out) $(grep -c '"kept": "private"' out) $(grep -c '"kept": "public"' out)" = '3 2 1' ]
ok $? "and tells how each is kept"
! grep -q PRIVATE out
ok $? "and nothing private"

# A program has the terminal to itself, and ^C is for both.
script asks <<'EOF'
printf 'PIN: ' >/dev/tty
read -r pin </dev/tty
[ "$pin" = 271828 ] || exit 1
exec openssl pkeyutl -sign -rawin -inkey away/1.pem -in /dev/stdin
EOF
next_release
before=$(tree)
terminal '^C' -- "$sealift" publish --repository=repo --channel=stable --keys=keys --signer=./asks web.manifest
[ $? -eq 130 ] && [ "$before" = "$(tree)" ]
ok $? "^C while a program asks for its PIN: nothing is written"
terminal 271828 -- "$sealift" publish --repository=repo --channel=stable --keys=keys --signer=./asks web.manifest
ok $? "the PIN reaches it"

# ---- import ---------------------------------------------------------------------------------------------------------
mkdir other
openssl ecparam -name prime256v1 -genkey -out other/traditional.key 2>/dev/null
openssl rsa -in own/sealed-rsa.pem -passin 'pass:open sesame' -traditional -aes128 -passout 'pass:open sesame' -out other/Old.key 2>/dev/null
openssl ecparam -name secp384r1 -genkey -noout -out other/p384.pem 2>/dev/null
openssl genrsa -out other/weak.pem 1024 2>/dev/null
chmod 600 other/*
run key import other/traditional.key --keys=own
ok $? "key import: a private key in an older form"
grep -q 'BEGIN PRIVATE KEY' own/traditional.pem && [ "$(stat -c %a own/traditional.pem)" = 600 ]
ok $? "comes as PKCS#8"
key_refuses 2 'use --name' "a file's name that is no name for a key" import other/Old.key --passphrase-file=pass
run key import other/Old.key --name=old --keys=own --passphrase-file=pass
ok $? "an encrypted one"
grep -q 'BEGIN ENCRYPTED' own/old.pem && openssl pkey -in own/old.pem -passin 'pass:open sesame' -pubout 2>/dev/null | cmp -s - own/sealed-rsa.pub
ok $? "stays encrypted, and the key it was"
run key import own/plain-rsa.pub --name=half --keys=own && [ ! -e own/half.pem ] && cmp -s own/half.pub own/plain-rsa.pub
ok $? "a public key"
ed=$(openssl pkey -in own/plain-ed25519.pem -pubout -outform DER 2>/dev/null | tail -c 32 | od -An -tx1 | tr -d ' \n')
echo "{\"keytype\": \"ed25519\", \"scheme\": \"ed25519\", \"keyval\": {\"public\": \"$ed\"}}" >other/tuf.json
run key import other/tuf.json --keys=own && cmp -s own/tuf.pub own/plain-ed25519.pub
ok $? "a public key as TUF has it"
sed -i 's/"scheme": "[a-z0-9]*"/"scheme": "ml-dsa-65"/' other/tuf.json
key_refuses 2 'not known here' "of a scheme of tomorrow" import other/tuf.json --name=tomorrow
key_refuses 1 'passphrase is wrong' "the wrong passphrase" import other/Old.key --name=x --passphrase-file=wrong
key_refuses 2 'P-256' "another curve" import other/p384.pem
key_refuses 2 'too weak' "a key too short" import other/weak.pem
key_refuses 2 'not a private key' "something else" import web.manifest
chmod 644 other/traditional.key
key_refuses 1 'chmod 600' "a private key that others may read" import other/traditional.key --name=x

# ---- each type signs, from a file, encrypted, through a program -----------------------------------------------------
script openssl-sign <<'EOF'
case $(openssl pkey -in "$1" -noout -text | head -n 1) in
ED25519*) exec openssl pkeyutl -sign -rawin -inkey "$1" -in /dev/stdin ;;
*256*) exec openssl dgst -sha256 -sign "$1" ;;
*) exec openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -sign "$1" ;;
esac
EOF
for type in ed25519 ecdsa rsa; do
    rm -rf repo keys
    given=--root-keys=1
    [ $type != rsa ] || given="--root-key=own/sealed-ecdsa.pem --timestamp-key=own/sealed-ed25519.pem" # RSA keys take their time
    # shellcheck disable=SC2086 # words
    run init --repository=repo --keys=keys --type=$type $given --passphrase-file=pass
    ok $? "init: $type, encrypted"
    [ "$(grep -l 'BEGIN ENCRYPTED' keys/*.pem | wc -l)" = 4 ]
    ok $? "all four"
    mkdir safe && mv keys/root-*.pem safe
    publish --keys=keys --passphrase-file=pass
    ok $? "publish with a passphrase file"
    next_release
    terminal 'open sesame' -- "$sealift" publish --repository=repo --channel=stable --keys=keys web.manifest
    ok $? "publish, asked once for three keys"
    refuses 1 'passphrase is wrong' "the wrong passphrase" publish --repository=repo --channel=stable --keys=keys --passphrase-file=wrong web.manifest
    openssl pkey -in keys/targets-1.pem -passin 'pass:open sesame' -out safe/targets.pem 2>/dev/null
    rm keys/targets-1.pem
    publish --keys=keys --passphrase-file=pass --signer="./openssl-sign safe/targets.pem"
    ok $? "publish with a program, $type"
    run init --repository=given --keys=given-keys --targets-key=keys/targets-1.pub --signer="./openssl-sign safe/targets.pem"
    ok $? "init lists a key that is elsewhere"
    grep -q 'targets-1.pub .* 1 of 1' out && [ ! -e given-keys/targets-1.pem ]
    ok $? "of which there is the public half"
    next_release
    run publish --repository=given --channel=stable --keys=given-keys --signer="./openssl-sign safe/targets.pem" web.manifest
    ok $? "and its program publishes"
    cp keys/timestamp-1.pem keys/snapshot-1.pem
    refuses 2 'snapshot-1.pem: the .pub beside it is of another key' "a locked key behind another's public half" \
        publish --repository=repo --channel=stable --keys=keys --passphrase-file=pass --signer="./openssl-sign safe/targets.pem" web.manifest
    rm -rf given given-keys safe
done
run init --repository=given --keys=given-keys --targets-key=own/half.pub
[ $? -eq 1 ] && grep -q 'lists for targets' err && [ ! -e given-keys ] && [ -z "$(find given -type f)" ]
ok $? "init without that program leaves neither keys nor metadata"
run init --repository=mixed --keys=mixed-keys --targets-key=own/plain-ecdsa.pem --targets-key=own/plain-ed25519.pem --targets-keys=1 --targets-threshold=3
ok $? "given keys and a new one"
run key list --keys=mixed-keys --repository=mixed
[ "$(grep -c 'signs for targets' out)" = 3 ] && grep -q 'targets-1.pem *ecdsa *private *signs for targets' out
ok $? "key list tells what they sign for"
cp own/half.pub mixed-keys
run key list --keys=mixed-keys --repository=mixed --json && is_json && [ "$(grep -c '"roles": \[\]' out)" = 1 ]
ok $? "in JSON, too, and of one that signs for nothing"

# A question is asked only where the answer is needed.
run init --repository=lazy --keys=lazy-keys --targets-key=own/plain-ecdsa.pem --targets-key=own/sealed-ecdsa.pub --targets-threshold=1
ok $? "two keys, one of which must sign"
rm lazy-keys/targets-2.pub
cp own/sealed-ecdsa.* lazy-keys
next_release
no_terminal "$sealift" publish --repository=lazy --keys=lazy-keys --channel=stable web.manifest
ok $? "nobody is asked to open the other"
rm lazy-keys/targets-1.*
no_terminal "$sealift" publish --repository=lazy --keys=lazy-keys --channel=stable web.manifest
[ $? -eq 1 ] && grep -q 'sealed-ecdsa.pem: is encrypted' err
ok $? "until it is needed"
run publish --repository=lazy --keys=lazy-keys --channel=stable --passphrase-file=pass web.manifest
ok $? "and opened"

# The same key, listed twice, is one key.
run init --repository=twice --keys=twice-keys --targets-key=own/plain-ecdsa.pem --targets-key=own/plain-ecdsa.pem --targets-threshold=2
grep -q '1 of the keys that root version 1 lists for targets is here, 2 must sign' err && [ ! -e twice-keys ]
ok $? "the same key given twice is no two keys"

done_testing
