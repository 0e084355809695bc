#!/usr/bin/env bash
# A tree of 250 MB in 5,000 files, from a bucket that has it in memory to a release on disk, every file checked and durable;
# against curl, tar, sha256sum and sync, which check and keep as much, without a signature; of this one file system, since others
# may be writing to theirs.
#
# Up to the entry that says that the release is current, which is when it has been committed; and for itself up to the one that
# says that it is on disk. Its service is ready as soon as it runs: what others take is measured by start.sh. Theirs starts
# nothing.
# shellcheck disable=SC2034 # for lib.sh
SCENARIO_OPTIONS=(--disk --timeout 900)
# shellcheck source=tests/benchmarks/lib.sh
. "${0%/*}/lib.sh"

RUNS=5

# install_ours VERSION: two times: to disk, and to the commit.
install_ours() {
    local start
    start=$(now_ms)
    sealift check >/dev/null
    echo $(($(ended installed "$1") - start)) $(($(ended current "$1") - start))
}

install_theirs() {
    rm -rf /srv/theirs
    mkdir /srv/theirs
    # shellcheck disable=SC2016 # expanded by that shell
    took bash -c 'set -e -o pipefail
        curl --silent --fail --cacert /etc/sealift/ca.pem "$1" | tar --extract --zstd --directory=/srv/theirs
        cd /srv/theirs && sha256sum --check --quiet /srv/sums
        sync --file-system .' - "$1"
}

web_begin
ballast_write
for ((run = 1; run <= RUNS; run++)); do
    ballast_publish "b$run"
    (cd "$WEB" && find . -type f -exec sha256sum {} +) >/srv/sums
    url=https://bucket.test/$(cd "$BUCKET" && find targets -name '*.tar.zst' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
    cat "$BUCKET/${url#https://bucket.test/}" >/dev/null
    sync
    read -r disk committed <<<"$(install_ours "b$run")"
    sync
    theirs=$(install_theirs "$url")
    diag "on disk $disk ms, committed $committed ms; $theirs ms"
    echo "$disk" >>/srv/disk.ms
    echo "$committed" >>/srv/ours.ms
    echo "$theirs" >>/srv/theirs.ms
done
diag "load: $(cut -d' ' -f1-3 /proc/loadavg)"
disk=$(median </srv/disk.ms)
ours=$(median </srv/ours.ms)
theirs=$(median </srv/theirs.ms)
row "install of 250 MB in 5,000 files, to the commit" "$ours ms" "curl, tar, sha256sum, sync: $theirs ms" "$(ratio "$ours" "$theirs")" "1.0 or less"
row "the same, until it is on disk" "$disk ms" "the same" "$(ratio "$disk" "$theirs")" "1.0 or less"
