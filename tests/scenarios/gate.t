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
app_publish 3 hang
refused "no answer" 3 "no answer in time"
app_start=60s app_publish 4 die
refused "one that dies when it is asked" 4 "(exit status 3|exited with status 3|died [0-9]+ times)"

# Two services, of which one is well.
app_more=$(printf '%s\n' '[Service other]' 'ExecStart=/usr/bin/python3 /bundle/service.py 8081' 'Type=notify' \
    'Environment=VERSION=5' '[Sandbox other]' 'Network=bundle' '[Health other]' 'HTTP=8082/' 'StartSec=1s')
app_publish 5
refused "one of two services is not well" 5 "other.: GET / of port 8082: nobody listens"
app_more=

# Broken before.
app_does 500
app_start=60s app_publish 6
journal_mark
ok "what the old release does not answer well either is not held against the new one" sealift check
like "$(await_journal 10 "MESSAGE_ID=${EVENT[forgiven]}")" "release 6 is not well, nor was the one before it: .*status 500" "the journal tells"
expect_proven "broken before" 6
done_testing
