#!/usr/bin/env bash
# A tree of 250 MB in 5,000 files, from a bucket that has it in memory to a release on disk, every file checked and durable;
# against curl, tar, sha256sum and sync, which check and keep as much, without a signature; of this one file system, since others
# may be writing to theirs.
#
# What a service takes to start is not counted: it is the same for both, and measured by start.sh.
# shellcheck disable=SC2034 # for lib.sh
SCENARIO_OPTIONS=(--disk --timeout 900)
# shellcheck source=tests/benchmarks/lib.sh
. "${0%/*}/lib.sh"

FILES=5000 FILE_BYTES=50000 RUNS=5

# write_ballast: half of each file is random, so that it compresses about as programs do.
write_ballast() {
    python3 - "$WEB/ballast" "$FILES" "$FILE_BYTES" <<'PYTHON'
import os, random, sys
folder, files, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
r = random.Random(1)
for i in range(files):
    d = f"{folder}/{i // 100:02d}"
    os.makedirs(d, exist_ok=True)
    half = r.randbytes(size // 2)
    with open(f"{d}/{i:04d}", "wb") as f:
        f.write(half + b"sealift " * ((size - len(half)) // 8))
PYTHON
}

# install_ours VERSION: up to the entry that says that the release is on disk.
install_ours() {
    local start end
    start=$(now_ms)
    sealift check >/dev/null
    end=$(journalctl --quiet --output=json SEALIFT_VERSION="$1" MESSAGE_ID="$INSTALLED" | jq -r '.__REALTIME_TIMESTAMP' | tail -n 1)
    echo $((end / 1000 - start))
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

# The id of the entry that says so.
INSTALLED=$(grep -B 1 '^Subject: .* is on disk' /usr/lib/systemd/catalog/sealift.catalog | sed -n 's/^-- //p')
web_begin
write_ballast
for ((run = 1; run <= RUNS; run++)); do
    web_write "b$run"
    web_publish "b$run" >/dev/null
    (cd "$WEB" && find . -type f -exec sha256sum {} +) >/srv/sums
    url=https://bucket.test/$(cd "$BUCKET" && find targets -name '*.tar.zst' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
    cat "$BUCKET/${url#https://bucket.test/}" >/dev/null
    sync
    ours=$(install_ours "b$run")
    theirs=$(install_theirs "$url")
    diag "$ours ms, $theirs ms"
    echo "$ours" >>/srv/ours
    echo "$theirs" >>/srv/theirs.ms
done
ours=$(median </srv/ours)
theirs=$(median </srv/theirs.ms)
row "install of 250 MB in 5,000 files" "$ours ms" "curl, tar, sha256sum, sync: $theirs ms" "$(ratio "$ours" "$theirs")" "1.0 or less"
