#!/usr/bin/env bash
# What is on disk is looked at, every byte of it, and nobody waits for that either; and what a killed agent has left in a tree is no
# reason to refuse it.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

tree() { echo "$STORE/releases/web/$1-"*/tree; }
# told NAME WORDS ORDER...: which is answered at once.
told() {
    local name=$1 words=$2
    shift 2
    like "$(timeout 20 sealift "$@" 2>&1)" "$words" "$name: sealift $*"
}
# slow PATH: the agent reads 128 KiB of it a second; quick: as ever.
slow() {
    trace_begin -f -p "$(pid_of sealiftd.service)" -P "$1" -e trace=read -e inject=read:delay_enter=1000000
}
quick() { trace_end; }
is_read() { grep -q 'read(' /srv/trace; }

# As long as this agent reads it, it takes four minutes.
look() {
    web_write 2
    head -c 32M /dev/urandom >"$WEB/ballast"
    publish_release 2 "$WEB" /srv/web.manifest
    rm "$WEB/ballast"
    ok "a large release is installed" sealift check
    told "to begin with" "runs release 1 again" rollback web
    slow "$(tree 2)/ballast"
    journal_mark
    told "it is to come back" "may be tried again" retry web
    ok "which is on disk, and looked at" await 30 is_read
    is "$(bundle_state web state)" updating "status is answered"
    told "meanwhile" "not held" unhold web
    is "$(bundle_state web state)" updating "it is looked at all the while"
    told "meanwhile" "is held" hold web
    like "$(await_journal 20 "MESSAGE_ID=${EVENT[refused]}")" "release 2 was on its way, and is broken off: the operator's Hold" "which ends it"
    quick
    sealift unhold web >/dev/null
    requests_mark
    ok "the next check" sealift check
    is "$(web_page)" 2 "installs it"
    is "$(requests '.path | endswith(".tar.zst")')" "" "and fetches nothing"
}

# The operator's own order goes on, and yet the agent can be asked, and stopped.
look_back() {
    local asker
    web_publish 3
    ok "the next release" sealift check
    slow "$(tree 2)/ballast"
    sealift rollback web 2 >/srv/said 2>&1 &
    asker=$!
    ok "the large one is to come back, and looked at" await 30 is_read
    ok "status is answered" timeout 20 sealift status web
    ok "and the agent obeys" timeout 30 systemctl stop sealiftd.service
    wait "$asker" || true
    quick
    systemctl start sealiftd.service
    is "$(web_page)" 3 "release 3 runs"
}

left_behind() {
    systemctl stop sealiftd.service
    mkdir "$(tree 2)/.mend\\"
    cp "$(tree 2)/page.html" "$(tree 2)/.mend\\"
    chown -R sealift: "$(tree 2)/.mend\\"
    systemctl start sealiftd.service
    await 30 test ! -e "$(tree 2)/.mend\\" # which it has told its readiness before
    told "what a killed agent left is gone" "Good: web 2" verify web
    told "and no reason not to go back" "runs release 2 again" rollback web 2
    is "$(web_page)" 2 "which runs"
}

web_begin
look
look_back
left_behind
done_testing
