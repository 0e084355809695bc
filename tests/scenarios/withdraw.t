#!/usr/bin/env bash
# What leaves: a bundle that its publisher withdraws is stopped and removed, one that is merely missing runs on, and nothing goes
# back below an epoch that has proved itself here, whoever signs it.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

STATE=$STORE/state/web
said=

told() { # STATUS REGEX COMMAND...
    local want=$1 words=$2 status=0
    shift 2
    said=$("$@" 2>&1) || status=$?
    is "$status" "$want" "$*: status $want"
    like "$said" "$words" "$*: says so"
}
withdraw() {
    publisher sealift withdraw --repository "$BUCKET" --keys "$KEYS" --channel stable web "$@" >/dev/null
    age_timestamp
}
# epoch_publish VERSION [EPOCH]
epoch_publish() {
    web_write "$1"
    [ $# -lt 2 ] || sed -i "s/^Name=web/&\nEpoch=$2/" /srv/web.manifest
    publish_release "$1" "$WEB" /srv/web.manifest
}
nothing_runs() { [ -z "$(systemctl list-units --plain --no-legend 'sealift-web.*')" ]; }
nobody_listens() { ! (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null; }
releases() { find "$STORE/releases/web" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sed 's/-.*//' | sort | tr '\n' ' '; }
times() { journal_since "MESSAGE_ID=$1" | wc -l; }

withdrawn() {
    told 0 "held" sealift hold web
    withdraw --reason='the site has moved'
    told 0 "up to date" sealift check
    ok "a bundle that is held stays" web_answers 2
    agent_window +2 +4
    told 0 "not held" sealift unhold web
    told 0 "^up to date, but for what waits for Window=" sealift check
    ok "where it is not the time, it stays as well" web_answers 2
    like "$(sealift why web)" "window +failed: web: another release waits for Window=, which opens at " "and why says until when"
    journal_mark
    requests_mark
    agent_window -1 +1
    told 0 "web: withdrawn" sealift check
    ok "one that is not held is stopped when the window opens" nothing_runs
    agent_window
    ok "nobody listens" nobody_listens
    is "$(releases)" "" "nothing of it is on disk"
    like "$(cat "$STATE")" "Withdrawn=" "what is known of it stays"
    unlike "$(cat "$STATE")" "Current=" "but what was current"
    like "$(journal_since MESSAGE_ID=2becafd4d2994b47b0862ff8d57c64b2)" "withdrawn by its publisher.*the site has moved" "the journal says why"
    ok "the report says so" await_report 20 '.bundles[] | select(.name == "web") | .state == "withdrawn" and .version == null'
    told 0 "web: withdrawn" sealift check
    is "$(times 2becafd4d2994b47b0862ff8d57c64b2)" 1 "it is done once"
    unlike "$(requests)" "tar\.zst" "nothing of a bundle is fetched"
    told 0 "withdrawn" sealift status web
    told 1 "no release of it is installed" sealift start web
    told 1 "release 1 is not on disk" sealift rollback web 1
    systemctl restart sealiftd.service
    told 0 "web: withdrawn" sealift check
}

comes_back() {
    publish_sealed "$OUT/web-2.manifest"
    told 0 "web 2: running" sealift check
    ok "the same release, published again, is installed again" web_answers 2
    unlike "$(cat "$STATE")" "Withdrawn=" "and is withdrawn no more"
    told 0 "stopped" sealift stop web
    withdraw
    told 0 "web: withdrawn" sealift check
    is "$(releases)" "" "a bundle that is stopped can be withdrawn"
    web_publish 3
    told 0 "web: withdrawn" sealift check
    ok "and is not started by a release" nothing_runs
    told 0 "disabled" sealift disable web
    sed -i '/^Disabled/d' "$STATE" # as a file that was put right by hand
    systemctl restart sealiftd.service
    told 0 "web 3: running" sealift check
}

set_back() {
    withdraw --to=2
    told 0 "web 2: running" sealift check
    ok "set back to an earlier release" web_answers 2
}

# bundle_hide VERSION: the bucket no longer has it; bundle_show: it is back.
bundle_hide() { mkdir -p /srv/hidden && mv "$BUCKET"/targets/stable/"$(sum_of "$1")".* /srv/hidden/; }
bundle_show() { mv /srv/hidden/* "$BUCKET/targets/stable/"; }
sums() { (cd "$STORE"/releases/web/"$1"-*/tree && find . -type f -exec sha256sum {} + | LC_ALL=C sort); }
sum_of() { sha256sum <"$OUT/web-$1.tar.zst" | cut -d ' ' -f 1; }

from_disk() {
    local whole
    withdraw --to=3
    bundle_hide 3
    requests_mark
    told 0 "web 3: running" sealift check
    ok "what is on disk as it was signed" web_answers 3
    unlike "$(requests)" "tar\.zst" "is not fetched again"
    like "$(sealift why web)" "on disk +passed" "its gate is one of its own"
    bundle_show
    whole=$(sums 2)
    printf x | dd of="$(echo "$STORE"/releases/web/2-*/tree/page.html)" bs=1 seek=3 conv=notrunc status=none
    withdraw --to=2
    bundle_hide 2
    told 1 "web" sealift check
    is "$(releases)" "2 3 " "what is damaged, and cannot be fetched now, is not given up"
    ok "and what runs goes on" web_answers 3
    bundle_show
    told 0 "web 2: running" sealift check
    is "$(sums 2)" "$whole" "what was damaged is mended"
    ok "before it is started" web_answers 2
}

# The floor is in force everywhere but at boot.
epochs() {
    epoch_publish 4 7
    told 0 "web 4: running" sealift check
    like "$(cat "$STATE")" "Epoch=7" "an epoch that proved itself is the floor"
    told 1 "Epoch=0, and one of Epoch=7" sealift rollback web 2
    ok "rollback: no way back below it" web_answers 4
    epoch_publish 5 7
    told 0 "web 5: running" sealift check
    told 0 "runs release 4 again" sealift rollback web
    told 0 "may be tried again" sealift retry web
    ok "but to another one of the same" await 30 web_answers 5
    publisher /tests/host/forge.py "$BUCKET" "$KEYS" targets "put=stable/web.tar.zst:$OUT/web-3.tar.zst" \
        "put=stable/web.manifest:$OUT/web-3.manifest"
    age_timestamp
    requests_mark
    told 1 "Epoch=0, and one of Epoch=7" sealift check
    unlike "$(requests)" "tar\.zst" "a publisher with all keys cannot set it back: nothing is fetched"
    ok "and what runs goes on" web_answers 5
    like "$(sealift why web || true)" "epoch +failed" "why says so"
}

missing() {
    local unit
    unit=$(web_invocation)
    publisher python3 - "$BUCKET" <<'PY' >/srv/others
import glob, json, sys
newest = max(glob.glob(sys.argv[1] + "/metadata/*.targets.json"), key=lambda p: int(p.rsplit("/", 1)[1].split(".")[0]))
print(" ".join("drop=" + name for name in json.load(open(newest))["signed"]["targets"] if "/web." in name))
PY
    # shellcheck disable=SC2046 # words
    publisher /tests/host/forge.py "$BUCKET" "$KEYS" targets $(cat /srv/others)
    age_timestamp
    journal_mark
    told 0 "web 5: running" sealift check
    is "$(web_invocation)" "$unit" "a bundle that is missing runs on"
    is "$(times b3bf34520c674958bc82eb55e0641fc6)" 1 "the journal says so"
    told 0 "no longer in the channel" sealift status web
    told 0 "web 5: running" sealift check
    is "$(times b3bf34520c674958bc82eb55e0641fc6)" 1 "once"
    ok "the report says so" await_report 20 '.bundles[] | select(.name == "web") | .listed == false'
    bucket_stop
    systemctl restart sealiftd.service
    ok "a new agent" await 20 sealift status
    told 0 "no longer in the channel" sealift status web
    bucket_start
    told 0 "web 5: running" sealift check
    is "$(times b3bf34520c674958bc82eb55e0641fc6)" 1 "which has not to ask for that, nor says it again"
}

case $PHASE in
    1)
        web_begin
        agent_enable
        web_publish 2
        told 0 "web 2: running" sealift check
        withdrawn
        comes_back
        set_back
        from_disk
        epochs
        missing
        # A floor above what runs, as a disk that was restored may have it.
        sed -i 's/^Epoch=.*/Epoch=9/' "$STATE"
        bucket_stop
        next_boot cut
        ;;
    2)
        ok "a floor above it does not keep from its boot what is current" await 30 web_answers 5
        done_testing
        ;;
esac
