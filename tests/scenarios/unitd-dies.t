#!/usr/bin/env bash
# sealift-unitd dies again and again while a release takes the place of another one that it cannot run beside: the old one comes
# back in the place of the new one, which has not stopped yet, and is not to blame.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

TREE=/srv/app
STATE=/var/lib/private/sealift-app

# app_publish VERSION [LINES]: a service that takes its time to stop, but as release 1 or 4, and is never ready as release 2 or 2.1.
app_publish() {
    local how=''
    case $1 in
        1 | 4) how=--now ;;
        2*) how=--never ;;
    esac
    mkdir -p "$TREE"
    cp /tests/host/late.py "$TREE/work"
    printf '[Bundle]\nName=app\nVersion=%s\nSoakSec=1h\n[Service main]\nType=notify\nTimeoutStartSec=15min\nTimeoutStopSec=15min\nExecStart=/bundle/work %s\nStateDirectory=yes\n%s' \
        "$1" "$how" "${2:-}" >/srv/app.manifest
    publish_release "$1" "$TREE" /srv/app.manifest
}

unit_at() { systemctl list-units --all --plain --no-legend "sealift-app.main@$1-*" | awk '{ print $1; exit }'; }
is_state() { [ -n "$(unit_at "$2")" ] && [ "$(property "$(unit_at "$2")" ActiveState)" = "$1" ]; }

# unitd_dies: once it is another one than before, and has somebody to answer to; what it was asked for is not done by then
unitd_dies() {
    await 60 asked_another
    last=$(pid_of sealift-unitd.service)
    kill -KILL "$last"
}
asked_another() {
    local pid
    pid=$(pid_of sealift-unitd.service)
    [ "$pid" -gt 0 ] && [ "$pid" != "$last" ] && nsenter --net --target "$(pid_of sealiftd.service)" ss -Hxp | grep -q "ESTAB.*unitd.sock.*pid=$pid,"
}
last=0

bucket_start
publisher_init
agent_configure
agent_start
app_publish 1
ok "release 1 is installed" sealift check
app_publish 2
sealift check >/srv/said 2>&1 &
checker=$!
await 60 is_state activating 2
unitd_dies
unitd_dies # of a start that was asked for again
ok "the new release is told to stop" await 60 is_state deactivating 2
unitd_dies
unitd_dies # of a stop
await 60 asked_another
is "$(unit_at 1)" "" "while it does not, the old one is not started"
touch $STATE/go
wait $checker || true
like "$(cat /srv/said)" "release 2 was not installed|sealift-unitd went away" "the check says that it was not installed"
ok "when it has, the old one is" await 60 is_state active 1
not_ok "they have not met" test -e $STATE/met
is "$(unit_at 2)" "" "nothing is left of the new one"
is "$(bundle_state app version) $(bundle_state app state)" "1 running" "status knows"
not_ok "nor is there a verdict over it" grep -q Quarantined "$STORE/state/app"

# After a migration, for which the old one was stopped before; and the stop of the new one is lost, too.
rm $STATE/go
app_publish 2.1 $'ExecMigrate=/usr/bin/true\n'
sealift check >/srv/said 2>&1 &
checker=$!
await 60 is_state activating 2.1
unitd_dies
unitd_dies
ok "one that has migrated is told to stop" await 60 is_state deactivating 2.1
unitd_dies
unitd_dies
await 60 asked_another
is "$(unit_at 1)" "" "while it does not, the old one is not started"
touch $STATE/go
wait $checker || true
ok "when it has, the old one is" await 60 is_state active 1
not_ok "they have not met" test -e $STATE/met

# What an operator is stopping meanwhile has not failed, also on trial.
says_stopped() { [[ $(bundle_state app error) == *"it was stopped" ]]; }
touch $STATE/go
app_publish 3
ok "release 3 is on trial" sealift check
rm $STATE/go
unit=$(unit_at 3)
last=$(pid_of sealift-unitd.service)
systemctl --no-block stop "$unit"
await 60 is_state deactivating 3
kill -KILL "$last"
await 60 asked_another
# An order is carried out when all is done that the agent does after it has found sealift-unitd again: it waits for nothing.
ok "which the agent leaves alone" timeout 60 sealift unhold app
touch $STATE/go
ok "status says that it was stopped" await 60 says_stopped
ok "a check finds nothing to do" sealift check
is "$(bundle_state app version) $(bundle_state app state)" "3 failed" "it is current, and down"
is "$(unit_at 3)" "" "it has not been started anew"
not_ok "there is no verdict over it" grep -q Quarantined "$STORE/state/app"
ok "it is started" sealift start app
is "$(bundle_state app version) $(bundle_state app state)" "3 running" "and runs"

# Away, it is looked for less and less often: after 1, 2, 4, 8 s, less a quarter at most. A timer may be late, but never early.
looks() { grep -c unitd.sock /srv/trace; }
has_looked() { [ "$(looks)" -ge "$1" ]; }
last_pause() { grep unitd.sock /srv/trace | awk '{ pause = $1 - at; at = $1 } END { print pause }'; }
touch $STATE/go
trace_begin -ttt -e trace=connect -p "$(pid_of sealiftd.service)"
systemctl stop sealift-unitd.socket sealift-unitd.service
ok "a sealift-unitd that is away is looked for again and again" await 120 has_looked 4
trace_end
ok "after $(last_pause) s at last" awk "BEGIN { exit !($(last_pause) >= 5) }"
systemctl start sealift-unitd.socket
ok "and found" await 60 asked_another

# A release that should have been stopped long ago runs when the agent starts, and sealift-unitd dies of each attempt at it.
status_says() { [ "$(bundle_state app version) $(bundle_state app state)" = "$1" ]; }
left() { journal_since "MESSAGE_ID=${EVENT[left]}" | wc -l; }
app_publish 4
ok "release 4 is on trial" sealift check
rm $STATE/go
systemctl stop sealiftd.service
systemctl stop "$(unit_at 4)"
ok "release 3 runs in its place" /tests/host/unitd.py start "$STORE"/releases/app/3-*/manifest
journal_mark
last=0
systemctl start sealiftd.service
ok "the agent tells it to stop" await 60 is_state deactivating 3
until [ "$(left)" -ge 1 ]; do
    unitd_dies
    await 60 asked_another
done
ok "which is given up" timeout 60 sealift unhold app
is "$(unit_at 4)" "" "but release 4 is not started beside it"
touch $STATE/go
ok "when it has, release 4 is" await 60 is_state active 4
not_ok "they have not met" test -e $STATE/met
ok "status says so" await 60 status_says "4 running"
done_testing
