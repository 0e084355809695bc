#!/usr/bin/env bash
# What goes wrong with the agent's own files, and with nothing else, is told under a name of its own: operators act differently on it.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

told() { journal_since "MESSAGE_ID=${EVENT[$1]}"; }
on_trial() { sealift status --json | jq -e '.bundles[] | select(.name == "web") | .trial.until != null' >/dev/null; }

stored_metadata() {
    systemctl stop sealiftd.service
    echo "{}" >"$STORE/trust/timestamp.json"
    journal_mark
    systemctl start sealiftd.service
    ok "a stored timestamp is damaged: a check ends well all the same" sealift check
    like "$(told trust-unused)" "^stored metadata is not used, .*timestamp.json" "which is told"
    is "$(told trust-refused)" "" "but not as a refusal of the bucket's"
    journal_mark
    ok "the next check" sealift check
    is "$(told trust-unused)" "" "finds another one stored"
}

what_stays_on_disk() {
    local first part
    first=$(echo "$STORE"/releases/web/1-*)
    part=$STORE/incoming/$(printf 'a%.0s' {1..64})
    web_publish 2
    ok "release 2 is installed" sealift check
    web_publish 3
    ok "release 3 is installed" sealift check
    systemctl stop sealiftd.service
    sed -i 's/^\[Agent\]$/&\nKeep=1/' /etc/sealift/sealift.conf
    chown root "$first/tree"
    journal_mark
    systemctl start sealiftd.service
    chown root "$STORE/incoming" # which a start wants to have
    touch "$part"
    ok "what is not needed any more cannot be removed: a check ends well all the same" sealift check
    like "$(told left)" "web: ${first##*/} cannot be stopped or removed from disk yet: ." "a release is told of"
    like "$(told left)" "incoming: cannot sweep it: ." "and a part of a download"
    is "$(told removed)" "" "which is not said to be removed"
    chown sealift "$first/tree" "$STORE/incoming"
    journal_mark
    ok "when it can be, the next check does so" sealift check
    is "$(told left)" "" "nothing is left"
    like "$(told removed)" "^web: release 1 removed from disk" "which is told"
    not_ok "the release is gone" test -e "$first"
    not_ok "so is the part of a download" test -e "$part"
}

trial_without_manifest() {
    web_write 4
    sed -i 's/^SoakSec=.*/SoakSec=1h/' /srv/web.manifest
    publish_release 4 "$WEB" /srv/web.manifest
    ok "release 4 is installed" sealift check
    ok "and on trial" on_trial
    chmod 600 "$STORE"/releases/web/4-*/manifest
    journal_mark
    systemctl restart sealiftd.service
    like "$(await_journal 60 "MESSAGE_ID=${EVENT[unwatched]}" SEALIFT_VERSION=4)" "web: release 4 cannot be watched: ." \
        "an agent that cannot read its manifest says that nobody watches it"
    ok "it runs on" web_answers 4
    not_ok "but not on trial" on_trial
    chmod 644 "$STORE"/releases/web/4-*/manifest
    systemctl restart sealiftd.service
    ok "the next agent watches it again" await 60 on_trial
}

web_begin
stored_metadata
what_stays_on_disk
trial_without_manifest
done_testing
