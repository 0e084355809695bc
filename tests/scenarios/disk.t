#!/usr/bin/env bash
# What a power cut may leave: the whole tree is on disk before the rename that makes its release current, and that rename before
# anything else. And a disk that refuses to be written: the update fails, the old release runs, and once it can be written the
# release is installed, without anything else having to happen.
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

# durable_calls: how the agent makes the coming release durable, one call a line.
durable_calls() {
    trace_begin -f -y -p "$(pid_of sealiftd.service)" -e trace=write,syncfs,fsync,fdatasync,rename,renameat,renameat2
    sealift check >&2
    trace_end
    sed -nE 's|.* write\(.*/releases/web/.*/tree.*|write|p; s|.* syncfs\(.*/releases/web/.*/tree>.*= 0$|syncfs|p
        s|.* fsync\(.*/state/\.web\.new>.*= 0$|fsync new|p; s|.* renameat2?\(.*/state>.*"web".*= 0$|rename|p
        s|.* fsync\(.*/state>.*= 0$|fsync parent|p' /srv/trace | uniq
}

web_begin
web_publish 2
like "$(durable_calls | xargs)" "^write syncfs( fsync new rename fsync parent)+$" "the tree, then state/web, then its folder"
is "$(web_page)" 2 "release 2 runs"
web_publish 3
refuse trust
not_ok "trust cannot be written: the check fails" sealift check
allow trust
expect_recovery "trust" 3

web_publish 4
refuse state
invocation=$(web_invocation)
not_ok "state cannot be written: the check fails" sealift check
is "$(web_invocation)" "$invocation" "state: nothing was stopped for it"
allow state
expect_recovery "state" 4
done_testing
