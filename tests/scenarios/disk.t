#!/usr/bin/env bash
# A disk that refuses to be written: the update fails, the old release runs, and once it can be written the release is
# installed, without anything else having to happen.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# refuse PLACE, allow PLACE: the agent has no capability, so the mode counts for it.
refuse() { chmod 0555 "$STORE/$1"; }
allow() { chmod 0755 "$STORE/$1"; }

# expect_recovery NAME VERSION
expect_recovery() {
    is "$(web_page) $(bundle_state web state)" "$(($2 - 1)) running" "$1: the old release runs"
    ok "$1: with the disk back, the check installs the release" sealift check
    is "$(web_page)" "$2" "$1: which answers"
}

web_begin
web_publish 2
refuse trust
not_ok "trust cannot be written: the check fails" sealift check
allow trust
expect_recovery "trust" 2

web_publish 3
refuse state
invocation=$(web_invocation)
not_ok "state cannot be written: the check fails" sealift check
is "$(web_invocation)" "$invocation" "state: nothing was stopped for it"
allow state
expect_recovery "state" 3
done_testing
