#!/usr/bin/env bash
# The agent is killed, and the power fails, while a release is fetched and staged: the running service does not notice, and
# afterwards the release is installed as if nothing had been, with nothing left over.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_OPTIONS=(--strike)
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/unpacker.sh
. /tests/host/unpacker.sh

fetching_has_begun() { [ -n "$(requests '.path | endswith(".tar.zst")')" ]; }

agent=0
kill_agent() {
    agent=$(pid_of sealiftd.service)
    systemctl kill --signal=SIGKILL sealiftd.service
}

# expect_recovery VERSION: the agent is back, and the next check installs it.
expect_recovery() {
    ok "the agent is started again" await 20 another_pid sealiftd.service "$agent"
    ok "the next check installs release $1" sealift check
    is "$(web_page)" "$1" "which answers"
    is "$(find "$STORE/incoming" -type f)" "" "no partial download is left"
    is "$(find "$STORE/releases/web" -mindepth 1 -maxdepth 1 | wc -l)" "$1" "on disk are the releases so far, and nothing half-made"
}

killed_while_fetching() {
    local invocation
    invocation=$(web_invocation)
    web_publish 2
    evil_start
    evil_rule '*.tar.zst' stall-body 20
    requests_mark
    sealift check --no-wait
    await 20 fetching_has_begun
    kill_agent
    is "$(web_invocation) $(web_page)" "$invocation 1" "killed while fetching: the service does not notice"
    bucket_start
    expect_recovery 2
}

killed_while_staging() {
    local invocation
    invocation=$(web_invocation)
    unpacker_prepare
    update_to 3
    kill_agent
    is "$(web_invocation) $(web_page)" "$invocation 2" "killed while staging: the service does not notice"
    kill -CONT "$unpacker"
    expect_recovery 3
}

case $PHASE in
    1)
        web_begin
        agent_enable
        killed_while_fetching
        killed_while_staging
        update_to 4
        next_boot cut
        ;;
    2)
        ok "after a power cut while staging, the old release is started" await 20 web_answers 3
        bucket_start
        expect_recovery 4
        done_testing
        ;;
esac
