#!/usr/bin/env bash
# A job of a bundle as a fleet sees it: how each run ended is in status and reports, a failed run is no failed release, an update
# keeps the timer and what ran last, and a run that was missed while the machine was off is made up for.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

TREE=/srv/job
STATE=/var/lib/private/sealift-job
TIMER=sealift-job.nightly.timer
WAKE=sealift-wake@job.nightly:timer.service

job_write() {
    mkdir -p "$TREE"
    cat >"$TREE/work" <<'SH'
#!/bin/sh
# Ends with the status that stands in a file, if one does.
echo "$VERSION" >>"$STATE_DIRECTORY/runs"
exit "$(cat "$STATE_DIRECTORY/status" 2>/dev/null || echo 0)"
SH
    chmod 755 "$TREE/work"
}

# job_publish VERSION [SED-SCRIPT]
job_publish() {
    sed "${2:-}" >/srv/job.manifest <<MANIFEST
[Bundle]
Name=job
Version=$1

[Service work]
Type=oneshot
ExecStart=/bundle/work
Environment=VERSION=$1
StateDirectory=yes

[Timer nightly]
Service=work
OnCalendar=*-*-* 03:00
Persistent=yes
MANIFEST
    publish_release "$1" "$TREE" /srv/job.manifest
}

# job KEY: of the one job, in status.
job() { sealift status --json | jq -r --arg key "$1" '.bundles[] | select(.name == "job").jobs[0][$key]'; }
job_ended() { [ "$(job result) $(job exit_status)" = "$1" ]; }
armed() { systemctl --quiet is-active "$TIMER"; }
reported() { await_report 20 ".bundles[] | select(.name == \"job\").jobs[] | select($1)"; }

installed() {
    job_publish 1
    requests_mark
    ok "a release of a job alone is installed" sealift check
    is "$(bundle_state job state)" running "and counts as running"
    ok "though only its timer is there" armed
    is "$(job result)$(job version)" "" "it has not run yet"
    is "$(job next)" "$(date -u -d "$(systemctl show --property=NextElapseUSecRealtime --value "$TIMER")" +%Y-%m-%dT%H:%M:%SZ)" "when it will is known"
    ok "the report has it" reported '.state == "waiting" and .name == "nightly" and .result == null and .next != null'
}

failed() {
    systemctl start "$WAKE"
    ok "a run that ends well is known" await 20 job_ended "success 0"
    requests_mark
    echo 4 >$STATE/status
    await_inactive 20 "$WAKE"
    systemctl start "$WAKE"
    ok "a run that fails is known" await 20 job_ended "exit-code 4"
    ok "and reported at once" reported '.result == "exit-code" and .exit_status == 4 and .version == "1" and .started <= .ended'
    like "$(sealift status)" "job nightly: exit-code at .*, exit status 4; next" "and seen by whoever looks"
    is "$(bundle_state job state)" running "it is no failure of the release"
    ok "nor of this machine" sealift status
    ok "the timer goes on" armed
    systemctl restart sealiftd.service
    ok "an agent that starts anew knows it" await 20 job_ended "exit-code 4"
    is "$(bundle_state job state)" running "and that the release is up"
    systemctl kill --signal=KILL sealift-unitd.service
    ok "so does one that finds another unitd" await 20 sealift check
    is "$(job result) $(job exit_status)" "exit-code 4" "exit status and all"
    requests_mark
    echo 0 >$STATE/status
    await_inactive 20 "$WAKE"
    systemctl start "$WAKE"
    ok "a run that ends well after one that did not is reported, too" reported '.result == "success" and .exit_status == 0'
}

updated() {
    local since
    since=$(systemctl show --property=ActiveEnterTimestampMonotonic --value "$TIMER")
    job_publish 2
    ok "a new release" sealift check
    is "$(systemctl show --property=ActiveEnterTimestampMonotonic --value "$TIMER")" "$since" "finds the timer as it is"
    is "$(job version) $(job result)" "1 success" "and what ran last"
    job_publish 3 's|^OnCalendar=.*|&\nOnCalendar=daily Europe/Atlantis|'
    not_ok "one whose timer cannot be armed fails" sealift check
    is "$(sealift status --json | jq -r '.bundles[0].version')" 2 "and the old one is back"
    ok "with its timer" armed
    systemctl start "$WAKE"
    ok "whose job is the old one's" await 20 sh -c "[ \$(tail -n 1 $STATE/runs) = 2 ]"
}

case $PHASE in
    1)
        bucket_start
        publisher_init
        agent_configure
        agent_enable
        agent_start
        job_write
        installed
        failed
        updated
        wc -l <$STATE/runs >/srv/runs
        touch -d '3 days ago' "/var/lib/systemd/timers/stamp-$TIMER"
        next_boot reboot
        ;;
    2)
        ok "a run that was missed while the machine was off is made up for" await 40 job_ended "success 0"
        is "$(wc -l <$STATE/runs)" "$(($(cat /srv/runs) + 1))" "once"
        is "$(bundle_state job state)" running "the release is up, without a network"
        ok "its timer waits" armed
        done_testing
        ;;
esac
