#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sealift pack warns: of what looks like a secret, with its place and never with the secret; of a bundle over 500 MB;
# --strict makes an error of it, --public takes it back. What counts as a secret is test-secret's.
set -u
sealift=${top_builddir:-.}/sealift
[ -x "$sealift" ] || { echo "1..0 # SKIP no $sealift"; exit 0; }
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"
tap_output=$work/said

tree=$work/tree
mkdir -p "$tree/bin" "$tree/etc"
printf '#!/bin/sh\n' >"$tree/bin/web"
chmod +x "$tree/bin/web"
printf '%s\n' '[Bundle]' 'Name=web' 'Version=1' '[Service main]' 'ExecStart=/bundle/bin/web' >"$work/web.manifest"

# pack STATUS NAME [OPTION...]: into "out", which is empty before; what is said into "said".
pack() {
    want=$1
    what=$2
    shift 2
    rm -rf "$work/out"
    "$sealift" pack "$tree" --manifest "$work/web.manifest" --output "$work/out" "$@" >"$work/stdout" 2>"$work/said"
    status=$?
    [ "$status" = "$want" ] || echo "exit status $status, want $want" >>"$work/said"
    [ "$status" = "$want" ]
    ok $? "$what"
}
says() {
    grep -qF -- "$1" "$work/said"
    ok $? "and says: $1"
}
made() {
    [ -f "$work/out/web-1.manifest" ] && [ -f "$work/out/web-1.tar.zst" ]
    ok $? 'and the release is made'
}
nothing() {
    [ -z "$(ls -A "$work/out" 2>/dev/null)" ]
    ok $? 'and nothing is made'
}
quiet() {
    [ ! -s "$work/said" ]
    ok $? 'and nothing is said'
}

pack 0 'a tree without secrets' --strict
quiet
made

openssl genpkey -algorithm ed25519 -out "$tree/etc/site.key" 2>/dev/null ||
    { echo "1..0 # SKIP no openssl"; exit 0; }
token=gh''p_AbCd1234EfGh5678IjKl9012MnOp3456QrSt
printf 'listen 80\n\nauth %s\n' "$token" >"$tree/etc/site.conf"
printf '\0\0\0\0%s' "$token" >"$tree/etc/blob"
printf 'DB_PASSWORD=hunter22\n' >"$tree/.env"
: >"$tree/etc/store.p12"
pack 0 'one with secrets is packed all the same'
says 'sealift pack: warning: etc/site.key:1: looks like a private key'
says 'sealift pack: warning: etc/site.conf:3: looks like a GitHub token'
says 'sealift pack: warning: etc/blob, byte 4: looks like a GitHub token'
says 'sealift pack: warning: .env:1: looks like a password or token'
says 'sealift pack: warning: etc/store.p12: is called like a key store'
says 'LoadCredential='
says '--public=PATH'
made
! grep -qE "$token|hunter22|$(sed -n 2p "$tree/etc/site.key" | tr -d '+/=' | cut -c1-12)" "$work/said"
ok $? 'but no secret is repeated'
[ "$(grep -c LoadCredential "$work/said")" = 1 ]
ok $? 'and what to do is said once'

pack 2 'not if told to be strict' --strict
says 'sealift pack: 5 warnings, and --strict: nothing was made'
nothing

pack 0 'what is public is no secret' --strict --public '.env' --public 'etc/*'
quiet
made
pack 2 'but nothing else is' --strict --public 'etc/site.*' --public '.env'
says 'etc/blob, byte 4'
says '2 warnings'
pack 0 'as JSON' --json
python3 - "$work/stdout" <<'PY'
import json, sys
warnings = json.load(open(sys.argv[1]))["warnings"]
sys.exit(0 if len(warnings) == 5 and ".env:1: looks like a password or token" in warnings else 1)
PY
ok $? 'all warnings are there, too'

cp "$work/web.manifest" "$work/kept"
printf '%s\n' 'Environment=PORT=80 DB_PASSWORD=hunter22' 'Environment=TOKEN_FILE=/run/token' \
    "ExecReload=/bundle/bin/web --auth $token" >>"$work/web.manifest"
pack 2 'a manifest is public, too' --strict --public '*'
says "web.manifest:6: Environment= looks like a password or token"
says "web.manifest:8: ExecReload= looks like a GitHub token"
says '2 warnings'
mv "$work/kept" "$work/web.manifest"

# The bytes are the same with and without somebody looking.
sum() { sha256sum "$work/out/web-1.tar.zst" | cut -d' ' -f1; }
pack 0 'twice' --public '*'
first=$(sum)
pack 0 'the same tree'
[ "$(sum)" = "$first" ]
ok $? 'gives the same bytes'

rm -rf "${tree:?}/etc" "$tree/.env"
mkdir "$tree/etc"
i=0
while [ $i -lt 40 ]; do
    printf '%s\n' "$token" >"$tree/etc/$i"
    i=$((i + 1))
done
pack 0 'a tree full of them'
says 'and 15 more; --json has all of them'
[ "$(grep -c warning: "$work/said")" = 25 ]
ok $? 'does not scroll everything else away'

# Names of one file: half a gigabyte that compresses to as much, of 16 MiB on the disk.
rm -rf "${tree:?}/etc"
mkdir "$tree/etc"
openssl enc -aes-128-ctr -K 0 -iv 0 -in /dev/zero 2>/dev/null | head -c 16777216 >"$tree/etc/0"
i=1
while [ $i -lt 30 ]; do
    ln "$tree/etc/0" "$tree/etc/$i"
    i=$((i + 1))
done
pack 2 'a bundle over 500 MB' --strict --level 1
says 'web-1.tar.zst: is 503 MB; each machine fetches it and keeps it two times unpacked, 503 MB each: is all of it needed?'
says '1 warning, and --strict'
nothing
rm "$tree/etc/29"
pack 0 'one below is usual' --strict --level 1
quiet
done_testing
