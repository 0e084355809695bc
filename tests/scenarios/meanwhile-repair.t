#!/usr/bin/env bash
# A damaged release is fetched again, which takes its time: orders that leave it alone are carried out meanwhile, and it goes on;
# what does break it off, or comes to nothing, is followed by it. An order that would be refused ends nobody's download. What is on
# disk is looked at meanwhile; nothing of it goes. What is under way is so to sealift why, be it that another waits in its wait.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh
# shellcheck source=tests/host/stalls.sh
. /tests/host/stalls.sh

tree() { echo "$STORE/releases/$1/$2-"*/tree; }
flip() { printf x | dd of="$1" bs=1 seek=3 conv=notrunc status=none; }
# broken BUNDLE VERSION FILE: its release is damaged, and its repair gets no more than its first bytes.
broken() {
    stall
    rm -f "$STORE"/incoming/*
    flip "$(tree "$1" "$2")/$3"
    not_ok "release $2 of $1 is damaged" sealift verify "$1"
    ok "it is being fetched again" await 30 some_is_here
    journal_mark
}
repaired() { ok "$1: it is put right, and nobody had to ask" await_journal 90 "MESSAGE_ID=${EVENT[repaired]}"; }
last_check() { sealift status --json | jq -r .last_check; }

beside() {
    local order begun
    broken web 2 page.html
    begun=$(last_check)
    told "beside a repair" "is held" hold web
    told "beside a repair" "not held" unhold web
    for order in stop disable; do
        told "beside a repair" "web is ${order/%stop/stopp}" $order web
        ok "$order: nothing runs" nothing_of web
        told "beside a repair" "runs release 2" start web
    done
    told "beside a repair" "web 2-[0-9a-f]+ is damaged: page.html: its SHA-256" verify web
    is "$(journal_since "MESSAGE_ID=${EVENT[damaged]}")" "" "which is no news"
    is "$(last_check)" "$begun" "after six orders: the poll that puts it right goes on"
    flows
    repaired "after six orders"
}

# The release to go back to is damaged as well, which is seen when its tree is walked.
in_its_place() {
    flip "$(tree web 1)/page.html"
    broken web 2 page.html
    told "in its place" "page.html: its SHA-256" rollback web 1
    is "$(web_page)" 2 "release 2 runs on"
    flows
    repaired "broken off for nothing"
    ok "so is the other one" await_journal 90 "MESSAGE_ID=${EVENT[repaired]}" SEALIFT_VERSION=1
}

# What is refused for what is known of it.
refused() {
    local checker
    web_write 3
    sed -i 's/^SoakSec=.*/&\nEpoch=2/' /srv/web.manifest
    publish_release 3 "$WEB" /srv/web.manifest
    ok "a release of a higher epoch" sealift check
    web_write 4
    sed -i 's/^SoakSec=.*/&\nEpoch=2/' /srv/web.manifest
    publish_release 4 "$WEB" /srv/web.manifest
    ok "and another" sealift check
    told "to begin with" "runs release 3 again" rollback web
    web_write 5
    sed -i 's/^SoakSec=.*/&\nEpoch=2/' /srv/web.manifest
    publish_release 5 "$WEB" /srv/web.manifest
    evil_start
    evil_rule '*.tar.zst' stall-until 100 /srv/enough
    rm -f "$STORE"/incoming/*
    journal_mark
    sealift check >/srv/checked 2>&1 &
    checker=$!
    await 30 state_is web updating
    await 30 some_is_here
    told "a verdict" "web 4 is quarantined here .set back by the operator." rollback web 4
    told "an epoch" "web 2 has Epoch=0" rollback web 2
    is "$(bundle_state web state)" updating "the next one is being fetched still"
    is "$(journal_since "MESSAGE_ID=${EVENT[refused]}")" "" "and was not broken off"
    is "$(sealift why --json web | jq -r '.tried + " " + (.gates[] | select(.gate == "fetch") | .verdict)')" "5 under way" \
        "sealift why is about it"
    upkeep
}

# While release 5 of web is on its way.
upkeep() {
    local collector said
    said=$(timeout 20 sealift verify web 2>&1 || true)
    like "$said" "Good: web 4-" "beside a download: what is installed is looked at"
    unlike "$said" "web 5-" "but for what is on its way"
    cp -a "$STORE"/releases/web/4-* "$STORE/releases/web/4.1-0123456789ab"
    said=$(timeout 20 sealift gc --dry-run)
    like "$said" "^web 4.1-0123456789ab.*would go" "and so is what may go"
    unlike "$said" "web 5-" "which it may not"
    sealift gc >/srv/said 2>&1 &
    collector=$!
    ok "nothing goes now, which is said" await 20 grep -q "^sealift gc: web: release 5 is on its way; waiting until that has ended$" /srv/said
    is "$(find "$STORE/releases/web" -maxdepth 1 -name '5-*' -o -name '4.1-*' | wc -l)" 2 "nor does it"
    is "$(bundle_state web state)" updating "the download goes on"
    evil_clear
    touch /srv/enough
    ok "which comes to its end" await 90 web_answers 5
    wait $checker && checker=0 || checker=$?
    [ "$checker" = 0 ] || diag "$(cat /srv/checked)"
    is "$checker" 0 "it broke off after all that, and the very same check went on with it"
    wait $collector && collector=0 || collector=$?
    is "$collector" 0 "so does the collection"
    is "$(find "$STORE/releases/web" -maxdepth 1 -name '4.1-*' | wc -l)" 0 "and what may go has gone"
}

# why BUNDLE GATE: what sealift why says of it.
why() { sealift why --json "$1" | jq -r --arg gate "$2" '.gates[] | select(.gate == $gate) | .verdict'; }
why_is() { [ "$(why "$1" "$2")" = "$3" ]; }

# A rollback of one bundle that takes its time, while a release of the other is being fetched.
nested() {
    local checker order
    app_soak=1h app_publish 2
    ok "a release of app is on trial" sealift check
    is "$(why app retire) $(why app proven)" "passed on trial" "sealift why says so"
    ok "and well" await 60 app_was_well
    systemctl restart sealiftd.service
    ok "which a new agent knows" await 60 why_is app proven "on trial"
    is "$(why app quarantine) $(why app current)" "passed passed" "and what it has passed"
    web_write 6
    sed -i 's/^SoakSec=.*/&\nEpoch=2/' /srv/web.manifest
    publish_release 6 "$WEB" /srv/web.manifest
    sealift hold web >/dev/null
    sealift check >/dev/null
    is "$(why web hold) $(why web fetch)" "failed not reached" "a release of web is kept out"
    ok "an order that leaves it so" sealift restart web
    is "$(why web hold)" failed "does not make it another gate"
    sealift unhold web >/dev/null
    stall
    rm -f "$STORE"/incoming/*
    sealift check >/srv/checked 2>&1 &
    checker=$!
    await 30 state_is web updating
    await 30 some_is_here
    is "$(why web fetch)" "under way" "it is being fetched"
    echo late >"$APP_STATE/does-1"
    sealift rollback app >/srv/said 2>&1 &
    order=$!
    ok "meanwhile app goes back, and takes its time" await 60 why_is app ready "under way"
    is "$(why web fetch) $(why web unpack)" "under way not reached" "the other one is under way still"
    is "$(bundle_state web state)" updating "as status says"
    rm "$APP_STATE/does-1"
    wait $order && order=0 || order=$?
    is "$order $(why app ready)" "0 passed" "app is back"
    is "$(why web fetch)" "under way" "the other one is being fetched"
    flows
    wait $checker && checker=0 || checker=$?
    is "$checker $(web_page)" "0 6" "and comes to its end"
    is "$(why web fetch) $(why web current)" "passed passed" "as sealift why has it"
}

proof() {
    app_soak=20s app_publish 1
    sealift check
    broken app 1 service.py
    ok "a release is proven while it is put right" await_journal 60 "MESSAGE_ID=${EVENT[proven]}" SEALIFT_BUNDLE=app
    is "$(gate proven)" passed "sealift why says so"
    flows
    repaired "a proven one"
}

web_begin
# A server that is silent here is so for longer than a fetch waits.
site_dropin sealift-fetch@ Service ExecStart= 'ExecStart=/usr/libexec/sealift/sealift-fetch --patience=4min'
web_publish 2
ok "release 2 is installed" sealift check
beside
in_its_place
refused
proof
nested
done_testing
