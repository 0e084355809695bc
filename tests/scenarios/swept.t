#!/usr/bin/env bash
# What an agent that was killed, or an older update, left behind: it is found at the next start, whatever runs from it is
# stopped before anything else is started, and it is removed from disk.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

places() { find "$STORE/releases" -mindepth 2 -maxdepth 2 -printf '%f\n' | sed 's/-[^-]*$//' | LC_ALL=C sort | xargs; }
running() { systemctl list-units --plain --no-legend --state=running 'sealift-web.*' | sed 's/.*@\([^-]*\)-.*/\1/' | xargs; }
says_nothing() { [ -z "$("$@")" ]; }
kill_agent() { systemctl kill --signal=SIGKILL sealiftd.service; }

# publish_slow VERSION: a release that is up at once, and tells so only after five seconds.
publish_slow() {
    web_write "$1"
    sed -i 's|^Type=.*|Type=exec|' /srv/web.manifest
    publish_release "$1" "$WEB" /srv/web.manifest
}

# killed_while_starting VERSION: the agent dies when the release runs, and is not current yet.
killed_while_starting() {
    publish_slow "$1"
    sealift check --no-wait
    await 30 web_answers "$1"
    kill_agent
}

bucket_start
publisher_init
agent_configure
agent_grant web Bind=tcp:8080
agent_start

killed_while_starting 1
sed -i 's/^Channel=.*/Channel=other/' /etc/sealift/sealift.conf
ok "killed while a first release started: the agent is started again" await_active 20 sealiftd.service
ok "a bundle that was never current is stopped" await 20 says_nothing running
ok "and removed" await 20 says_nothing places
sed -i 's/^Channel=.*/Channel=stable/' /etc/sealift/sealift.conf
systemctl restart sealiftd.service
ok "release 1 is installed" sealift check
web_publish 2
ok "release 2 is installed" sealift check
web_publish 3
ok "release 3 is installed" sealift check
is "$(places)" "1 2 3" "earlier releases stay on disk"

bucket_stop
bucket_start
killed_while_starting 4
bucket_stop
ok "killed while a release started: the agent is started again" await_active 20 sealiftd.service
ok "without a bucket, the release that is current answers again" await 20 web_answers 3
ok "status knows" await 10 web_is running
is "$(running)" 3 "alone"
places_are() { [ "$(places)" = "$1" ]; }
ok "and the other one is removed" await 20 places_are "1 2 3"
bucket_start
ok "with the bucket back, it is installed" sealift check
is "$(web_page) $(running)" "4 4" "and answers"

# As lost+found, where somebody has mounted a volume there.
partial=$STORE/incoming/$(printf '%064d' 0)
mkdir -m 700 "$STORE/incoming/lost+found"
touch "$STORE/incoming/lost+found/#1" "$STORE/incoming/stray"
install -o sealift -m 600 /dev/null "$partial"
mkdir "$STORE/state/.web.new"
bucket_stop
journal_mark
ok "with folders in the store that cannot be removed: the agent starts" systemctl restart sealiftd.service
ok "what ran runs" await 20 web_is running
ok "downloads stay" test -e "$partial"
not_ok "what is none does not" test -e "$STORE/incoming/stray"
like "$(await_journal 10 "MESSAGE_ID=${EVENT[left]}")" "state/.web.new: cannot remove" "and that is told"
rmdir "$STORE/state/.web.new"
journal_mark
systemctl restart sealiftd.service
like "$(await_journal 10 "MESSAGE_ID=${EVENT[left]}")" "incoming/lost.found: cannot remove" "of each"
bucket_start
journal_mark
ok "the next check is content" sealift check
is "$(journal_since "MESSAGE_ID=${EVENT[left]}")" "" "and tells it no more"
not_ok "what nobody expects is swept" test -e "$partial"
done_testing
