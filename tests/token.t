#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Keys that never leave a PKCS#11 token (SoftHSM) sign releases: through pkcs11-tool (raw r and s, RSA-PSS, Ed25519) and through
# OpenSSL's engine (DER). What they sign is accepted by the verifier that hosts use.
set -u
for MODULE in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
    [ ! -e "$MODULE" ] || break
done
if [ ! -e "$MODULE" ] || ! command -v softhsm2-util >/dev/null || ! command -v pkcs11-tool >/dev/null; then
    echo "1..0 # SKIP softhsm2 and opensc are not installed"
    exit 0
fi
# shellcheck source=tests/publisher.sh
. "${top_srcdir:-.}/tests/publisher.sh"

mkdir tokens
echo "directories.tokendir = $work/tokens
log.level = ERROR" >softhsm.conf
SOFTHSM2_CONF=$work/softhsm.conf
PKCS11_MODULE_PATH=$MODULE
PIN=271828
export SOFTHSM2_CONF PKCS11_MODULE_PATH MODULE PIN
softhsm2-util --init-token --free --label release --so-pin 314159 --pin $PIN >out 2>err
ok $? "a token"

token="pkcs11-tool --module $MODULE --token-label release --login --pin env:PIN"
make_key() { # ID TYPE
    $token --keypairgen --key-type "$2" --id "$1" --label "key-$1" >out 2>err && $token --read-object --type pubkey --id "$1" --output-file "$1.der" >out 2>err
    ok $? "a key made in the token: $2"
}
make_key 01 EC:prime256v1
make_key 02 rsa:2048
for id in 01 02; do openssl pkey -pubin -inform DER -in $id.der -out $id.pub 2>err; done

cat >p256 <<'EOF'
#!/bin/sh
echo "$SEALIFT_ROLE" >>asked
openssl dgst -sha256 -binary | pkcs11-tool --module "$MODULE" --token-label release --login --pin env:PIN --sign --mechanism ECDSA --id 01
EOF
chmod +x p256

release web 1 'web 1'

# publishes NAME PUBLIC-KEY COMMAND: a repository whose releases that key signs
publishes() {
    rm -rf repo keys
    run key import "$2" --name=token --keys=imported &&
        run init --repository=repo --keys=keys --targets-key=imported/token.pub --signer="$3"
    ok $? "$1: init lists the token's public key"
    run publish --repository=repo --keys=keys --channel=stable --signer="$3" web.manifest
    ok $? "$1: publish signs in the token"
    key=$(run key list --keys=imported --json && sed -n 's/.*"id": "\([0-9a-f]*\)".*/\1/p' out)
    grep -q "\"keyid\": \"$key\"" repo/metadata/2.targets.json
    ok $? "$1: by the token's key"
    before=$(tree)
    (PIN=1 && export PIN && run publish --repository=repo --keys=keys --channel=stable --signer="$3" web.manifest)
    [ $? -eq 1 ] && grep -qE -- '--signer [^ ]*: (failed|was killed|wrote no signature)' err && ! grep -q 271828 err &&
        [ "$before" = "$(tree)" ]
    ok $? "$1: with another PIN nothing is signed, and nothing written"
    rm -rf imported
}
publishes "P-256, r and s" 01.pub ./p256
[ "$(sort -u asked)" = targets ]
ok $? "the token is asked for what it signs, and for no more"
publishes "RSA-PSS" 02.pub "$token --sign --mechanism SHA256-RSA-PKCS-PSS --id 02"
if openssl engine pkcs11 >out 2>&1; then
    # shellcheck disable=SC2016 # for the shell that it names
    publishes "P-256, OpenSSL's engine" 01.pub \
        'sh -c "exec openssl dgst -engine pkcs11 -keyform engine -sha256 -sign \"pkcs11:token=release;object=key-01;type=private;pin-value=$PIN\""'
else
    skip "P-256, OpenSSL's engine" "libengine-pkcs11-openssl is not installed"
fi
# pkcs11-tool writes this one as PEM; and the engine finds no key at all where there is one that it does not know.
make_key 03 EC:edwards25519
publishes "Ed25519" 03.der "$token --sign --mechanism EDDSA --id 03"

# The wrong key of the same token.
run key import 01.pub --name=token --keys=imported && run init --repository=other --keys=other-keys --targets-key=imported/token.pub \
    --signer="$token --sign --mechanism SHA256-RSA-PKCS-PSS --id 02"
[ $? -eq 1 ] && grep -q 'verifies what it wrote' err && [ ! -e other-keys ]
ok $? "a key that is not the one listed"

done_testing
