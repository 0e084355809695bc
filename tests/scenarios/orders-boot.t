#!/usr/bin/env bash
# When the machine boots, or the agent starts, releases are started; orders do not wait for those that take their time, not even the
# ones about them.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/slow.sh
. /tests/host/slow.sh

nothing_of() { [ -z "$(units_of "$1")" ]; }
# told WORDS ORDER...
told() {
    local words=$1
    shift
    like "$(timeout 20 sealift "$@" 2>&1)" "$words" "while it starts: sealift $*"
}

web_begin
slow_publish
sealift check --no-wait
await 30 test -d "${GO%/*}"
touch "$GO"
ok "a release that takes its time" await 60 slow_is running
rm "$GO"
systemctl stop sealiftd.service
systemctl stop "$(unit_of slow)" "$(unit_of web)"
journal_mark
systemctl start sealiftd.service
ok "all are started again" await 60 web_answers 1
ok "but one is not up yet" await 20 slow_is starting
told "is held" hold slow
told "not held" unhold slow
told "started again" restart web
told "^Good: web 1-" verify web
ok "it starts all the while" slow_is starting
told "is stopped" stop slow
ok "nothing of it is left" await 20 nothing_of slow
is "$(bundle_state slow state)" stopped "status says so"
is "$(journal_since "MESSAGE_ID=${EVENT[restore-failed]}")" "" "and that it was stopped is no failure"
touch "$GO"
ok "it can be started" sealift start slow
ok "and runs" slow_is running

# Two releases of one that may run beside each other, and are ready when told to be.
mkdir -p /srv/told
cat >/srv/told/told.py <<'PY'
import os, signal, socket


def ready(_number, _frame):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])


signal.signal(signal.SIGUSR1, ready)
while True:
    signal.pause()
PY
told_publish() {
    cat >/srv/told.manifest <<INTENT
[Bundle]
Name=told
Version=$1
SoakSec=0

[Service main]
Type=notify
TimeoutStartSec=5min
ExecStart=/usr/bin/python3 /bundle/told.py

[Service door]
ExecStart=/usr/bin/sleep infinity

[Socket door]
ListenStream=8097
INTENT
    publish_release "$1" /srv/told /srv/told.manifest
}
told_at() { systemctl list-units --plain --no-legend --state=activating "sealift-told.main@$1-*" | awk '{ print $1; exit }'; }
# It waits once it has a handler for SIGUSR1.
told_waits() { grep -q '^SigCgt:.*2..$' "/proc/$(pid_of "$(told_at "$1")")/status"; }
# told_kill SIGNAL VERSION
told_kill() {
    await 60 told_waits "$2"
    kill -"$1" "$(pid_of "$(told_at "$2")")"
}
agent_grant told Listen=tcp:8097
systemctl restart sealiftd.service
for version in 1 2; do
    told_publish $version
    sealift check >/srv/said 2>&1 &
    told_kill USR1 $version
    wait $! || true
    is "$(bundle_state told version) $(bundle_state told state)" "$version running" "release $version of another bundle is installed"
done
systemctl stop sealiftd.service
systemctl stop 'sealift-told.*.service' sealift-told.door.socket
systemctl start sealiftd.service
await 60 told_waits 2
sealift rollback told 1 >/srv/said 2>&1 &
told_kill KILL 1
told_kill USR1 2
wait $! || true
like "$(cat /srv/said)" "told.main@1-.*killed by SIGKILL" "while it starts an operator goes back, which fails"
is "$(bundle_state told version) $(bundle_state told state)" "2 running" "what made way for it is started again, and status knows"
done_testing
