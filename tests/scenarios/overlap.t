#!/usr/bin/env bash
# A service behind a socket of systemd is replaced beside the old one: somebody who asks all the time is answered all the
# time, and a release that fails on trial is never noticed. A changed socket makes the old release stop first.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

EXAMPLE=/usr/share/doc/sealift/manifests/node-exporter.manifest
TREE=/srv/exporter
SOCKET=sealift-node-exporter.main.socket

# publish VERSION [SED-SCRIPT]: Debian's node exporter as release VERSION.
publish() {
    sed "${2:-}" "$EXAMPLE" >/srv/exporter.manifest
    publish_release "$1" "$TREE" /srv/exporter.manifest
}

units() { units_of node-exporter; }
answers() { curl --silent --fail --max-time 10 --output /dev/null http://localhost:9100/metrics; }
since() { systemctl show --property=ActiveEnterTimestampMonotonic --value "$SOCKET"; }
# job_time WORD VERSION: when systemd said so of that release's unit, in microseconds.
job_time() {
    journalctl --quiet --output=json _PID=1 |
        jq -r --arg word "$1" --arg version "$2" 'select(.MESSAGE | tostring |
            test("^" + $word + " sealift-node-exporter.main@" + $version + "-")) | .__MONOTONIC_TIMESTAMP' | tail -n 1
}
before() { [ -n "$1" ] && [ -n "$2" ] && [ "$1" -lt "$2" ]; }

# Somebody who asks all the time, until the file is gone: what was not taken goes into /srv/lost. This program ends at once when it
# is told to, and with it a request that it has begun with; load.t has one that answers first.
ask_all_the_time() {
    local status
    : >/srv/asking
    : >/srv/lost
    : >/srv/asked
    while [ -e /srv/asking ]; do
        status=0
        answers || status=$?
        case $status in 0 | 52 | 56) ;; *) echo "curl ended with status $status" >>/srv/lost ;; esac
        echo >>/srv/asked
    done
}
asked_some() { [ "$(wc -l </srv/asked)" -gt "$1" ]; }

beside() {
    local opened asker
    opened=$(since)
    ask_all_the_time &
    asker=$!
    await 10 asked_some 5
    publish 2
    ok "release 2 is installed" sealift check
    await 10 asked_some $(($(wc -l </srv/asked) + 5))
    rm /srv/asking
    wait "$asker"
    diag "$(wc -l </srv/asked) requests while release 2 replaced release 1"
    is "$(cat /srv/lost)" "" "every request was taken"
    ok "the new one was up before the old one was stopped" before "$(job_time Started 2)" "$(job_time Stopping 1)"
    like "$(units)" "^sealift-node-exporter\.main@2-[^ ]*$" "the old one is gone"
    is "$(since)" "$opened" "and the socket was open all along"
}

on_trial() {
    local unit opened
    unit=$(units)
    opened=$(since)
    publish 3 's|^ExecStart=.*|ExecStart=/usr/bin/false \\|'
    not_ok "a release that fails on trial" sealift check
    is "$(units)" "$unit" "is not noticed by the one that runs"
    ok "which answers" answers
    is "$(since)" "$opened" "and the socket was open all along"
}

nothing_runs() { [ -z "$(units)" ]; }
# The release that failed was the last to hold the socket.
still_woken() {
    systemctl kill --signal=TERM "$(units)"
    ok "the release that runs ends in order" await 20 nothing_runs
    ok "a connection wakes it" answers
    like "$(units)" "^sealift-node-exporter\.main@2-[^ ]*$" "and not the one that failed on trial"
}

verdicts() { sed -n '/Quarantined/,$p' "$STORE/state/node-exporter"; }
# An administrator has stopped the socket; the service that runs has it still, and nobody else can.
stopped_socket() {
    local unit said before
    unit=$(units)
    before=$(verdicts)
    systemctl stop "$SOCKET"
    publish 3.1
    said=$(sealift check 2>&1) && said="no failure"
    like "$said" "$SOCKET: systemd cannot listen there.*sealift restart node-exporter" "a release whose socket cannot be opened is told"
    is "$(units)" "$unit" "the old one runs on"
    ok "and answers" answers
    not_ok "it is tried again" sealift check
    is "$(verdicts)" "$before" "and not quarantined: it is the host's doing"
    ok "the release that runs is restarted" sealift restart node-exporter
    ok "and has its socket" answers
    ok "then the next one is installed" sealift check
    like "$(units)" "^sealift-node-exporter\.main@3.1-[^ ]*$" "and runs"
}

# Somebody else has the port that the next release wants, which makes the old one stop first.
squatted_port() {
    local unit
    systemd-run --quiet --unit=squatter python3 -m http.server 9101
    await 10 curl --silent --output /dev/null http://localhost:9101/
    agent_grant node-exporter Listen=tcp:9100 Listen=tcp:9101
    publish 3.2 's|^ListenStream=.*|ListenStream=9101|'
    not_ok "a release whose port is taken" sealift check
    unit=$(units)
    like "$unit" "main@3.1-" "is none to stay: the old one is back"
    like "$(sealift why node-exporter)" "systemd cannot listen" "why says so"
    systemctl stop squatter.service
    ok "with the port free, a check installs it" sealift check
    like "$(units)" "main@3.2-" "and it runs"
}
changed_socket() {
    publish 4 's|^Backlog=.*|Backlog=64|'
    ok "a release with a changed socket is installed" sealift check
    ok "the old one was stopped before" before "$(job_time Stopping 3.2)" "$(job_time Starting 4)"
    ok "it answers" answers
    is "$(ss -Hltn 'sport = 9100' | awk '{ print $3 }')" 64 "on the changed socket"
}

bucket_start
publisher_init
agent_configure
agent_grant node-exporter Listen=tcp:9100
agent_start
mkdir -p "$TREE"
cp /usr/bin/prometheus-node-exporter "$TREE"
publish 1
ok "release 1 is installed" sealift check
ok "and answers" answers
beside
on_trial
still_woken
stopped_socket
squatted_port
changed_socket
done_testing
