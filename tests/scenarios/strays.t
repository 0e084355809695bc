#!/usr/bin/env bash
# A release that was to make way for the next one runs on, since sealift-unitd cannot be reached just then: it is told again at the
# next poll, before anything else is started, although retention keeps it on disk.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

TREE=/srv/app

# app_publish VERSION SOAK: a service that is ready when it is told to be, by SIGUSR1, and may run beside the one before it.
app_publish() {
    mkdir -p $TREE
    cat >$TREE/told.py <<'PY'
import os, signal, socket


def ready(_number, _frame):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])


signal.signal(signal.SIGUSR1, ready)
while True:
    signal.pause()
PY
    cat >/srv/app.manifest <<INTENT
[Bundle]
Name=app
Version=$1
SoakSec=$2

[Service main]
Type=notify
TimeoutStartSec=15min
ExecStart=/usr/bin/python3 /bundle/told.py

[Service door]
ExecStart=/usr/bin/sleep infinity

[Socket door]
ListenStream=8097
INTENT
    publish_release "$1" $TREE /srv/app.manifest
}

unit_at() { systemctl list-units --all --plain --no-legend "sealift-app.main@$1-*" | awk '{ print $1; exit }'; }
is_state() { [ -n "$(unit_at "$2")" ] && [ "$(property "$(unit_at "$2")" ActiveState)" = "$1" ]; }
# It waits once it has a handler for SIGUSR1.
waits() { is_state activating "$1" && grep -q '^SigCgt:.*2..$' "/proc/$(pid_of "$(unit_at "$1")")/status"; }
be_ready() {
    await 60 waits "$1"
    kill -USR1 "$(pid_of "$(unit_at "$1")")"
}
# update_begin VERSION SOAK: the check is $checker.
update_begin() {
    app_publish "$@"
    sealift check >/srv/said 2>&1 &
    checker=$!
}
# update VERSION SOAK
update() {
    update_begin "$@"
    be_ready "$1"
    wait $checker || true
    is "$(bundle_state app version) $(bundle_state app state)" "$1 running" "release $1 is installed"
}
# has_mail PID: somebody has written to it on a socket, and it has not read that yet.
has_mail() { nsenter --net --target "$1" ss -Hxp | awk -v pid="pid=$1," '$1 == "u_seq" && $3 > 0 && index($0, pid)' | grep -q .; }

bucket_start
publisher_init
agent_configure
agent_grant app Listen=tcp:8097
agent_start
update 1 0
update 2 1h

# It is answered that release 3 is up, and hears that when sealift-unitd has gone.
update_begin 3 1h
await 60 waits 3
agent=$(pid_of sealiftd.service)
kill -STOP "$agent"
be_ready 3
await 60 has_mail "$agent"
systemctl stop sealift-unitd.socket sealift-unitd.service
kill -CONT "$agent"
wait $checker || true
is "$(bundle_state app version) $(bundle_state app state)" "3 running" "release 3 is current"
ok "release 2 could not be told to make way" is_state active 2
systemctl start sealift-unitd.socket
ls "$STORE/releases/app" >/srv/kept
like "$(cat /srv/kept)" "(^|"$'\n'")2-" "and is kept on disk"

update_begin 4 1h
await 60 waits 4
is "$(unit_at 2)" "" "before the next release is started it is told again"
ok "while release 3 runs" is_state active 3
be_ready 4
wait $checker || true
is "$(bundle_state app version) $(bundle_state app state)" "4 running" "release 4 is installed"
is "$(unit_at 2)$(unit_at 3)" "" "alone"
done_testing
