#!/usr/bin/env bash
# What tests/demo shows, inside of the test machine. Each step checks what it shows, so the demo cannot lie: `must`.
. /tests/host/lib.sh >/dev/null

SITE=/srv/site # what the publisher packs
MANIFEST=/srv/website.manifest

heading() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
tell() { printf '   %s\n' "$*"; }
# run COMMAND...: as a reader would type it, and what it prints.
run() {
    printf '   $ %s\n' "$*"
    "$@" 2>&1 | sed 's/^/     /'
}
# must WHAT COMMAND...: the demo ends here if what it is about to claim is not so.
must() {
    local what=$1
    shift
    "$@" >/dev/null 2>&1 || { printf 'The demo failed: it is not so that %s (%s)\n' "$what" "$*"; exit 1; }
}
page() { curl --silent --max-time 5 http://localhost:8080/; }
page_is() { [ "$(page)" = "$1" ]; }
unit_now() { systemctl list-units --plain --no-legend --state=running 'sealift-website.*' | awk '{ print $1; exit }'; }

# A release is a directory: here Debian's own caddy, its configuration and a page.
write_site() {
    mkdir -p "$SITE/site"
    cp /usr/bin/caddy "$SITE/caddy"
    echo "Hello from release $1" >"$SITE/site/index.html"
    cat >"$SITE/Caddyfile" <<'CADDY'
{
    admin off
    auto_https off
}
:8080 {
    root * /bundle/site
    file_server
}
CADDY
}

write_manifest() {
    cat >"$MANIFEST" <<'INTENT'
[Bundle]
Name=website
Version=1

[Service caddy]
ExecStart=/bundle/caddy run --config /bundle/Caddyfile
Type=notify
TimeoutStartSec=15s

[Sandbox caddy]
Network=bind
Bind=tcp:8080
INTENT
}

the_machine() {
    heading "A bucket (nginx, TLS), a publisher with keys of its own, and a machine from the image"
    bucket_start
    publisher_init
    run find "$BUCKET" -type f -printf '%P\n'
    agent_configure
    agent_grant website Bind=tcp:8080
    tell "the image holds root.json, the CA, ten lines of sealift.conf, and this host's policy:"
    run cat /etc/sealift/policy.d/website.conf
    agent_start
}

release_1() {
    heading "Release 1: packed, signed and uploaded by somebody who is not root"
    write_site 1
    write_manifest
    run cat "$MANIFEST"
    run publisher sealift pack "$SITE" --manifest "$MANIFEST" --output "$OUT"
    run publisher sealift publish --repository "$BUCKET" --keys "$KEYS" --channel stable "$OUT/website-1.manifest"
    run sealift check
    run curl --silent http://localhost:8080/
    must "release 1 answers" page_is "Hello from release 1"
    run sealift status
}

release_2() {
    heading "Release 2 replaces it"
    write_site 2
    publish_release 2 "$SITE" "$MANIFEST"
    run sealift check
    run curl --silent http://localhost:8080/
    must "release 2 answers" page_is "Hello from release 2"
}

flipped_byte() {
    local bundle before
    heading "Release 3 is signed, but one bit of its bundle is flipped in the bucket"
    before=$(systemctl show --property=InvocationID "$(unit_now)")
    write_site 3
    touch /srv/mark
    publish_release 3 "$SITE" "$MANIFEST"
    bundle=$(find "$BUCKET" -type f -newer /srv/mark -size +1M)
    python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(99999); b = f.read(1); f.seek(99999); f.write(bytes([b[0] ^ 1]))' "$bundle"
    run sealift check || true
    must "release 2 still answers" page_is "Hello from release 2"
    must "it was not even restarted" test "$before" = "$(systemctl show --property=InvocationID "$(unit_now)")"
    tell "release 2 was not touched: same $before"
}

crash() {
    heading "Release 4 is honest, but crashes at its start"
    write_site 4
    echo "not a configuration" >"$SITE/Caddyfile"
    publish_release 4 "$SITE" "$MANIFEST"
    run sealift check || true
    run curl --silent http://localhost:8080/
    must "release 2 answers again" page_is "Hello from release 2"
    run sealift status || true
}

the_records() {
    local explained
    heading "The last report, as the receiver got it"
    must "a report of the failure came" await_report 10 '.bundles[0].error != null'
    reports | tail -n 1 | jq . | sed 's/^/     /'
    heading "What the agent did, in the journal: journalctl -t sealiftd"
    journalctl --quiet --no-pager --output=cat --identifier=sealiftd SEALIFT_BUNDLE=website | cut -c 1-180 | sed 's/^/     /'
    heading "Every line of a service carries its bundle and version: journalctl SEALIFT_BUNDLE=website SEALIFT_VERSION=4"
    journalctl --quiet --no-pager --output=cat --identifier=caddy SEALIFT_BUNDLE=website SEALIFT_VERSION=4 | tail -n 1 |
        cut -c 1-180 | sed 's/^/     /'
    heading "What the operator reads about the rollback: journalctl -x"
    explained=$(journalctl --quiet --no-pager --catalog MESSAGE_ID=5c93f29092d047829804d8abeb0018ae)
    # shellcheck disable=SC2001 # line by line
    sed 's/^/     /' <<<"$explained"
    must "the catalog explains it" grep -q 'Subject: Release 4 of website did not come up' <<<"$explained"
}

the_walls() {
    local unit
    unit=$(unit_now)
    heading "The walls of the running service: what systemd-analyze security still complains of"
    systemd-analyze security --no-pager "$unit" | grep -v '^✓' | cut -c 1-150 | sed 's/^/     /'
    tell "a service that takes its socket from systemd has no network of its own either, and scores 0.1"
}

the_machine
release_1
release_2
flipped_byte
crash
the_records
the_walls
heading "Done in $SECONDS s"
