#!/usr/bin/env bash
# A release that nobody can ask is not well, and not at fault: where sealift-unitd is away, or this host does not let a question be
# asked, the bundle goes back to what ran, and nothing is quarantined. StartSec= is a second in all of it.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

PROBES=/etc/systemd/system/sealift-app.main-probe@.service.d
UNASKED="could not be asked for 60 s"

# What is asked runs without a wall that was promised to it, and so does not run at all.
probes_fail() {
    mkdir -p $PROBES
    printf '[Service]\nPrivateUsers=no\n' >$PROBES/90-site.conf
    systemctl daemon-reload
}
probes_work() {
    rm -r $PROBES
    systemctl daemon-reload
}
# unitd is looked for again with growing pauses, and nothing is proven before.
is_proven() {
    ok "$1: it is proven" await_journal 240 "MESSAGE_ID=${EVENT[proven]}" "SEALIFT_VERSION=$2"
}
verdicts() { grep -c '^\[Quarantined' "$STORE/state/app"; }
is_at_gate() { [ "$(gate "$1")" = "under way" ]; }

# The old release is asked first: in vain, which keeps nothing back.
host_does_not_let() {
    local said status=0
    journal_mark
    probes_fail
    app_publish 2
    said=$(sealift check 2>&1) || status=$?
    is "$status $(gate ready) $(gate healthy)" "1 passed failed" "this host lets nothing be asked: the check fails"
    like "$said" ".Health main. $UNASKED: .*2.*user namespace" "and says what is missing"
    is "$(verdicts)" 0 "nothing is quarantined"
    ok "release 1 runs again" await 20 app_runs 1
    ok "and status says so" await 20 app_is "1 running"
    probes_work
    ok "put right: a check installs it" sealift check
    is_proven "put right" 2
}

# The deadline passes while nobody can ask; then there is nobody to go back with either, nor to stop release 3, for which release 2
# was stopped before it could migrate.
unitd_away() {
    local checker status=0
    probes_fail
    app_service=ExecMigrate=/usr/bin/true app_publish 3
    sealift check >/srv/said 2>&1 &
    checker=$!
    ok "a release is up" await 150 is_at_gate healthy
    systemctl stop sealift-unitd.socket sealift-unitd.service
    probes_work
    wait $checker || status=$?
    is "$status $(gate healthy)" "1 failed" "sealift-unitd is away: the check fails"
    like "$(cat /srv/said)" "$UNASKED: .*sealift-unitd" "and says for whom it waited"
    is "$(verdicts)" 0 "nothing is quarantined"
    systemctl start sealift-unitd.socket
    ok "it is back: release 2 runs, alone" await 60 app_runs 2
    ok "and status says so" await 20 app_is "2 running"
    ok "a check installs release 3" sealift check
    is_proven "after that" 3
}

# Away and back in time: the seconds between are not the release's, which was not well until then.
unitd_back() {
    local checker status=0
    app_does late
    app_publish 4
    probes_fail
    sealift check >/srv/said 2>&1 &
    checker=$!
    ok "a release is on its way" await 150 is_at_gate ready
    app_does 200
    ok "it is up" await 60 is_at_gate healthy
    systemctl stop sealift-unitd.socket sealift-unitd.service
    probes_work
    systemctl start sealift-unitd.socket
    wait $checker || status=$?
    is "$status $(gate healthy)" "0 passed" "sealift-unitd is away for a moment: the release is asked when it is back"
    is_proven "after that moment" 4
}

app_begin
app_soak=0 app_start=1s app_timeout=10s app_health=Successes=1
app_publish 1
ok "a release" sealift check
host_does_not_let
unitd_away
unitd_back
done_testing
