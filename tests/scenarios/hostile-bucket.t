#!/usr/bin/env bash
# A bucket, a network or a CDN that breaks off, garbles or is not there: nothing is installed, the release that runs goes on
# running, everybody hears why, and when the bucket is well again the next check installs what waited. Who does so on purpose
# is in attacks-*.t.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

not_there() {
    bucket_stop
    expect_refusal "bucket down" unreachable "(refused|connect)"
    bucket_start wrong-name
    expect_refusal "TLS name wrong" unreachable "(name|certificate)"
    bucket_start unknown-ca
    expect_refusal "CA unknown" unreachable "(issuer|certificate)"
    bucket_start
}

# broken NAME PATH EVENT REGEX MODE...
broken() {
    local name=$1 path=$2 event=$3 want=$4
    shift 4
    evil_clear
    evil_rule "$path" "$@"
    expect_refusal "$name" "$event" "$want"
    expect_report "$name" '[.error, .bundles[].error] | any(. != null and . != "")'
}

broken_answers() {
    local timestamp=/metadata/timestamp.json snapshot targets manifest bundle
    snapshot=$(in_bucket .snapshot.json)
    targets=$(in_bucket .targets.json)
    manifest=$(in_bucket .web.manifest)
    bundle=$(in_bucket .web.tar.zst)

    broken "no timestamp" "$timestamp" trust-refused "not there" status 404
    broken "server error" "$timestamp" unreachable 503 status 503
    broken "redirect" "$timestamp" trust-refused "redirects are not followed" redirect https://other.test/
    broken "timestamp cut" "$timestamp" unreachable "ended before its end" truncate 100
    broken "timestamp reset" "$timestamp" unreachable "connection broke" reset 100
    broken "endless headers" "$timestamp" unreachable "header lines without end" headers
    broken "timestamp changed" "$timestamp" trust-refused timestamp flip 200
    broken "snapshot missing" "$snapshot" trust-refused "snapshot.json: not there" status 404
    broken "snapshot changed" "$snapshot" trust-refused "snapshot.json: SHA-256" flip 200
    broken "snapshot longer than signed" "$snapshot" trust-refused "snapshot.json.*longer than" longer 1000
    broken "targets changed" "$targets" trust-refused "targets.json: SHA-256" flip 200
    # The same words twice in a row are said once in the journal, so like faults do not follow each other here.
    broken "manifest missing" "$manifest" refused "web.manifest.* 404" status 404
    broken "manifest changed" "$manifest" refused "web.manifest: SHA-256" flip 5
    broken "manifest longer than signed" "$manifest" refused "web.manifest.*longer than" longer 1000
    broken "bundle missing" "$bundle" refused "web.tar.zst.* 404" status 404
    broken "bundle longer than signed" "$bundle" refused "web.tar.zst.*longer than" longer 1000
    broken "bundle cut" "$bundle" refused "web.tar.zst.*ended before its end" truncate 50
    broken "bundle reset" "$bundle" refused "web.tar.zst.*connection broke" reset 50
    broken "bundle compressed once more" "$bundle" refused "web.tar.zst.*longer than" gzip
    broken "bundle changed" "$bundle" refused "SHA-256" flip 50
}

# Signed by our own keys, which somebody has stolen: a manifest that no sealift of the publisher's would have let through.
unknown_key() {
    sed 's/^Type=.*/&\nColour=blue/' "$OUT/web-2.manifest" >/srv/coloured.manifest
    publisher /tests/host/forge.py "$BUCKET" "$KEYS" targets put=stable/web.manifest:/srv/coloured.manifest
    expect_refusal "unknown manifest key" refused "web.manifest:[0-9]+: unknown key 'Colour'"
}

well_again() {
    evil_start
    web_publish 4
    ok "the bucket is well again: release 4 is installed" sealift check
    is "$(web_page)" 4 "and answers"
}

quiet_poll() {
    bucket_start
    ok "nothing new" sealift check
    requests_mark
    ok "nothing new" sealift check
    await_requests 5 2
    is "$(requests '.method == "GET"')" "GET /metadata/2.root.json 404"$'\n'"GET /metadata/timestamp.json 304" \
        "an unchanged bucket costs one 404 and one 304"
}

web_begin
web_publish 2
evil_start
broken_answers
unknown_key
not_there
well_again
quiet_poll
done_testing
