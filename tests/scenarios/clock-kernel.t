#!/usr/bin/env bash
# The machine's own clock, that of systemd and of files too, jumps ten years ahead and back in the middle of an update, with a
# job's timer set, and is wrong from boot on, ahead or behind. disturbed.t and time.t have the clocks of our programs alone. What
# runs does not notice, what is under way ends by the time it began at, and nothing new is taken until the clock is right.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_HOST=vm
SCENARIO_LONG=trixie
SCENARIO_OPTIONS=(--strike --timeout 1800)
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/unpacker.sh
. /tests/host/unpacker.sh

TREE=/srv/night

night_publish() {
    mkdir -p $TREE
    echo '#!/bin/sh' >$TREE/night
    chmod 755 $TREE/night
    cat >/srv/night.manifest <<'INTENT'
[Bundle]
Name=night
Version=1

[Service work]
Type=oneshot
ExecStart=/bundle/night

[Timer nightly]
Service=work
OnCalendar=daily
INTENT
    publish_release 1 $TREE /srv/night.manifest
}

is_installed() { [ "$(bundle_state web version) $(bundle_state web state)" = "$1 running" ]; }
job_next() { sealift status --json | jq -r '.bundles[] | select(.name == "night").jobs[0].next'; }
# Within a day of the machine's clock, whatever that says.
job_is_due() {
    local next
    next=$(date --date "$(job_next)" +%s) && [ $((next - EPOCHSECONDS)) -ge -60 ] && [ $((next - EPOCHSECONDS)) -le 86400 ]
}

# clock_is_wrong NAME: it is said, and what runs is left alone.
clock_is_wrong() {
    local before said status=0
    before=$(service)
    said=$(sealift check 2>&1) || status=$?
    is "$status" 1 "$1: a check fails"
    like "$said" "clock looks wrong" "$1: and says why"
    is "$(service)" "$before" "$1: the service is the same process, and answers"
}

# clock_jumps NAME VERSION SPAN: in the update to VERSION.
clock_jumps() {
    local name=$1 version=$2 before unpacker right
    before=$(service)
    update_to "$version"
    right=$EPOCHSECONDS
    date --set "$3" >/dev/null
    is "$(bundle_state web version) $(service)" "$((version - 1)) $before" \
        "$name: while release $version is unpacked: the service is the same process, and answers"
    kill -CONT "$unpacker"
    ok "$name: the release is installed" await 60 is_installed "$version"
    ok "$name: and answers" await 20 web_answers "$version"
    clock_is_wrong "$name"
    ok "$name: the job is due within a day of that clock" await 20 job_is_due
    before=$(service)
    date --set "@$right" >/dev/null
    ok "$name: the clock is right again: a check finds all well" sealift check
    is "$(service)" "$before" "$name: the service is the same process, and answers"
    ok "$name: the job is due within a day" await 20 job_is_due
}

# boot_at SPAN: with that clock from the kernel on. It is not the machine's that knows the time, so it is noted.
boot_at() {
    date +%s >/srv/right
    sync
    next_boot cut "tests.clock=$(date --utc --date "$1" +%FT%T)"
}

# boots_wrong NAME DIRECTION: 1 or -1, by days at least.
boots_wrong() {
    local days=$((($(date +%s) - $(cat /srv/right)) / 86400)) before
    ok "$1 at boot: release 3 answers, without a bucket" await 120 web_answers 3
    ok "$1 at boot: the clock says $(date +%F)" [ $((days * $2)) -gt 0 ]
    ok "$1 at boot: the job is due within a day" await 20 job_is_due
    bucket_start
    clock_is_wrong "$1 at boot"
    before=$(service)
    date --set "@$(cat /srv/right)" >/dev/null
    ok "$1 at boot: the clock is put right: a check finds all well" sealift check
    is "$(service)" "$before" "$1 at boot: the service is the same process, and answers"
}

case $PHASE in
    1)
        web_begin
        agent_enable
        night_publish
        ok "a job is there, too" sealift check
        ok "which is due within a day" job_is_due
        unpacker_prepare
        clock_jumps "ten years ahead" 2 "+10 years"
        clock_jumps "ten years back" 3 "-10 years"
        boot_at "+10 years"
        ;;
    2)
        boots_wrong "ten years ahead" 1
        boot_at "-20 years"
        ;;
    3)
        # systemd sets a clock that is before its own making to that.
        boots_wrong "behind" -1
        done_testing
        ;;
esac
