#!/usr/bin/env bash
# Time: a clock that goes wrong in either direction, metadata that expires soon, a timestamp that no newer one follows. The
# agent says so in the journal, in its status and in its reports; what runs is left alone; and what cannot be judged is not
# installed. Days pass for the agent alone (tests/host/clock.c): the machine, the bucket and the publisher stay where they are.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_OPTIONS=(--clock)
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

RECORD=$STORE/trust/times
HOUR=3600
DAY=86400

# clock SECONDS: how far the agent's clock is ahead of the machine's, from now on, without its being restarted.
clock() {
    echo "$1" >/etc/clock.new
    mv /etc/clock.new /etc/clock
}
# clock_of SERVICE: it has that clock from its next start on.
clock_of() {
    mkdir -p "/run/systemd/system/$1.service.d"
    printf '[Service]\nEnvironment=LD_PRELOAD=/usr/lib/clock.so\n' >"/run/systemd/system/$1.service.d/clock.conf"
    systemctl daemon-reload
}

# publish_in SECONDS VERSION: a release as the publisher signs it then.
publish_in() {
    web_write "$2"
    pack_release "$2" "$WEB" /srv/web.manifest
    publish_sealed "$sealed" env SOURCE_DATE_EPOCH=$((EPOCHSECONDS + $1))
}

warnings() { sealift status --json | jq -r '.warnings[]'; }
# said EVENT: how often since the mark. await_journal first, where it is to have been said at all.
said() { journal_since "MESSAGE_ID=${EVENT[$1]}" | wc -l; }
# trust_listing: every byte of what is trusted.
# But for when it asks again, which is no trust.
trust_listing() { (cd "$STORE/trust" && find . -type f ! -name polls -exec sha256sum {} + | LC_ALL=C sort); }

# ---- nobody serves anything newer -----------------------------------------------------------------------------------

frozen() {
    local invocation
    is "$(warnings)" "" "all is well: there is nothing to warn of"
    publisher /tests/host/forge.py "$BUCKET" "$KEYS" timestamp version=100 set=x-sealift-interval-seconds:$DAY
    age_timestamp
    ok "a timestamp that is to be signed daily" sealift check
    clock $((47 * HOUR))
    ok "47 hours later nothing newer has come" sealift check
    is "$(warnings)" "" "which can happen"
    invocation=$(web_invocation)
    journal_mark
    requests_mark
    clock $((49 * HOUR))
    ok "49 hours later it is still valid" sealift check
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[frozen]}")" "no newer timestamp since version 100, .* every 24 hours" \
        "but the journal asks why nobody signs"
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[expires]}")" "timestamp.json version 100 expires in 22 hours, .*sealift refresh" \
        "and says when it will not be valid any more, and what has stopped"
    expect_report "frozen" '.error == null and (.warnings | length) == 2'
    ok "another check" sealift check
    is "$(said frozen) $(said expires)" "1 1" "each is said once"
    systemctl restart sealiftd.service
    ok "the agent is started again" sealift check
    is "$(said frozen) $(said expires)" "1 1" "and does not repeat it"
    like "$(warnings)" "no newer timestamp.*timestamp.json version 100 expires" "status shows both"
    like "$(sealift status)" "Warning: no newer timestamp" "to people, too"
    is "$(web_invocation) $(web_page)" "$invocation 1" "the service was not touched"
}

thawed() {
    journal_mark
    publish_in $((49 * HOUR)) 2
    ok "the publisher is back" sealift check
    is "$(web_page)" 2 "with a release, which is installed"
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[newer]}")" "version 101 has come" "the journal calls off the alarm"
    is "$(warnings)" "" "and there is nothing to warn of"
}

# A source that is away for two days of a machine that is awake; the days are put into the record, since they are counted on a
# clock that nobody can set.
unreachable() {
    systemctl stop sealiftd.service
    bucket_stop
    sed -i "s/^AwakeSec=.*/AwakeSec=$((2 * DAY + 1))/" "$RECORD"
    journal_mark
    systemctl start sealiftd.service
    ok "an outage is told" await_journal 10 "MESSAGE_ID=${EVENT[unreachable]}"
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[frozen]}")" "no newer timestamp since version 101" "and that it has been a long one"
    not_ok "another check" sealift check
    is "$(said frozen)" 1 "which says no more of it"
    like "$(warnings)" "no newer timestamp" "but status does"
    bucket_start
    ok "the source is back, with what it had" sealift check
    like "$(warnings)" "no newer timestamp" "which ends nothing"
    publish_in $((49 * HOUR)) 2
    ok "and with something newer" sealift check
    is "$(warnings)" "" "which does"
}

# ---- the clock ------------------------------------------------------------------------------------------------------

root_expires() {
    clock $((340 * DAY))
    publish_in $((340 * DAY)) 3
    journal_mark
    ok "eleven months later" sealift check
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[expires]}")" "root.json version 1 expires in 2[45] days, .*sealift rotate" \
        "the root is said to expire soon, and who has to sign the next"
    is "$(said expires)" 1 "and nothing else"
    is "$(web_page)" 3 "releases are installed meanwhile"
}

# clock_refused NAME REGEX COMMAND...: from the command on, as expect_refusal has it, for the clock; nothing was asked of the
# bucket, and nothing that is trusted has changed.
clock_refused() {
    local name=$1 want=$2 trusted store invocation
    shift 2
    trusted=$(trust_listing)
    store=$(store_listing)
    invocation=$(web_invocation)
    journal_mark
    requests_mark
    "$@"
    not_ok "$name: the check fails" sealift check
    like "$(sealift check 2>&1)" "$want" "$name: and says why"
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[clock]}")" "$want" "$name: so does the journal"
    is "$(said clock)" 1 "$name: once"
    like "$(warnings)" "this machine's clock looks wrong" "$name: status warns of it"
    is "$(requests '.path | startswith("/metadata/")')" "" "$name: the bucket was asked nothing"
    is "$(trust_listing)" "$trusted" "$name: what is trusted is as it was"
    is "$(store_listing)" "$store" "$name: so are releases and state"
    is "$(web_invocation) $(web_page)" "$invocation 3" "$name: the service was not touched"
}

set_back() {
    clock_refused "set back by ten years" "it says 20.*(behind|when this sealift was made)" clock $((340 * DAY - 3650 * DAY))
    clock $((340 * DAY))
    ok "the clock is right again after ten years" sealift check
    publish_in $((340 * DAY)) 4
    clock_refused "set back by 40 days" "(39|40) days behind .*, when metadata was last found valid here.*timedatectl" \
        clock $((300 * DAY))
    ok "it is looked at again within half a minute" \
        [ "$(sealift status --json | jq '(.next_check | fromdate) - (.last_check | fromdate)')" -le 31 ]
    expect_report "set back" '.error | test("clock looks wrong")'
    clock_refused "the agent is restarted" "(39|40) days behind" systemctl restart sealiftd.service
    clock $((340 * DAY))
    ok "the clock is right again" sealift check
    is "$(web_page)" 4 "and the release that waited is installed"
    unlike "$(warnings)" "clock" "nobody speaks of the clock any more"
}

far_ahead() {
    local trusted
    journal_mark
    trusted=$(trust_listing)
    clock $((3650 * DAY))
    not_ok "ten years ahead: the check fails" sealift check
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[trust-refused]}")" \
        "this machine's clock looks wrong: it says .*, 9 years past .*: root.json version 1 expired" \
        "ten years ahead: the clock is named before the publisher"
    not_ok "ten years ahead: the next check fails, too" sealift check
    is "$(said trust-refused)" 1 "ten years ahead: which is told once"
    clock_of sealift-fetch@
    journal_mark
    not_ok "ten years ahead, on the whole machine: the check fails" sealift check
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[unreachable]}")" "this machine's clock looks wrong: .* certificate has expired" \
        "as no server's certificate is believed any more; the clock is named before the server"
    rm -r /run/systemd/system/sealift-fetch@.service.d
    systemctl daemon-reload
    is "$(trust_listing)" "$trusted" "ten years ahead: which leaves nothing behind"
    is "$(web_page)" 4 "ten years ahead: the service was not touched"
    clock $((340 * DAY))
    ok "the clock is right again" sealift check
}

# A record that is lost costs the memory, not the updates; the build date is left.
damaged() {
    systemctl stop sealiftd.service
    echo 'Trusted=soon' >"$RECORD"
    journal_mark
    clock $((340 * DAY))
    systemctl start sealiftd.service
    ok "a damaged record: the check succeeds" sealift check
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[clock]}")" "trust/times:1: .*build date" "a damaged record: the journal says so"
    ok "a damaged record: is written anew" grep -q '^Trusted=20' "$RECORD"
    systemctl stop sealiftd.service
    rm "$RECORD"
    clock $(($(date -u -d 2020-01-01 +%s) - EPOCHSECONDS))
    systemctl start sealiftd.service
    ok "a clock before this was built" await_journal 10 "MESSAGE_ID=${EVENT[clock]}"
    like "$(sealift check 2>&1)" "it says 2020-01-01T.*, when this sealift was made" "is wrong, without any record"
    is "$(web_page)" 4 "and stops no service"
}

# A role of its own team, whose keys the rest of the publisher does not have.
delegated() {
    systemctl stop sealiftd.service
    rm -f "$RECORD"
    clock 0
    publisher /tests/host/forge.py "$BUCKET" "$KEYS" targets keys=team:team-1 "paths=team:stable/team-*"
    publisher /tests/host/forge.py "$BUCKET" "$KEYS" team expires=$((10 * DAY))
    age_timestamp
    journal_mark
    systemctl start sealiftd.service
    ok "a delegated role" sealift check
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[expires]}")" \
        "team.json version 1 expires in (9|10) days, .* nothing of that role is updated here: whoever holds the keys" \
        "that expires soon is told like any other"
    systemctl restart sealiftd.service
    ok "another check" sealift check
    is "$(said expires)" 1 "once"
    like "$(warnings)" "^team.json version 1 expires" "and status shows it"
}

web_begin
clock 0
clock_of sealiftd
systemctl restart sealiftd.service
frozen
thawed
unreachable
root_expires
set_back
far_ahead
damaged
delegated
done_testing
