# shellcheck shell=bash
# What bad input gets (sourced by lib.sh): a clear error, a journal entry, a report; nothing half-installed; the running
# service untouched. The service is the bundle "web": Debian's caddy serving a page of its own bundle.

WEB=/srv/web
STORE=/var/lib/sealift

# MESSAGE_IDs of agent/doors/journal.c that scenarios look for.
# shellcheck disable=SC2034 # for scenarios
declare -A EVENT=(
    [trust-refused]=1d6672afbcd44670ace7358937511e69
    [trust-unused]=742470d722334bc98a3fb1989c302374
    [unreachable]=a5a37c1144a34ad7865d831b7a2e4ee0
    [clock]=6737616707ce4294b519d9fa00efa484
    [expires]=f662e8dc93854e29a5657282d6b2d7c7
    [frozen]=f6ff48f94b8d40ffa85e8b1f49426445
    [newer]=f26b3829b24740bd90c09286b5e7a102
    [found]=b7c661d2b6d34c7691d9d46322a7c714
    [refused]=2272ed9a8b714fe89657e7168845da85
    [installed]=6571c20385984007ad953d625f7cdf3a
    [current]=6da9131a263c4870834cb1442c75b669
    [failed]=5c93f29092d047829804d8abeb0018ae
    [restored]=7dbb6255a341430bb67ac15da27939b4
    [removed]=f55f81996c32406db9d9f50e4e34282d
    [left]=3b7d5c1e9f0a4d6c8e21b4f7a6905d83
    [unwatched]=d95e07a81bc34f62a7f0c6383e14b97a
    [order]=e37309e43dc64828ab2f9dfb8a23925b
    [restore-failed]=2ed49bfbb6a842ed872c1ffbe6875b11
    [damaged]=c05b7f6b727b4a20817f1f41c74174a8
    [repaired]=abcb501ea946429ab68106a3c40eb912
    [not-looked]=f157b2aa513a4d82bf380ad787a43400
    [configuration-changed]=59b6068bde834117872eff7cf370d93c
    [configuration-wrong]=626bf2f8d72846cdb0249471338b76e9
    [wall]=57c7bd71fd924917b6e0d2fb78255058
    [proven]=3cc78130d8f540b6973d72a57f3c24a7
    [unsaved]=8c41f6e2d37b4a95b0e8d2716f3ac954
    [trial-failure]=e5d2244c33e1494fabc92b18f4491513
    [forgiven]=ae4b74b08c5f48e187847bff7c591a1b
    [unit-restarted]=ae4afebedb964de7ae8015685623a05c
    [migrated]=66a5c22f95c14dff833ff5da6a8fe07b
    [migration-failed]=04810310738e49f39f7b862ada58f828
    [report-failed]=68b09cb329b24500ac26da07953cb61d
)

# web_write PAGE: the tree of a release and its intent. The program is the host's, so that releases are small.
web_write() {
    mkdir -p "$WEB/site"
    echo "$1" >"$WEB/site/index.html"
    echo "a file for faults, release $1" >"$WEB/page.html"
    head -c 4096 /dev/zero >"$WEB/zeros"
    printf '%s\n' '{' 'admin off' 'auto_https off' '}' ':8080 {' 'root * /bundle/site' 'file_server' '}' \
        >"$WEB/Caddyfile"
    cat >/srv/web.manifest <<'INTENT'
[Bundle]
Name=web
Version=1
SoakSec=0

[Service caddy]
ExecStart=/usr/bin/caddy run --config /bundle/Caddyfile
Type=notify
Restart=on-failure
TimeoutStartSec=3min

[Sandbox caddy]
Network=bind
Bind=tcp:8080
INTENT
}

# web_publish VERSION: a good release, whose page is its version.
web_publish() {
    web_write "$1"
    publish_release "$1" "$WEB" /srv/web.manifest
}

web_page() { curl --silent --max-time 5 http://localhost:8080/; }
web_answers() { [ "$(web_page)" = "$1" ]; }
web_is() { [ "$(bundle_state web state)" = "$1" ]; }
web_unit() { systemctl list-units --plain --no-legend --state=running 'sealift-web.*' | awk '{ print $1; exit }'; }
web_invocation() { systemctl show --property=InvocationID --value "$(web_unit)"; }

# web_begin: bucket, publisher, agent, and release 1 running.
web_begin() {
    bucket_start
    publisher_init
    agent_configure
    agent_grant web Bind=tcp:8080
    web_publish 1
    agent_start
    ok "release 1 is installed" sealift check
    is "$(web_page)" 1 "and answers"
}

# store_listing: what must not change when something is refused. What is trusted may: a good timestamp of a bad release is
# still a good timestamp. And what has come of a bundle before the line broke is kept, see partials().
store_listing() { find "$STORE/releases" "$STORE/state" -printf '%P %y %s\n' | LC_ALL=C sort; }

# partials: the sizes of downloads that broke off and may be gone on with.
partials() { find "$STORE/incoming" -type f -printf '%s\n' | sort -n | xargs; }

# expect_refusal NAME EVENT REGEX: now, `sealift check` refuses and says REGEX; so do journal and report; and nothing moves.
expect_refusal() {
    local name=$1 event=$2 want=$3 said status=0 store invocation
    store=$(store_listing)
    invocation=$(web_invocation)
    journal_mark
    requests_mark
    said=$(sealift check 2>&1) || status=$?
    diag "$name: $said"
    is "$status" 1 "$name: the check fails"
    like "$said" "$want" "$name: and says why"
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[$event]}")" "$want" "$name: so does the journal"
    is "$(store_listing)" "$store" "$name: nothing is half-installed"
    is "$(web_invocation) $(web_page)" "$invocation 1" "$name: the service was not touched"
}

# expect_report NAME JQ-CONDITION: a report of it reached the bucket since the last mark. One that was on its way while a scenario
# changed the bucket's server is tried again after up to 30 s.
expect_report() { ok "$1: a report says so" await_report 45 "$2"; }
