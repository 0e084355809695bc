#!/usr/bin/env bash
# Timers that systemd holds for a bundle, and the jobs that they run: how a run ends is known, whatever happens meanwhile.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

STATE=/var/lib/private/sealift-jobs
TIMER=sealift-jobs.work.timer
WAKE=sealift-wake@jobs.work:timer.service

# A job that ends when it is told to, with the status it is told.
bundle_write() {
    mkdir -p "/srv/$1"
    cat >"/srv/$1/work" <<'SH'
#!/bin/sh
echo begun >>"$STATE_DIRECTORY/runs"
until [ -s "$STATE_DIRECTORY/status" ]; do sleep 0.1; done
read -r status <"$STATE_DIRECTORY/status"
rm "$STATE_DIRECTORY/status"
exit "$status"
SH
    sed '/^until/,$d' "/srv/$1/work" >"/srv/$1/quick"
    chmod 755 "/srv/$1/work" "/srv/$1/quick"
}

# intent [LINE...]: of release VERSION; lines for the service
intent() {
    printf '[Service main]\nType=oneshot\nExecStart=/bundle/work\nStateDirectory=yes\n'
    printf '%s\n' "$@"
    printf '[Timer work]\nService=main\nOnCalendar=Mon *-02-03 04:05\nPersistent=yes\n'
}

fire() { systemctl start "${1:-$WAKE}"; }
end_with() { echo "$1" >$STATE/status; }
runs() { wc -l <$STATE/runs; }
last_run() { unitd jobs | awk '$1 == "work" && $2 == "jobs" { print $3, $4, $5, $6 }'; }
last_run_is() { [ "$(last_run)" = "$1" ]; }
nothing_runs() { [ -z "$(unitd list)" ]; }
often_ran() { [ "$(wc -l </var/lib/private/sealift-often/runs)" -ge "$1" ]; }
timer_waits() { [ "$(systemctl show --property=SubState --value "$TIMER")" = waiting ]; }
in_journal() { journalctl --quiet --output=cat "MESSAGE_ID=$1" SEALIFT_BUNDLE=jobs; }
job_runs() { unitd list | grep -q "^running jobs $1 main"; }

armed() {
    install jobs 1 < <(intent)
    ok "a release of a job alone starts" unitd start "$sealed"
    is "$(unitd list)" "" "nothing of it runs"
    ok "but its timer waits" timer_waits
    is "$(systemctl show --property=Unit --value "$TIMER")" "$WAKE" "for what wakes it"
    is "$(unitd jobs | cut -d' ' -f1-6,8)" "work jobs - - 0 0 0" "which unitd knows, and that it has not run yet"
    is "$(unitd jobs | cut -d' ' -f7)" "$(date -d "$(systemd-analyze calendar 'Mon *-02-03 04:05' | sed -n 's/.*Next elapse: //p')" +%s)" "and when it will"
}

one_run() {
    local unit
    fire
    ok "when its time comes it runs" await 10 job_runs 1
    unit=$(unit_of jobs)
    like "$(walls "$(pid_of "$unit")")" "net of its own" "behind its walls"
    ok "exposure $(exposure "$unit") is 0.1" at_most "$(exposure "$unit")" 0.1
    is "$(last_run)" "1 - 0 0" "that it runs is known"
    end_with 0
    ok "how it ended, too" await 10 last_run_is "1 success 1 0"
    ok "its timer waits again" await 5 timer_waits
    like "$(in_journal 4fde089331bd40e08b366e9c8443bd29 | tail -n 1)" "^$unit: the job ended well after [0-9.]* s$" "the journal has it"
    is "$(leftovers jobs | grep -o 'sealift-jobs[^ ]*@[^ ]*')" "" "nothing is left of the unit"
}

# A run is over, and what woke it is about to be stopped, but is not yet: systemd keeps that back here, as it may at any time.
woken_once() {
    local before
    stops_late "$WAKE"
    before=$(runs)
    fire
    await 10 job_runs 1
    stop_late
    end_with 0
    await 10 nothing_runs
    is "$(systemctl show --property=ActiveState --value "$WAKE")" active "a run has ended, and what woke it is there still"
    seal other 1 < <(intent)
    ok "a release is stopped, after which unitd looks who is to be woken" unitd stop "$sealed"
    sealed=/srv/jobs-1.manifest
    is "$(unitd list)" "" "nobody is"
    stop_now
    ok "what woke it stops" await_inactive 5 "$WAKE"
    ok "and the timer waits" await 5 timer_waits
    is "$(runs)" "$((before + 1))" "nothing was run twice"
}

failures() {
    fire
    await 10 job_runs 1
    end_with 3
    ok "an exit status is known" await 10 last_run_is "1 exit-code 1 3"
    like "$(in_journal a5adf467020c453e9a45a14ef7e4216a)" "the job failed after .*: it exited with status 3 .exit-code.;" "and told"
    ok "the timer goes on" await 5 timer_waits
    fire
    await 10 job_runs 1
    systemctl kill --signal=KILL "$(unit_of jobs)"
    ok "a signal, too" await 10 last_run_is "1 signal 2 9"
    ok "the timer goes on" await 5 timer_waits
    is "$(systemctl list-units --all --failed --plain --no-legend 'sealift-jobs*')" "" "nothing of it is left as failed"
}

without_a_wall() {
    local before
    before=$(runs)
    site_dropin sealift-jobs.main@ Service PrivateNetwork=no
    fire
    ok "one that has lost a wall" await 10 last_run_is "1 wall-missing 2 15"
    is "$(runs)" "$before" "has not begun"
    like "$(in_journal 57c7bd71fd924917b6e0d2fb78255058)" "sealift-jobs.main.*namespace" "which is told as for every service"
    is "$(unitd jobs | cut -d' ' -f8)" 1 "and its release rests"
    site_dropin_gone sealift-jobs.main@
    ok "until it is started" unitd start "$sealed"
    fire
    ok "then it runs" await 10 job_runs 1
    end_with 0
    await 10 last_run_is "1 success 1 0"
}

without_unitd() {
    local before unit
    before=$(runs)
    fire
    await 10 job_runs 1
    unit=$(unit_of jobs)
    systemctl --quiet stop sealift-unitd.socket sealift-unitd.service
    end_with 4
    await 10 systemctl --quiet is-failed "$unit"
    systemctl start sealift-unitd.socket
    ok "a run that failed without a unitd is known to the next" await 10 last_run_is "1 exit-code 1 4"
    ok "the timer goes on" await 5 timer_waits
    fire
    await 10 job_runs 1
    unit=$(unit_of jobs)
    systemctl --quiet stop sealift-unitd.socket sealift-unitd.service
    end_with 0
    await 10 sh -c "! systemctl --quiet is-active $unit"
    systemctl start sealift-unitd.socket
    ok "and one that ended well" await 10 sh -c "/tests/host/unitd.py jobs | grep -q '^work jobs 1 success '"
    ok "the timer goes on" await 5 timer_waits
    is "$(runs)" "$((before + 2))" "nothing was run twice"
}

# All is written down of a run, and systemd has not been told when sealift-unitd is killed.
killed_before_a_run() {
    local before
    before=$(runs)
    trace_begin -p "$(pid_of sealift-unitd.service)" -e trace=utimensat -e inject=utimensat:signal=KILL
    fire
    wait "$tracer" || true
    like "$(tail -n 1 /srv/trace)" "killed by SIGKILL" "sealift-unitd is killed before it has a run started"
    ok "which the next one does" await 60 job_runs 1
    end_with 0
    ok "and it ends well" await 30 last_run_is "1 success 1 0"
    ok "its timer waits" await 10 timer_waits
    is "$(runs)" "$((before + 1))" "it was run once"
}

# Of releases FIRST, which runs, and the next.
updates() {
    local first=$sealed before stopper unit
    before=$(runs)
    fire
    await 10 job_runs 1
    unit=$(unit_of jobs)
    install jobs 2 < <(intent TimeoutStopSec=2s)
    ok "a release starts while the job of the old one runs" unitd start "$sealed"
    unitd stop "$first" &
    stopper=$!
    # unitd answers one at a time, so it is systemd that is asked.
    ok "which goes on, though its release is being stopped" systemctl --quiet is-active "$unit"
    end_with 0
    wait "$stopper" && stopper=0 || stopper=$?
    is "$stopper" 0 "to its end"
    ok "and that is known" last_run_is "1 success 1 0"
    ok "the timer waits" await 5 timer_waits
    is "$(runs)" "$((before + 1))" "nothing was run twice"

    fire
    ok "the next run is the new release's" await 10 job_runs 2
    ok "a job that does not come to its end is stopped with its release" unitd stop "$sealed"
    is "$(last_run | cut -d' ' -f1-2)" "2 stopped" "which is known"
    like "$(in_journal 6de2b56c7d964d89bbea20f8b254cfc8)" "the job was stopped before its end" "and told"
    is "$(unitd list)" "" "while the release is stopped it does not run"
    ok "the release starts" unitd start "$sealed"
    ok "and so does the run that was cut short" await 10 job_runs 2
    end_with 0
    ok "which ends well" await 10 last_run_is "2 success 1 0"
    rm -r /var/lib/sealift/releases/jobs/1-*/tree/*
    unitd remove "$first"
    ok "the timer outlives the old release" await 5 timer_waits
}

missed() {
    local before
    before=$(runs)
    ok "stopped" unitd stop "$sealed"
    systemctl stop "$TIMER"
    touch -d '3 years ago' "/var/lib/systemd/timers/stamp-$TIMER"
    ok "started, with a run missed meanwhile" unitd start "$sealed"
    ok "it is made up for" await 10 job_runs 2
    end_with 0
    await 10 last_run_is "2 success 1 0"
    is "$(runs)" "$((before + 1))" "once"
}

changed() {
    local first=$sealed
    install jobs 3 < <(intent | sed 's/^OnCalendar=.*/OnCalendar=Tue *-02-03 04:05\nOnCalendar=Wed *-02-03 04:05/')
    ok "a release that changes the timer starts" unitd start "$sealed"
    is "$(systemctl show --property=TimersCalendar "$TIMER" | grep -c 'OnCalendar=\(Tue\|Wed\)')" 2 "it has the new times"
    unitd stop "$first"
    ok "the timer waits" timer_waits
    like "$(last_run)" "^2 success" "and what ran last is remembered"
    first=$sealed
    install jobs 4 < <(intent | sed 's/^\[Timer work\]/[Timer other]/')
    ok "one that has another timer instead" unitd start "$sealed"
    unitd stop "$first"
    is "$(systemctl list-units --all --plain --no-legend 'sealift-jobs*.timer' | awk '{ print $1 }')" sealift-jobs.other.timer "has that alone"
    first=$sealed
    install jobs 5 < <(intent | sed 's/^OnCalendar=.*/&\nOnCalendar=daily Europe\/Atlantis/')
    like "$(unitd start "$sealed" || true)" "ENOTSUP.*does not take every OnCalendar=" "a time zone that this host does not have is no release's fault"
    unitd stop "$sealed"
    mkdir -p /etc/systemd/system/sealift-jobs.work.timer.d
    printf '[Timer]\nOnCalendar=weekly\n' >/etc/systemd/system/sealift-jobs.work.timer.d/90-site.conf
    systemctl daemon-reload
    install jobs 6 < <(intent)
    ok "a timer to which this host has added a time is armed" unitd start "$sealed"
    is "$(systemctl show --property=TimersCalendar "$TIMER" | grep -c OnCalendar)" 2 "with both"
    like "$(in_journal 67f562db21194f47a000507ec8a13623)" "$TIMER: it has other times" "which the journal says"
    unitd stop "$sealed"
    rm -r /etc/systemd/system/sealift-jobs.work.timer.d
    systemctl daemon-reload
    rm -r /var/lib/sealift/releases/jobs/*/tree/*
    for sealed in /srv/jobs-[23456].manifest; do unitd remove "$sealed"; done
    is "$(leftovers jobs)$(ls /run/sealift/wakes)$(systemctl list-units --all --plain --no-legend 'sealift-wake@jobs*')" "" "with the last release the timer goes"
}

by_itself() {
    local soon
    bundle_write often
    soon=$(date -d '+10 seconds' +%S)
    install often 1 < <(
        printf '[Service main]\nType=oneshot\nExecStart=/bundle/quick\nStateDirectory=yes\n'
        printf '[Timer main]\nOnCalendar=*:*:%s\nAccuracySec=1ms\n' "$soon"
        printf '[Service slow]\nType=oneshot\nExecStart=/usr/bin/sleep infinity\nTimeoutStartSec=1s\n'
        printf '[Timer slow]\nOnCalendar=*:*:%s\nAccuracySec=1ms\n' "$soon"
    )
    ok "a job for every minute" unitd start "$sealed"
    ok "is run when its second comes" await 90 often_ran 1
    ok "and known to end well" await 10 sh -c "/tests/host/unitd.py jobs | grep -q '^main often 1 success 1 0'"
    is "$(journalctl --quiet --output=cat SEALIFT_BUNDLE=often | grep -c 'before its walls could be looked at')" 0 "it was seen behind its walls before it began"
    ok "one that takes too long is stopped" await 20 sh -c "/tests/host/unitd.py jobs | grep -q '^slow often 1 timeout'"
    like "$(journalctl --quiet --output=cat SEALIFT_BUNDLE=often PRIORITY=3)" "sealift-often.slow@.*: it was not over in time" "and that is told"
    ok "stopped" unitd stop "$sealed"
    rm -r /var/lib/sealift/releases/often/*/tree/*
    ok "removed" unitd remove "$sealed"
}

bare_ended() { [ "$(unitd jobs | awk '$2 == "bare" { print $4, $5, $6 }')" = "$1" ]; }

# Without the host's /usr, and so without a libc.
without_usr() {
    local bare='sealift-wake@bare.work:timer.service' ran=/var/lib/private/sealift-bare/ran
    mkdir /srv/bare
    cp /usr/bin/busybox /srv/bare
    # shellcheck disable=SC2016 # the job's own
    echo '/bundle/busybox find /usr -type f >"$STATE_DIRECTORY/ran"' >/srv/bare/work
    chmod 644 /srv/bare/work
    install bare 1 <<'INTENT'
[Service main]
Type=oneshot
ExecStart=/bundle/busybox sh /bundle/work
StateDirectory=yes
[Timer work]
Service=main
OnCalendar=Mon *-02-03 04:05
[Sandbox main]
Root=bundle
INTENT
    ok "a job without the host's /usr" unitd start "$sealed"
    fire "$bare"
    ok "runs to its end" await 10 bare_ended "success 1 0"
    like "$(journalctl --quiet --output=cat SEALIFT_BUNDLE=bare)" "the job ended well after [0-9.]* s$" "and was seen behind its walls, however short it is"
    is "$(cat $ran)" /usr/libexec/sealift/sealift-hold "of /usr it sees what it waits in"
    rm $ran
    site_dropin sealift-bare.main@ Service PrivateNetwork=no
    fire "$bare"
    ok "one that has lost a wall" await 10 bare_ended "wall-missing 2 15"
    not_ok "has not begun" test -e $ran
    site_dropin_gone sealift-bare.main@
    unitd stop "$sealed"
    rm -r /var/lib/sealift/releases/bare/*/tree/*
    unitd remove "$sealed"
}

# A reload has its walls looked at again; it may be over before.
over_after_reload() {
    local unit unitd
    fire
    await 10 job_runs "$1"
    unit=$(unit_of jobs)
    unitd=$(pid_of sealift-unitd.service)
    kill -STOP "$unitd"
    systemctl daemon-reload
    end_with 0
    await 10 unit_is_down "$unit"
    kill -CONT "$unitd"
    ok "a job that ends right after a daemon-reload" await 10 last_run_is "$1 success 1 0"
    like "$(in_journal 4fde089331bd40e08b366e9c8443bd29 | tail -n 1)" "^$unit: the job ended well after [0-9.]* s$" "was seen behind its walls"
}

# What it needs is not there when its time comes, but is the next time.
cannot_start() {
    mkdir /srv/mounted
    printf '[Policy jobs]\nHostPath=/srv/mounted\n' >/etc/sealift/policy.d/jobs.conf
    install jobs 1.1 < <(intent | sed 's|^\[Timer|[Sandbox main]\nHostPath=/srv/mounted\n&|')
    ok "a job that reads a directory of the host is taken" unitd start "$sealed"
    rmdir /srv/mounted
    fire
    ok "when the directory is not there, the run has failed" await 10 last_run_is "1.1 resources 0 0"
    like "$(in_journal 5e1ecb0a5b564a3bbf7123523a5b32c7)" "$TIMER: its time has come: .*/srv/mounted is not there" "and the journal says why"
    # A timer whose unit is active elapses no more.
    ok "its timer waits for the next time" await_inactive 5 "$WAKE"
    mkdir /srv/mounted
    fire
    ok "and then it runs" await 10 job_runs 1.1
    end_with 0
    ok "and ends well" await 10 last_run_is "1.1 success 1 0"
    unitd stop "$sealed"
    rm -r /var/lib/sealift/releases/jobs/1.1-*/tree/*
    unitd remove "$sealed"
}

units_begin
bundle_write jobs
cannot_start
armed
one_run
woken_once
failures
over_after_reload 1
without_a_wall
without_unitd
killed_before_a_run
updates
missed
changed
by_itself
without_usr
units_end
