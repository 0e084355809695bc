#!/usr/bin/env bash
# One bundle, run twice by its host (manifests/cache.manifest, with the files its comments make): each instance has a state, a
# limit and a secret of its own, they are updated and rolled back as one, and what the host says of them needs a grant.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

CACHE=/usr/share/doc/sealift/manifests/cache.manifest
TREE=/srv/cache
HERE=/etc/sealift/bundles.d

pages() { redis-cli -p "${PORT:-6380}" -a first --no-auth-warning "$@"; }
sessions() { redis-cli -p 6381 -a second --no-auth-warning "$@"; }
# its INSTANCE PROPERTY
its() {
    local unit
    unit=$(unit_of "cache.$1")
    [ -z "$unit" ] || property "$unit" "$2"
}
invocations() { its pages InvocationID; its sessions InvocationID; }
version_of() { unit_of "cache.$1" | sed 's/.*@//; s/-.*//'; }
limit_of() { its "$1" MemoryMax; }
quarantined() { grep -c Quarantined /var/lib/sealift/state/cache 2>/dev/null || true; }
store() { find /var/lib/sealift/releases /var/lib/sealift/state -printf '%P %y %s\n' | LC_ALL=C sort; }

# refused NAME REGEX: the check says why, fetches nothing of the bundle, and what runs goes on.
refused() {
    local before said status=0
    before=$(store; invocations; quarantined)
    requests_mark
    said=$(sealift check 2>&1) || status=$?
    diag "$1: $said"
    is "$status" 1 "$1: the check fails"
    like "$said" "$2" "$1: and says why"
    unlike "$(requests)" "tar\.zst" "$1: nothing of the bundle was fetched"
    is "$(store; invocations; quarantined)" "$before" "$1: nothing was touched, nothing quarantined"
}

begin() {
    bucket_start
    publisher_init
    agent_configure
    mkdir -p "$TREE"
    (cd "$TREE" && sh -ec "$(example_says "$CACHE" 'The tree')")
    sh -ec "$(example_says "$CACHE" 'What the host says')"
    publish_release 1 "$TREE" "$CACHE"
    agent_start
}

nothing_before_it_is_right() {
    mv /etc/credstore/cache-pages /etc/credstore/gone
    refused "without a grant" "cache, service main: Bind=tcp:6380 is not granted.*Bind=tcp:6380"
    example_says "$CACHE" "What the host's policy" >/etc/sealift/policy.d/cache.conf
    sed -i 's/^MemoryMax=64M/MemoryMx=64M/' $HERE/cache@pages.conf
    refused "a typing error" "bundles.d/cache@pages.conf:3: unknown key 'MemoryMx' in \[Service main\]; did you mean 'MemoryMax'"
    sed -i 's/^MemoryMx=/MemoryMax=/' $HERE/cache@pages.conf
    refused "without a secret" "this host has no credential 'users'; put it into /etc/credstore/cache-pages"
    mv /etc/credstore/gone /etc/credstore/cache-pages
}

both_run() {
    ok "both are started" sealift check
    is "$(pages ping) $(sessions ping)" "PONG PONG" "each answers at its port, to its own user"
    unlike "$(sessions -a first ping 2>&1)" PONG "and to no other"
    pages set who pages >/dev/null
    sessions set who sessions >/dev/null
    is "$(pages get who) $(sessions get who)" "pages sessions" "each keeps its own"
    is "$(limit_of pages) $(limit_of sessions)" "67108864 100663296" "each has its limit"
    unlike "$(readlink /var/lib/sealift-cache.pages)" "^$(readlink /var/lib/sealift-cache.sessions)\$" "and its directory"
    is "$(bundle_state cache state) $(bundle_state cache version)" "running 1" "it is one bundle"
    like "$(sealift status cache)" "instances: pages, sessions" "of two instances"
    is "$(bundle_state cache instances | jq -c .)" '["pages","sessions"]' "in JSON, too"
    ok "the report names them" await_report 20 '.bundles[0].instances == ["pages","sessions"] and .bundles[0].state == "running"'
    like "$(journalctl --output=cat SEALIFT_BUNDLE=cache SEALIFT_INSTANCE=sessions)" "Ready to accept connections" \
        "and the journal tells them apart"
}

secrets() {
    local root
    root=/proc/$(its sessions MainPID)/root
    is "$(cat "$root/run/credentials/$(unit_of cache.sessions)/users")" "user default on >second ~* &* +@all" "an encrypted secret is plain inside"
    is "$(ls "$root/run/credentials")" "$(unit_of cache.sessions)" "no other service's are there"
    not_ok "and cannot be written" nsenter --mount --target "$(its sessions MainPID)" \
        sh -c "echo x >/run/credentials/$(unit_of cache.sessions)/users"
    unlike "$(systemctl show "$(unit_of cache.sessions)"; systemctl cat "$(unit_of cache.sessions)")" ">second" "systemd tells nobody"
}

updated_as_one() {
    publish_release 2 "$TREE" "$CACHE"
    ok "release 2 is installed" sealift check
    is "$(version_of pages) $(version_of sessions)" "2 2" "in both instances"
    is "$(pages get who) $(sessions get who)" "pages sessions" "which kept their state"
}

# Release 3 does not come up where it has the port of pages; sessions would.
rolled_back_as_one() {
    # shellcheck disable=SC2016 # systemd's, not ours
    sed 's|^ExecStart=|ExecStartPre=/usr/bin/test ${PORT} != 6380\n&|' "$CACHE" >/srv/cache.manifest
    publish_release 3 "$TREE" /srv/cache.manifest
    not_ok "release 3 does not come up in one of them" sealift check
    is "$(version_of pages) $(version_of sessions)" "2 2" "both run release 2 again"
    is "$(pages get who) $(sessions get who)" "pages sessions" "with their state"
    is "$(quarantined)" 1 "and release 3 is quarantined"
    publish_release 4 "$TREE" "$CACHE"
    ok "release 4 is installed" sealift check
}

# What runs goes on with what it was started with, until the next check; then only what has changed is started again.
changed_by_the_host() {
    local before
    before=$(its sessions InvocationID)
    sed -i 's/6380/6390/; s/64M/80M/' $HERE/cache@pages.conf
    journal_mark
    ok "a port that nobody granted" sealift check
    like "$(await_journal 10 MESSAGE_ID="${EVENT[configuration-wrong]}")" "Bind=tcp:6390 is not granted" "is told"
    is "$(pages ping)" PONG "and what runs goes on at the old one"
    like "$(bundle_state cache error)" "6390 is not granted" "status says it too"
    printf '[Policy cache]\nBind=tcp:6390\n' >/etc/sealift/policy.d/more.conf
    ok "granted" sealift check
    is "$(PORT=6390 pages get who)" pages "it listens at the new one, with its state"
    is "$(limit_of pages)" 83886080 "and has its new limit"
    is "$(its sessions InvocationID)" "$before" "the other instance was left alone"
    is "$(bundle_state cache error)" "" "status says no more"
    like "$(journal_since MESSAGE_ID="${EVENT[configuration-changed]}")" "sealift-cache.pages.main@4-.*has changed" "the journal does"
    before=$(invocations)
    ok "another check" sealift check
    is "$(invocations)" "$before" "changes nothing"
}

broken_by_the_host() {
    local before
    before=$(invocations)
    echo 'nonsense' >>$HERE/cache@pages.conf
    journal_mark
    sealift check || true
    like "$(await_journal 10 MESSAGE_ID="${EVENT[configuration-wrong]}")" "cache@pages.conf:[0-9]+: " "a broken file is told of"
    is "$(invocations)" "$before" "and stops nothing"
    publish_release 5 "$TREE" "$CACHE"
    refused "with a broken file" "cache@pages.conf:[0-9]+: "
    sed -i '/nonsense/d' $HERE/cache@pages.conf
    ok "put right, release 5 is installed" sealift check
    is "$(version_of pages) $(version_of sessions)" "5 5" "in both"
}

# One instance fewer.
taken_away() {
    rm $HERE/cache@sessions.conf
    ok "an instance is taken away" sealift check
    is "$(unit_of cache.sessions)" "" "it runs no more"
    is "$(PORT=6390 pages ping)" PONG "the other one does"
    is "$(bundle_state cache instances | jq -c .)" '["pages"]' "status names it alone"
    ok "so does the report" await_report 20 '.bundles[0].instances == ["pages"]'
    ok "its state is left" test -e /var/lib/sealift-cache.sessions
}

credentials() { find "/proc/$(its pages MainPID)/root/run/credentials/$(unit_of cache.pages)" -type f -printf '%f\n' | sort | xargs; }
# A secret that a service may have and can do without, on systemd 252, too, which knows no such directive.
optional_secret() {
    sed 's/^LoadCredential=users/&\nImportCredential=extra/' "$CACHE" >/srv/cache.manifest
    publish_release 6 "$TREE" /srv/cache.manifest
    ok "a release that would take another secret is installed where there is none" sealift check
    is "$(version_of pages) $(PORT=6390 pages ping) $(credentials)" "6 PONG users" "and runs without it"
    echo more >/etc/credstore/sealift-cache.extra
    ok "the secret comes, and the bundle is started again" sealift restart cache
    is "$(credentials)" "extra users" "it has it then"
    is "$(cat "/proc/$(its pages MainPID)/root/run/credentials/$(unit_of cache.pages)/extra")" more "as this host has it"
    is "$(PORT=6390 pages ping)" PONG "with the one that it has to have"
}

begin
nothing_before_it_is_right
both_run
secrets
updated_as_one
rolled_back_as_one
changed_by_the_host
broken_by_the_host
taken_away
optional_secret
done_testing
