#!/usr/bin/env bash
# A new release becomes current when it is well: what [Health] asks is answered, or the bundle goes back as one. What was
# broken before is told apart from what the release broke.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

# refused NAME VERSION REGEX: now, it does not become current, and release 1 runs on or again.
refused() {
    local said status=0
    journal_mark
    said=$(sealift check 2>&1) || status=$?
    is "$status" 1 "$1: the check fails"
    like "$said" "$3" "$1: and says why"
    is "$(gate ready) $(gate healthy) $(gate current)" "passed failed not reached" "$1: sealift why names the gate"
    expect_back "$1" "$2" 1
}

app_begin
app_soak=0
app_publish 1
ok "a release that is well is installed" sealift check
expect_proven "without a time on trial" 1
is "$(gate healthy) $(gate proven)" "passed passed" "sealift why says so"

app_start=1s
app_publish 2 500
refused "a bad status" 2 "main.: GET /well of port 8080: status 500"
journal_mark
not_ok "it is not tried again" sealift check
is "$(journal_since "MESSAGE_ID=${EVENT[installed]}")" "" "nothing was installed"
app_timeout=1s app_publish 3 hang
refused "no answer" 3 "no answer in time"
app_start=60s app_publish 4 die
refused "one that dies when it is asked" 4 "(exit status 3|exited with status 3|died [0-9]+ times|was started again)"

# Two services, of which one is well.
app_more=$(printf '%s\n' '[Service other]' 'ExecStart=/usr/bin/python3 /bundle/service.py 8081' 'Type=notify' \
    'Environment=VERSION=5' '[Sandbox other]' 'Network=bundle' '[Health other]' 'HTTP=8082/' 'StartSec=1s')
app_start=60s app_publish 5
refused "one of two services is not well" 5 "other.: GET / of port 8082: nobody listens"

# The service itself is well, but not all that is asked of it.
app_more=$(printf '%s\n' '[Health program]' Service=main Exec=/usr/bin/false IntervalSec=200ms StartSec=1s)
app_start=60s app_publish 5.1
refused "a program that fails" 5.1 "program.: /usr/bin/false: exit status 1"
app_more=$(printf '%s\n' '[Health port]' Service=main TCP=8081 IntervalSec=200ms StartSec=1s)
app_start=60s app_publish 5.2
refused "a port that nobody listens on" 5.2 "port.: a connection to port 8081: nobody listens"
app_more=

# Broken before.
app_does 500
app_start=60s app_publish 6
journal_mark
ok "what the old release does not answer well either is not held against the new one" sealift check
like "$(await_journal 10 "MESSAGE_ID=${EVENT[forgiven]}")" "release 6 is not well, nor was the one before it: .*status 500" "the journal tells"
expect_proven "broken before" 6
app_soak=1h app_publish 7
ok "the next one, the same" sealift check
journal_mark
systemctl restart sealiftd.service
ok "goes on with its trial when the agent is started anew" await 20 on_trial
like "$(grep Forgiven= "$STORE/state/app")" "^Forgiven=main$" "which remembers what is forgiven"
ok "and does so again" await_journal 20 "MESSAGE_ID=${EVENT[forgiven]}" SEALIFT_VERSION=7
is "$(app_state Current)" 7 "it stays"
app_start=1s app_write 80
sed -i 's|^HTTP=.*|HTTP=8080/other|' /srv/app.manifest
publish_release 80 "$APP" /srv/app.manifest
journal_mark
not_ok "what is asked otherwise under the same name is held against the new one" sealift check
like "$(await_journal 10 "MESSAGE_ID=${EVENT[failed]}" SEALIFT_VERSION=80)" "main.: GET /other of port 8080: status 500" "the journal says what"
is "$(app_state Current)" 7 "what ran before stays"

# Behind a socket of systemd both releases answer while the new one is on trial, so it is asked by itself.
sock_publish() {
    mkdir -p /srv/sock
    cp /tests/host/service.py /srv/sock/
    echo "$2" >/srv/sock/does
    printf '%s\n' '[Bundle]' Name=sock Version=1 SoakSec=0 '[Service main]' 'ExecStart=/usr/bin/python3 /bundle/service.py' Type=notify \
        "Environment=VERSION=$1" "${@:3}" '[Socket web]' Service=main ListenStream=127.0.0.1:8090 \
        '[Health main]' HTTP=/ Socket=web IntervalSec=200ms StartSec=4s >/srv/sock.manifest
    publish_release "$1" /srv/sock /srv/sock.manifest
}
version() { curl --silent --fail --max-time 10 http://127.0.0.1:8090/version; }
ask_all_the_time() {
    : | tee /srv/asking >/srv/answers
    while [ -e /srv/asking ]; do version >>/srv/answers || echo lost >>/srv/answers; done
}
answered() { [ "$(wc -l </srv/answers)" -gt "$1" ]; }
job_times() { journalctl --quiet --output=cat _PID=1 | grep -oE "^(Started|Stopped|Stopping) sealift-sock\.[a-z-]+@[0-9]+" | sed 's/sealift-sock\.//' | tr '\n' ' '; }

agent_grant sock Listen=tcp:127.0.0.1:8090
sock_publish 1 200
journal_mark
sealift check || true # app is quarantined, still
is "$(bundle_state sock version)" 1 "behind a socket: release 1 is installed"
ask_all_the_time &
await 10 answered 5
sock_publish 2 500
journal_mark
not_ok "release 2 is not well" sealift check
like "$(sealift why sock)" "healthy +failed: not well within StartSec=: .Health main.: GET / of its own web: status 500" "and was asked by itself"
await 10 answered $(($(wc -l </srv/answers) + 5))
rm /srv/asking
wait
is "$(grep -c lost /srv/answers) $(bundle_state sock version)" "0 1" "nobody noticed"
is "$(version)" 1 "release 1 serves"
sock_publish 3 200 ExecMigrate=/usr/bin/true
sealift check || true
is "$(bundle_state sock version)" 3 "release 3 migrates, and is installed"
like "$(job_times)" "Stopped main@1 .*Started main-migrate@3 .*Started main@3" "while nothing runs, though it could have started beside"

asked_or_taken() { app_was_asked 9 || [ "$(app_state Current)" = 9 ]; }
# Never three in a row, until it is told to: not one, nor two, nor three in all.
in_a_row() {
    local checker status=0
    app_does ""
    app_soak=0 app_start=1s app_publish 8 500
    not_ok "a release that is not well, before it" sealift check
    is "$(gate healthy)" failed "stops there"
    app_soak=0 app_start=10min app_health=Successes=3 app_publish 9 200,200,500
    journal_mark
    sealift check >/srv/said 2>&1 &
    checker=$!
    ok "a release that is to be well three times in a row" await 60 app_runs 9
    ok "is asked, and answers two in a row well, again and again" await 180 asked_or_taken
    is "$(app_state Current) $(gate healthy)" "7 under way" "which is not enough"
    app_does 200
    wait $checker || status=$?
    is "$status $(gate healthy)" "0 passed" "three in a row are"
    expect_proven "three in a row" 9
}
in_a_row
done_testing
