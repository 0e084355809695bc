#!/usr/bin/env bash
# A release that has proved itself, and whose service dies for good all the same, is started again: at first soon, then less and less
# often, until it has run for a while. What its publisher or an operator wants down stays down, and one on trial goes back.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_OPTIONS=(--clock)
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

# clock SECONDS: how far the agent's is ahead of the machine's.
clock() {
    echo "$1" >/etc/clock.new
    mv /etc/clock.new /etc/clock
}

# app_brief VERSION: as app_publish; so that six deaths of it are within a minute.
app_brief() {
    app_write "$1"
    sed -i 's/^RestartSec=.*/RestartSec=100ms/' /srv/app.manifest
    publish_release "$1" "$APP" /srv/app.manifest
}

# dies: again and again, until it is started no more.
dies() {
    local unit pid round
    unit=$(app_unit)
    for round in 1 2 3 4 5 6; do
        pid=$(pid_of "$unit")
        kill -KILL "$pid"
        [ "$round" = 6 ] || await 20 another_pid "$unit" "$pid"
    done
}
said() { sealift status --json | jq -r '.bundles[] | select(.name == "app") | "\(.state) \(.since) \(.error)"'; }
is_down() {
    down=$(said) || true # the status of a machine with something wrong
    [[ $down == failed* ]]
}
# pause: between its end and the next start, as status has them.
pause() {
    local state since error
    read -r state since error <<<"$down"
    [ "$state" = failed ] || return
    error=${error##*it is started again at }
    echo $(($(date -d "$error" +%s) - $(date -d "$since" +%s)))
}
# expect_again NAME LEAST MOST
expect_again() {
    journal_mark
    dies
    await 20 is_down
    like "$down" "died 6 times within a minute; .*; it is started again at 20" "$1: status says why, and until when"
    like "$(pause)" "^($(seq -s'|' "$2" "$3"))$" "$1: a pause of some $3 s"
    ok "$1: it is started again, before anybody asks" await 60 app_is "1 running"
    is "$(app_state Current)" 1 "$1: and is what it was"
}
app_rests() { [ -z "$(systemctl list-units --plain --no-legend 'sealift-app.*@*.service')" ]; }
is_failed() { is_down && app_rests; }

again() {
    expect_again "dead for good" 3 5
    expect_again "dead again" 6 10
    clock 660
    expect_again "after it has run for long" 3 5
    expect_again "dead again after that" 6 10
    ok "an operator starts it anew" sealift restart app
    expect_again "after that" 3 5
    dies
    await 20 is_down
    ok "an operator stops it" sealift stop app
    like "$(said)" "^stopped [^ ]* $" "which it is, and nothing else is said"
    ok "and stays" app_rests
    ok "it is started" sealift start app
}

on_trial_it_goes_back() {
    app_health=Failures=100 app_brief 2
    ok "release 2 is on trial" sealift check
    journal_mark
    dies
    expect_back "dead on trial" 2 1
}

# What its Restart= says is not overruled.
stays_down() {
    local pid
    app_soak=1s app_service=Restart=no app_publish 3
    journal_mark
    ok "release 3, which is not to be started again, is installed" sealift check
    expect_proven "release 3" 3
    kill -KILL "$(pid_of "$(app_unit)")"
    await 20 is_failed
    like "$down" "SIGKILL.*; see journalctl -u [^ ]*$" "killed, it is down, and stays so"
    sealift check || true
    ok "also at the next poll" is_failed
    app_soak=1s app_publish 4
    journal_mark
    ok "release 4 is installed" sealift check
    expect_proven "release 4" 4
    app_does end
    pid=$(pid_of "$(app_unit)")
    nsenter --net="/proc/$pid/ns/net" curl --silent --output /dev/null --max-time 2 http://127.0.0.1:8080/well || true
    await 20 is_failed
    app_does ""
    like "$down" "ended by itself, in order$" "one that ends in order is down, and stays so"
}

mkdir -p /run/systemd/system/sealiftd.service.d
printf '[Service]\nEnvironment=LD_PRELOAD=/usr/lib/clock.so\n' >/run/systemd/system/sealiftd.service.d/clock.conf
systemctl daemon-reload
clock 0
app_begin
app_soak=1s app_brief 1
journal_mark
ok "release 1 is installed" sealift check
expect_proven "release 1" 1
again
on_trial_it_goes_back
stays_down
done_testing
