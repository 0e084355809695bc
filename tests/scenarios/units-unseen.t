#!/usr/bin/env bash
# What sealift-unitd cannot look at: a start that nobody can see has an end, and what it knows of an end outlives a start of its
# own that fails.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

STATE=/var/lib/private/sealift-jobs

last_run_is() { unitd jobs | grep -q "^work jobs $1 "; }

# systemd does not say how it is, twelve times in a row, 5 s apart.
unseen_start() {
    local unit
    install unseen 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
INTENT
    bus_refuses deny
    unitd start "$sealed" >/srv/started 2>&1 &
    await 60 is_up unseen
    unit=$(unit_of unseen)
    ok "a start that cannot be looked at is given up in the end" await_inactive 300 "$unit"
    bus_refuses allow
    wait "$!" || true
    like "$(cat /srv/started)" "^[A-Z]* $unit: systemd cannot describe it" "and the answer is why"
    unlike "$(cat /srv/started)" "^ECHILD" "which is nothing against the release"
    is "$(unitd list)$(leftovers unseen)" "" "nothing is left of it"
    rm /etc/dbus-1/system.d/zz-scenario.conf
}
is_up() { [ -n "$(unit_of "$1")" ] && systemctl --quiet is-active "$(unit_of "$1")"; }

# A job ends while there is no sealift-unitd, and the next one finds that out, but does not get as far as to tell it.
failed_start() {
    local unit
    mkdir -p /srv/jobs
    cat >/srv/jobs/work <<'SH'
#!/bin/sh
echo begun >>"$STATE_DIRECTORY/runs"
until [ -e "$STATE_DIRECTORY/go" ]; do sleep 0.1; done
exit 4
SH
    chmod 755 /srv/jobs/work
    install jobs 1 <<'INTENT'
[Service main]
Type=oneshot
ExecStart=/bundle/work
StateDirectory=yes
[Timer work]
Service=main
OnCalendar=Mon *-02-03 04:05
INTENT
    unitd start "$sealed"
    systemctl start sealift-wake@jobs.work:timer.service
    await 30 last_run_is "1 - 0 0"
    await 30 is_up jobs
    unit=$(unit_of jobs)
    systemctl stop sealift-unitd.socket sealift-unitd.service
    touch $STATE/go
    await_inactive 30 "$unit"
    short /run/sealift/wakes
    systemctl start sealift-unitd.socket
    systemctl start --no-block sealift-unitd.service
    like "$(await_journal 60 _SYSTEMD_UNIT=sealift-unitd.service PRIORITY=3)" "sealift-jobs.work.timer cannot be taken over now" \
        "a sealift-unitd that could look at a job, and not at its timer, does not start"
    enough_again
    ok "how the job ended is known to the next one" await 30 last_run_is "1 exit-code 1 4"
    is "$(wc -l <$STATE/runs)" 1 "which is no reason to run it a second time"
    is "$(leftovers jobs | grep -o 'sealift-jobs[^ ]*@[^ ]*')" "" "by whom it is forgotten"
}

units_begin
failed_start
unseen_start
units_end
