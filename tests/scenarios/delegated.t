#!/usr/bin/env bash
# Two teams, each trusted with names of its own: a machine installs what the one releases, and goes on doing so while the metadata
# of the other, which is asked first, is refused or has run out.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# delegate ROLE OPTION...: with a key of its own.
delegate() {
    local role=$1
    shift
    publisher sealift key new --keys "$KEYS" "$role-1" >/dev/null
    publisher sealift delegate --repository "$BUCKET" --keys "$KEYS" "$role" --paths="stable/$role.*" --key="$role-1" "$@" >/dev/null
}
# release VERSION: of web, by its team.
release() {
    local sealed
    web_write "$1"
    pack_release "$1" "$WEB" /srv/web.manifest
    publisher sealift publish --repository "$BUCKET" --keys "$KEYS" --channel stable --role web "$sealed" >/dev/null
    age_timestamp
}
# forge ROLE CHANGE...: newer metadata of that role, in the bucket.
forge() {
    publisher /tests/host/forge.py "$BUCKET" "$KEYS" "$@"
    age_timestamp
    journal_mark
}

bucket_start
publisher_init
agent_configure
agent_grant web Bind=tcp:8080
delegate web
delegate other --before=web
release 1
agent_start
ok "a release that a delegated role lists is installed" sealift check
is "$(web_page)" 1 "and answers"

release 2
forge other by=stranger
not_ok "the other team's role is signed by a stranger: the check is not content" sealift check
is "$(web_page)" 2 "which keeps nobody from this team's release"
like "$(await_journal 10 "MESSAGE_ID=${EVENT[trust-refused]}")" "a part of .* is refused, its bundles stay .*other" "and is told"

forge other expires=-60
release 3
not_ok "the other team's role has expired: the check is not content" sealift check
is "$(web_page)" 3 "which keeps nobody from this team's release"
like "$(await_journal 10 "MESSAGE_ID=${EVENT[trust-refused]}")" "other.json version .* expired" "and is told"

web_write 4
pack_release 4 "$WEB" /srv/web.manifest
invocation=$(web_invocation)
forge web "put=stable/web.manifest:$sealed" "put=stable/web.tar.zst:${sealed%.manifest}.tar.zst" by=other-1
not_ok "a release of this team that the other has signed: the check is not content" sealift check
is "$(web_page) $(web_invocation)" "3 $invocation" "is not installed"
like "$(await_journal 10 "MESSAGE_ID=${EVENT[trust-refused]}")" "a part of .* is refused, its bundles stay .*web" "and is told"

forge web
forge other expires=3600 'set=targets:{"stable/other.manifest": {"length": 9, "hashes": {"sha512": "'"$(printf '%0128d' 0)"'"}}}'
partial=$STORE/incoming/$(printf '%064d' 0)
install -o sealift -m 600 /dev/null "$partial"
release 5
not_ok "the other team's bundle is signed without a SHA-256: the check is not content" sealift check
is "$(web_page)" 5 "which keeps nobody from this team's release"
like "$(await_journal 10 "MESSAGE_ID=${EVENT[trust-refused]}")" "a part of .* is refused, its bundles stay .*stable/other.manifest: signed without" \
    "and is told"
ok "what may be a download of it stays" test -e "$partial"
journal_mark
not_ok "nor is the next check" sealift check
is "$(journal_since "MESSAGE_ID=${EVENT[trust-refused]}")" "" "and nothing is told again"

forge other set=targets:{}
release 6
journal_mark
ok "both are signed by their teams again" sealift check
is "$(web_page)" 6 "and the next release comes"
not_ok "and what nobody expects is swept" test -e "$partial"
is "$(journal_since "MESSAGE_ID=${EVENT[trust-refused]}")" "" "with nothing to tell"
done_testing
