#!/usr/bin/env bash
# What is damaged is put right whatever else comes of a poll: a release that is refused, as any is that was gone back from, keeps
# nobody from it; and a download for it that broke off is gone on with.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

tree() { echo "$STORE/releases/web/2-"*/tree; }
flip() { printf x | dd of="$(tree)/page.html" bs=1 seek=3 conv=notrunc status=none; }
repaired() { ok "$1" await_journal 60 "MESSAGE_ID=${EVENT[repaired]}" SEALIFT_BUNDLE=web; }
last_result() { sealift status --json | jq -r .last_result; }
some_is_here() { [ -n "$(partials)" ]; }

beside_a_refusal() {
    app_publish 1 shut
    not_ok "a release of another bundle does not come up" sealift check
    like "$(sealift check 2>&1)" "quarantined" "and is refused at each poll from then on"
    journal_mark
    flip
    not_ok "web is damaged" sealift verify web
    repaired "it is put right all the same"
    ok "as it was signed" sealift verify web
}

# Not only is it tried: the poll ends as what another try may mend, so that the next one comes soon.
broken_off() {
    app_publish 2 shut
    evil_start
    evil_rule '*web.tar.zst' truncate 1000
    journal_mark
    flip
    not_ok "web is damaged again, and its bundle breaks off" sealift verify web
    ok "some of it is here" await 30 some_is_here
    like "$(sealift check 2>&1)" "web: release 2 is damaged on disk" "which is what the poll says, and not that another is quarantined"
    here=$(partials)
    evil_clear
    requests_mark
    sealift check || true
    repaired "it is put right at the next one"
    is "$(tail -n "+$((requests_seen + 1))" "$BUCKET_LOG" | jq -r 'select((.path | endswith("web.tar.zst")) and .status == 206) | "\(.range) \(.status)"')" \
        "bytes=$here- 206" "which asks for the rest"
}

web_begin
web_write 2
head -c 100000 /dev/urandom >"$WEB/ballast"
publish_release 2 "$WEB" /srv/web.manifest
ok "release 2 is installed" sealift check
beside_a_refusal
broken_off
done_testing
