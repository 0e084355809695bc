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

# median <NUMBERS
median() { sort -n | awk '{ a[NR] = $1 } END { print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'; }

# ratio OURS THEIRS
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# row WHAT OURS THEIRS RATIO AIM: one line of the table; "-" where there is nothing to say.
row() {
    local IFS='|'
    diag "row|$*"
}

# ready_install: the release "ready", whose program is the least that says when it is ready; in $sealed.
ready_install() {
    mkdir -p /srv/ready
    # The least program that says when it is ready: 5 ms of its own.
    cat >/srv/ready/ready.pl <<'PERL'
use Socket;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die;
send($s, "READY=1", 0, pack_sockaddr_un($ENV{NOTIFY_SOCKET})) or die;
sleep;
PERL
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
