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

# moved NAME PATH EVENT REGEX: the same object is elsewhere, where whoever follows would find it.
moved() {
    install -D -m 0644 "$BUCKET$2" "$BUCKET/elsewhere$2"
    broken "$1" "$2" "$3" "$4.*redirects are not followed" redirect "https://bucket.test/elsewhere$2"
}

broken_answers() {
    local timestamp=/metadata/timestamp.json snapshot targets manifest bundle
    snapshot=$(in_bucket .snapshot.json)
    targets=$(in_bucket .targets.json)
    manifest=$(in_bucket .web.manifest)
    bundle=$(in_bucket .web.tar.zst)

    broken "no timestamp" "$timestamp" trust-refused "not there" status 404
    broken "server error" "$timestamp" unreachable 503 status 503
    moved "timestamp moved" "$timestamp" trust-refused "timestamp.json"
    broken "timestamp cut" "$timestamp" unreachable "ended before its end" truncate 100
    broken "timestamp reset" "$timestamp" unreachable "connection broke" reset 100
    broken "endless headers" "$timestamp" unreachable "header lines without end" headers
    broken "timestamp changed" "$timestamp" trust-refused timestamp flip 200
    broken "snapshot missing" "$snapshot" trust-refused "snapshot.json: not there" status 404
    broken "server error at the snapshot" "$snapshot" unreachable "snapshot.json.* 503" status 503
    moved "snapshot moved" "$snapshot" trust-refused "snapshot.json"
    broken "snapshot changed" "$snapshot" trust-refused "snapshot.json: SHA-256" flip 200
    broken "snapshot longer than signed" "$snapshot" trust-refused "snapshot.json.*longer than" longer 1000
    broken "server error at the targets" "$targets" unreachable "targets.json.* 502" status 502
    moved "targets moved" "$targets" trust-refused "targets.json"
    broken "targets changed" "$targets" trust-refused "targets.json: SHA-256" flip 200
    # The same words twice in a row are said once in the journal, so like faults do not follow each other here.
    broken "manifest missing" "$manifest" refused "web.manifest.* 404" status 404
    broken "server error at the manifest" "$manifest" refused "web.manifest.* 500" status 500
    moved "manifest moved" "$manifest" refused "web.manifest"
    broken "manifest changed" "$manifest" refused "web.manifest: SHA-256" flip 5
    broken "manifest longer than signed" "$manifest" refused "web.manifest.*longer than" longer 1000
    broken "bundle missing" "$bundle" refused "web.tar.zst.* 404" status 404
    broken "server error at the bundle" "$bundle" refused "web.tar.zst.* 503" status 503
    moved "bundle moved" "$bundle" refused "web.tar.zst"
    is "$(partials)" "" "nothing of it is kept"
    broken "bundle longer than signed" "$bundle" refused "web.tar.zst.*longer than" longer 1000
    broken "bundle cut" "$bundle" refused "web.tar.zst.*ended before its end" truncate 50
    is "$(partials)" 50 "what came is kept"
    broken "bundle reset" "$bundle" refused "web.tar.zst.*connection broke" range reset 0
    is "$(partials)" 50 "and is not lost when nothing more comes"
    broken "bundle compressed once more" "$bundle" refused "web.tar.zst.*longer than" gzip
    is "$(partials)" "" "what is refused is not"
    broken "bundle changed" "$bundle" refused "SHA-256" flip 50
    is "$(partials)" "" "nor what is another"
}

# resumed NAME MODE...: what is there of the coming release is gone on with, against a server that does so when it is asked for a
# range; the release is installed all the same.
resumed() {
    local name=$1 want=$2 bundle
    shift 2
    version=$((version + 1))
    web_publish "$version"
    bundle=$(in_bucket .web.tar.zst)
    evil_clear
    evil_rule "$bundle" truncate 60
    requests_mark
    not_ok "$name: broken off" sealift check
    await_requests 5 1 '.path | endswith(".tar.zst")' # which is written down when the client has gone
    is "$(partials)" 60 "$name: 60 bytes are here"
    evil_clear
    [ $# -eq 0 ] || evil_rule "$bundle" range "$@"
    requests_mark
    ok "$name: the next check installs the release" sealift check
    is "$(web_page)" "$version" "$name: which answers"
    await_requests 5 1 '.path | endswith(".tar.zst")'
    is "$(tail -n "+$((requests_seen + 1))" "$BUCKET_LOG" | jq -r 'select(.path | endswith(".tar.zst")) | "\(.range)\(.status)"' | xargs)" \
        "$want" "$name: what was asked for"
    is "$(partials)" "" "$name: nothing is left over"
}

resumptions() {
    version=3
    resumed "ranges" "bytes=60-206"
    resumed "no ranges" "bytes=60-200 200" whole
    resumed "another part" "bytes=60-206 200" part 1
    resumed "416" "bytes=60-416 200" status 416
    resumed "the rest is another's" "bytes=60-206 200" flip 100

    # What is here may be wrong: a power cut, or somebody who could write there.
    web_publish 9
    evil_clear
    evil_rule "$(in_bucket .web.tar.zst)" truncate 60
    not_ok "broken off" sealift check
    printf x | dd of="$(find "$STORE/incoming" -type f)" conv=notrunc status=none
    evil_clear
    ok "what was here has changed: fetched anew" sealift check
    is "$(web_page) $(partials)" "9 " "and installed"

    # A release that is overtaken.
    web_publish 10
    evil_rule "$(in_bucket .web.tar.zst)" truncate 60
    not_ok "broken off" sealift check
    systemctl restart sealiftd.service
    await 20 bundle_state web state >/dev/null
    is "$(partials)" 60 "what is here outlives the agent"
    web_publish 11
    ok "another release is installed" sealift check
    is "$(web_page) $(partials)" "11 " "and what was here of the one before is gone"
}

# Signed by our own keys, which somebody has stolen: a manifest that no sealift of the publisher's would have let through.
unknown_key() {
    sed 's/^Type=.*/&\nColour=blue/' "$OUT/web-2.manifest" >/srv/coloured.manifest
    publisher /tests/host/forge.py "$BUCKET" "$KEYS" targets put=stable/web.manifest:/srv/coloured.manifest
    expect_refusal "unknown manifest key" refused "web.manifest:[0-9]+: unknown key 'Colour'"
}

well_again() {
    evil_start
    web_publish 3
    ok "the bucket is well again: release 3 is installed" sealift check
    is "$(web_page)" 3 "and answers"
}

quiet_poll() {
    bucket_start
    requests_mark
    ok "nothing new" sealift check
    await_requests 5 2 '.method == "GET"'
    requests_mark
    ok "nothing new" sealift check
    await_requests 5 2 '.method == "GET"'
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
resumptions
quiet_poll
done_testing
