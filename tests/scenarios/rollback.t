#!/usr/bin/env bash
# A release that does not come up is rolled back by itself, once, is not tried again until something new is signed, and all of
# that is remembered over a reboot.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# publish_changed VERSION SED-SCRIPT: release VERSION with a changed intent.
publish_changed() {
    web_write "$1"
    sed -i "$2" /srv/web.manifest
    publish_release "$1" "$WEB" /srv/web.manifest
}

# expect_rollback NAME: now, `sealift check` fails, and release 1 runs again.
expect_rollback() {
    local name=$1
    journal_mark
    requests_mark
    not_ok "$name: the check fails" sealift check
    ok "$name: the journal says that it did not come up" await_journal 10 "MESSAGE_ID=${EVENT[failed]}"
    ok "$name: and that the old release is back" await_journal 10 "MESSAGE_ID=${EVENT[restored]}"
    is "$(web_page)" 1 "$name: which answers"
    is "$(bundle_state web version) $(bundle_state web state)" "1 running" "$name: status knows"
    expect_report "$name" '.bundles[] | select(.name == "web") | .version == "1" and .state == "running" and .error != ""'
    is "$(systemctl list-units --plain --no-legend --state=running 'sealift-web.*' | wc -l)" 1 "$name: one unit runs"
}

# expect_no_retry: neither another check nor a restart of the agent starts it again.
expect_no_retry() {
    local invocation
    invocation=$(web_invocation)
    journal_mark
    not_ok "not tried again: the check says so" sealift check
    is "$(journal_since "MESSAGE_ID=${EVENT[installed]}")" "" "not tried again: nothing was installed"
    is "$(web_invocation)" "$invocation" "not tried again: the running release was left alone"
}

says_refused() { journal_since "MESSAGE_ID=${EVENT[refused]}" | grep -q "$1"; }

site=/etc/systemd/system/sealift-web.front@.service.d
wall_down() {
    mkdir -p "$site"
    printf '[Service]\nPrivateUsers=no\n' >"$site/90-site.conf"
    systemctl daemon-reload
}
wall_up() {
    rm -r "$site"
    systemctl daemon-reload
}

# without_a_wall: what this host's own drop-in takes away is no release's fault, and none is quarantined for it.
without_a_wall() {
    publish_changed 7 's/^\(\[[A-Z][a-z]* \)caddy\]/\1front]/'
    wall_down
    journal_mark
    sed -i "s/^PollSec=.*/PollSec=2s/" /etc/sealift/sealift.conf
    systemctl restart sealiftd.service
    ok "a wall that this host takes down: polls say so" await 20 says_refused "host's user namespace"
    ok "once; then that it is not tried again" await 20 says_refused "cannot run on this host as it should"
    is "$(journal_since "MESSAGE_ID=${EVENT[wall]}" | wc -l)" 1 "nor is it"
    is "$(web_page)" 6 "the old release runs again"
    is "$(journal_since "MESSAGE_ID=${EVENT[failed]}")" "" "and the new one is not to blame"
    wall_up
    ok "the wall is back: whoever asks for a check has it tried again" sealift check
    is "$(web_page)" 7 "and it runs"
    wall_down
    publish_changed 8 's/^\(\[[A-Z][a-z]* \)caddy\]/\1front]/'
    ok "the next one is refused" await 20 says_refused "release 8 was not installed.*cannot run on this host"
    wall_up
    sealift retry web
    ok "with the wall back, a retry has it tried again" await 20 web_answers 8
}

bad_releases() {
    web_begin
    publish_changed 2 's|/bundle/Caddyfile|/bundle/page.html|'
    expect_rollback "ends at once"
    expect_no_retry
    journal_mark
    ok "its operator has it tried again" sealift retry web
    ok "it is, and fails again" await_journal 60 "MESSAGE_ID=${EVENT[failed]}" SEALIFT_VERSION=2
    ok "the old release is back once more" await_journal 60 "MESSAGE_ID=${EVENT[restored]}" SEALIFT_VERSION=1
    ok "and answers" await 20 web_answers 1
    expect_no_retry
    publish_changed 3 's|^ExecStart=.*|ExecStart=/usr/bin/sleep 0.3|; s|^Type=.*|Type=exec|'
    expect_rollback "ends after 0.3 s"
    publish_changed 4 's|^ExecStart=.*|ExecStart=/usr/bin/sleep infinity|; s|^TimeoutStartSec=.*|TimeoutStartSec=2s|'
    expect_rollback "is never ready"
    publish_changed 5 's|^ExecStart=.*|ExecStart=/usr/bin/false|; s|^Type=.*|Type=exec|; s|^Restart=.*|Restart=always|'
    expect_rollback "restarts for ever"
    agent_enable
    bucket_stop
}

case $PHASE in
    1) bad_releases; next_boot reboot ;;
    2)
        ok "after a reboot without a bucket, the old release is started" await 20 web_answers 1
        bucket_start
        expect_no_retry
        web_publish 6
        ok "something new is signed: installed" sealift check
        is "$(web_page)" 6 "and answers"
        without_a_wall
        done_testing
        ;;
esac
