#!/usr/bin/env bash
# Bundles of sizes where programs go wrong: no file at all, many files, the longest name, names that are not ASCII, a file of 2^31
# bytes; and with `tests/check --long` a hundred thousand files, and a bundle of 4.5 GiB with files around 2^31 and 2^32 bytes.
if [ -n "${SEALIFT_LONG:-}" ]; then
    SCENARIO_OPTIONS=(--disk --timeout 5400)
    SCENARIO_ARGUMENTS=(long)
fi
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

TREE=/srv/sized large=

installed() { find "$STORE/releases/sized" -mindepth 2 -maxdepth 2 -path "*/$1-*" -name tree; }

# listing DIR: names, modes, sizes.
listing() { (cd "$1" && find . -printf '%P %y %m %s\n' | sed 's/ d \(...\) .*/ d \1/' | LC_ALL=C sort); }

# expect_installed VERSION NAME: what is in $TREE is packed, published, fetched, and comes out the same.
expect_installed() {
    local started=$SECONDS
    printf '%s\n' '[Bundle]' Name=sized Version=1 '[Service main]' 'ExecStart=/usr/bin/sleep infinity' >/srv/sized.manifest
    publish_release "$1" "$TREE" /srv/sized.manifest
    ok "$2: installed" sealift check
    is "$(bundle_state sized version) $(bundle_state sized state)" "$1 running" "$2: runs"
    is "$(diff <(listing "$TREE") <(listing "$(installed "$1")"))" "" "$2: names, modes and sizes are the same"
    ok "$2: so is every byte" diff --recursive --brief "$TREE" "$(installed "$1")"
    [ -n "$large" ] || [ -z "$(find "$TREE" -type f -print -quit)" ] || ok "$2: sha256sum says so, too" sh -c "sealift show --sums '$(dirname "$(installed "$1")")/manifest' | (cd '$(installed "$1")' && sha256sum --check --quiet -)"
    diag "$2: $((SECONDS - started)) s"
    rm -rf "$TREE" "${OUT:?}"/*
    mkdir "$TREE"
}

# make_files COUNT: in folders of a thousand, each with its number in it.
make_files() {
    local n
    (cd "$TREE" && for ((n = 0; n < $1; n++)); do
        [ $((n % 1000)) != 0 ] || mkdir "$((n / 1000))"
        echo "$n" >"$((n / 1000))/$n"
    done)
}

make_names() {
    local long
    long=$(printf 'n%.0s' {1..255})
    echo long >"$TREE/$long"
    mkdir -p "$TREE/ünïcödé 文字/🚢"
    echo ship >"$TREE/ünïcödé 文字/🚢/καράβι"
    # é in one letter, and in two: two names to Linux
    echo one >"$TREE/$(printf 'caf\xc3\xa9')"
    echo two >"$TREE/$(printf 'cafe\xcc\x81')"
    ln -s "$long" "$TREE/link"
}

# One bit in the middle of the zeros, so that they are of one file; the sum of them all is what packing takes, and installing.
make_2_31() {
    truncate -s $((1 << 31)) "$TREE/2^31"
    printf x | dd of="$TREE/2^31" bs=1 seek=$((1 << 30)) conv=notrunc status=none
}

make_large() {
    head -c $(((1 << 32) + 1)) /dev/urandom >"$TREE/2^32+1"
    head -c 512M /dev/urandom >"$TREE/random"
    truncate -s $(((1 << 31) - 1)) "$TREE/2^31-1"
    truncate -s $((1 << 31)) "$TREE/2^31"
    truncate -s $(((1 << 32) - 1)) "$TREE/2^32-1"
    truncate -s $((1 << 32)) "$TREE/2^32"
}

bucket_start
publisher_init
agent_configure
mkdir "$TREE"
# The store is in memory here, which would count as sealiftd's own.
site_dropin sealiftd Service MemoryMax=infinity
agent_start
expect_installed 1 "no file"
make_names
make_files 3000
expect_installed 2 "long and strange names, 3,000 files"
# Once over each byte in packing, unpacking, comparing: 26 s while five others want the same two processors.
if [ "$(df --output=avail -B 1M "$STORE/incoming" | tail -n 1)" -gt 4096 ]; then
    large=yes pack_options='--level 1'
    make_2_31
    expect_installed 3 "a file of 2^31 bytes"
    large='' pack_options=''
else
    skip "a file of 2^31 bytes: this machine has no 4 GiB left" 4
fi
if [ $# -gt 0 ]; then
    make_files 100000
    expect_installed 4 "100,000 files"
    pack_options='--level 1'
    make_large
    expect_installed 5 "4.5 GiB"
else
    skip "100,000 files: a minute or more; tests/check --long"
    skip "a bundle of 4.5 GiB, files of 2^31-1, 2^32-1, 2^32 and 2^32+1 bytes: ten minutes or more, and 30 GiB of disk; tests/check --long"
fi
done_testing
