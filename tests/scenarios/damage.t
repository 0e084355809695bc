#!/usr/bin/env bash
# What is known to be damaged is known to the next agent and after a boot: it runs all the same, since that is what this machine
# ran, it is said each time, and it is put right as soon as there is somebody to fetch it from; so is what nothing runs of. What
# goes is forgotten.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

tree() { echo "$STORE/releases/web/$1-"*/tree; }
flip() { printf x | dd of="$1" bs=1 seek=3 conv=notrunc status=none; }
damaged() { sealift status --json | jq -r '.bundles[] | select(.name == "web") | .damaged[] | .version + " " + .reason'; }
said_at_start() { journal_since "MESSAGE_ID=${EVENT[damaged]}" PRIORITY=2 | grep "as was found before the agent was started"; }
# Only what is written down of the bundle is left to know of it: no scrub of this agent's looks for ten minutes.
unscrubbed() { rm -f "$STORE/trust/scrub"; }
agent_anew() {
    systemctl stop sealiftd.service
    unscrubbed
    systemctl start sealiftd.service
    await 30 sealift status >/dev/null
}
WHY="zeros: its SHA-256 is not what was signed"

# bundle_of VERSION: where the bucket has it.
bundle_of() {
    local file
    for file in "$BUCKET"/targets/stable/*.web.tar.zst; do
        grep -q "${file##*/}" <(sed 's/$/.web.tar.zst/; s/.*=//' "$(tree "$1")/../manifest") && echo "$file"
    done
}
# put_right VERSION: the agent does so, and nobody had to ask.
put_right() { ok "release $1 is put right" await_journal 120 "MESSAGE_ID=${EVENT[repaired]}" "SEALIFT_VERSION=$1"; }

# What runs is put right though its channel has another one by now, and so is what it would go back to.
mends() {
    local away
    sealift hold web
    web_publish 3
    journal_mark
    flip "$(tree 2)/zeros"
    flip "$(tree 1)/zeros"
    not_ok "two releases are damaged, neither of which the channel has" sealift verify web
    put_right 2
    put_right 1
    is "$(journal_since "MESSAGE_ID=${EVENT[repaired]}" | cut -d ' ' -f 3 | xargs)" "2 1" "what runs before all"
    ok "both are as signed" sealift verify web
    is "$(web_invocation) $(web_page)" "$invocation 2" "the service was not touched"
    away=$(bundle_of 1)
    mv "$away" /srv/away
    journal_mark
    flip "$(tree 1)/zeros"
    not_ok "one is damaged whose bundle is gone" sealift verify web
    like "$(await_journal 60 "MESSAGE_ID=${EVENT[damaged]}" PRIORITY=2 SEALIFT_VERSION=1)" "is fetched again" "which is an alarm"
    ok "it cannot be put right, which status says" await 60 says_unrepaired
    ok "a check has nothing against that" sealift check
    ok "nor has another one" sealift check
    is "$(journal_since "MESSAGE_ID=${EVENT[damaged]}" | grep -c "cannot be put right")" 1 "it is said once"
    agent_anew
    ok "a new agent knows" says_unrepaired
    journal_mark
    mv /srv/away "$away"
    sealift check || true
    put_right 1
    is "$(damaged)" "" "with its bundle back it is well"
    sealift unhold web
    ok "and may be gone back to" sealift rollback web 1
    sealift retry web
    ok "as what was set back may come again" await 60 web_answers 3
}
says_unrepaired() { [[ $(damaged) = "1 $WHY; it cannot be put right: "*"not there"* ]]; }

# One that goes is not damaged any more.
goes() {
    bucket_stop
    flip "$(tree 2)/zeros"
    not_ok "an earlier release is damaged" sealift verify web
    is "$(damaged)" "2 $WHY" "which is known"
    agent_anew
    is "$(damaged)" "2 $WHY" "to a new agent as well"
    sed -i 's/^\[Agent\]/&\nKeep=0/' /etc/sealift/sealift.conf
    systemctl restart sealiftd.service
    web_publish 4
    bucket_start
    ok "release 4 is installed" sealift check
    ok "release 2 is gone" await 20 test ! -e "$(tree 2)"
    is "$(damaged)" "" "and so is what was known of it"
}

case $PHASE in
    1)
        web_begin
        web_publish 2
        ok "release 2 is installed" sealift check
        is "$(damaged)" "" "nothing is damaged"
        agent_enable
        bucket_stop
        flip "$(tree 2)/zeros"
        invocation=$(web_invocation)
        not_ok "a byte of a file that nobody reads is found" sealift verify web
        is "$(damaged)" "2 $WHY" "status says so"
        like "$(sealift status)" "  damaged on disk: 2, $WHY" "in a line of its own"
        like "$(cat "$STORE/state/web")" "\[Damaged [0-9a-f]{64}\]"$'\n'"Version=2"$'\n'"Since=[0-9]+"$'\n'"Reason=$WHY" "it is written down"
        journal_mark
        agent_anew
        is "$(damaged)" "2 $WHY" "a new agent knows"
        ok "which says so when it has looked" await 30 said_at_start
        like "$(said_at_start)" "^web: release 2 is damaged on disk, .*and runs all the same; it is fetched again .*$WHY" "and says so"
        like "$(bundle_state web error)" "release 2 is damaged on disk" "also where the last error stands"
        is "$(web_invocation) $(web_page)" "$invocation 2" "the service was not touched"
        ok "an operator's restart" sealift restart web
        is "$(damaged)" "2 $WHY" "changes nothing about that"
        systemctl stop sealiftd.service
        unscrubbed
        next_boot cut
        ;;
    2)
        ok "after a boot it runs all the same" await 60 web_answers 2
        ok "the agent is up" await 30 web_is running
        is "$(damaged)" "2 $WHY" "and knows"
        like "$(said_at_start)" "release 2 is damaged on disk, .*and runs all the same" "and says so in this boot as well"
        invocation=$(web_invocation)
        bucket_start
        ok "with a bucket it is put right, and nobody had to ask" await_journal 120 "MESSAGE_ID=${EVENT[repaired]}"
        is "$(damaged)" "" "status has it no more"
        unlike "$(cat "$STORE/state/web")" "Damaged" "nor has the state"
        ok "every byte is as signed" sealift verify web
        is "$(web_invocation) $(web_page)" "$invocation 2" "the service was not touched"
        ok "a report told of it" await_report 45 'any(.bundles[]; .damaged == ["2"])'
        journal_mark
        agent_anew
        is "$(damaged)$(said_at_start || true)" "" "a new agent has nothing to say"

        mends
        goes
        done_testing
        ;;
esac
