#!/usr/bin/env bash
# When the machine boots, or the agent starts, releases are started; orders do not wait for those that take their time, not even the
# ones about them.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/slow.sh
. /tests/host/slow.sh

nothing_of() { [ -z "$(units_of "$1")" ]; }
# told WORDS ORDER...
told() {
    local words=$1
    shift
    like "$(timeout 20 sealift "$@" 2>&1)" "$words" "while it starts: sealift $*"
}

web_begin
slow_publish
sealift check --no-wait
await 30 test -d "${GO%/*}"
touch "$GO"
ok "a release that takes its time" await 60 slow_is running
rm "$GO"
systemctl stop sealiftd.service
systemctl stop "$(unit_of slow)" "$(unit_of web)"
journal_mark
systemctl start sealiftd.service
ok "all are started again" await 60 web_answers 1
ok "but one is not up yet" await 20 slow_is starting
told "is held" hold slow
told "not held" unhold slow
told "started again" restart web
told "^Good: web 1-" verify web
ok "it starts all the while" slow_is starting
told "is stopped" stop slow
ok "nothing of it is left" await 20 nothing_of slow
is "$(bundle_state slow state)" stopped "status says so"
is "$(journal_since "MESSAGE_ID=${EVENT[restore-failed]}")" "" "and that it was stopped is no failure"
touch "$GO"
ok "it can be started" sealift start slow
ok "and runs" slow_is running
done_testing
