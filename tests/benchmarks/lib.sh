# shellcheck shell=bash
# The first line of every benchmark behind its options:  . "${0%/*}/lib.sh"
#
# As a scenario is, each is run in a throw-away machine, and this brings the tools; what it measures goes into a table
# (tests/bench). Times are in milliseconds.
# shellcheck source=tests/host/scenario.sh
if [ -e /talk/scenario ]; then
    . /tests/host/lib.sh
else
    case ${SCENARIO_HOST:-} in vm) machine=vm ;; *) machine=host/boot ;; esac
    exec "${0%/*}/../$machine" ${SEALIFT_INSTALL:+--install "$SEALIFT_INSTALL"} ${SEALIFT_SUITE:+--suite "$SEALIFT_SUITE"} \
        "${SCENARIO_OPTIONS[@]}" "benchmarks/${0##*/}"
fi

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# took COMMAND...: how long it ran; its output is of no interest.
took() {
    local start
    start=$(now_ms)
    "$@" >/dev/null
    echo $(($(now_ms) - start))
}

# ended EVENT VERSION: when the journal says so, in milliseconds.
ended() {
    journalctl --quiet --output=json SEALIFT_VERSION="$2" MESSAGE_ID="${EVENT[$1]}" | jq -r '.__REALTIME_TIMESTAMP' | tail -n 1 | sed 's/...$//'
}

# median <NUMBERS
median() { sort -n | awk '{ a[NR] = $1 } END { print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'; }

# ratio OURS THEIRS
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# row WHAT OURS THEIRS RATIO AIM: one line of the table; "-" where there is nothing to say.
row() {
    local IFS='|'
    diag "row|$*"
}

# ready_program FILE: the least program that says when it is ready: 5 ms of its own.
ready_program() {
    cat >"$1" <<'PERL'
use Socket;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die;
send($s, "READY=1", 0, pack_sockaddr_un($ENV{NOTIFY_SOCKET})) or die;
sleep;
PERL
}

# ballast_write [FILES SIZE]: a tree of 250 MB in 5,000 files, or of others; half of each is random, so that it compresses about as
# programs do.
ballast_write() {
    python3 - "$WEB/ballast" "${1:-5000}" "${2:-50000}" <<'PYTHON'
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

# ballast_publish VERSION: with a service that is ready at once.
ballast_publish() {
    web_write "$1"
    ready_program "$WEB/ready.pl"
    printf '%s\n' '[Bundle]' Name=web Version=1 SoakSec=0 '[Service main]' Type=notify 'ExecStart=/usr/bin/perl /bundle/ready.pl' >/srv/ready.manifest
    publish_release "$1" "$WEB" /srv/ready.manifest >/dev/null
}

# ready_install: the release "ready" of that program; in $sealed.
ready_install() {
    mkdir -p /srv/ready
    ready_program /srv/ready/ready.pl
    install ready 1 <<'INTENT'
[Service main]
Type=notify
ExecStart=/usr/bin/perl /bundle/ready.pl
INTENT
}

# start_row WHAT AGAINST AIM: from what start.py printed into /srv/figures.
start_row() {
    local ours theirs
    sed -n 's/^# //p' /srv/figures | while read -r line; do diag "$line"; done
    ours=$(awk '$1 == "ours" { print $2 }' /srv/figures | median)
    theirs=$(awk '$1 == "theirs" { print $2 }' /srv/figures | median)
    row "$1" "$ours ms" "$2: $theirs ms" "$(ratio "$ours" "$theirs")" "$3"
}
