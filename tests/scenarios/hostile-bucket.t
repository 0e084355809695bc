#!/usr/bin/env bash
# A bucket, a network or a CDN that lies, stalls or is not there: nothing is installed, the release that runs goes on running,
# everybody hears why, and when the bucket is well again the next check installs what waited.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# A file of the bucket by what its name ends in, newest first, as the path that is asked for.
in_bucket() { (cd "$BUCKET" && find . -name "*$1" -printf '%T@ /%P\n' | sort -rn | awk 'NR == 1 { print $2 }'); }

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
    broken "endless timestamp" "$timestamp" trust-refused "longer than" endless
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
    broken "endless bundle" "$bundle" refused "web.tar.zst.*longer than" endless
    broken "bundle reset" "$bundle" refused "web.tar.zst.*connection broke" reset 50
    broken "bundle compressed once more" "$bundle" refused "web.tar.zst.*longer than" gzip
    broken "bundle changed" "$bundle" refused "SHA-256" flip 50
}

# A server that keeps the line open and sends next to nothing. sealift-fetch waits 30 s for one as it is installed.
slow_answers() {
    mkdir -p /run/systemd/system/sealift-fetch@.service.d
    printf '[Service]\nExecStart=\nExecStart=/usr/libexec/sealift/sealift-fetch --patience=1s\n' \
        >/run/systemd/system/sealift-fetch@.service.d/patience.conf
    systemctl daemon-reload
    broken "timestamp stalls" /metadata/timestamp.json unreachable "too slow.*Less than" stall
    broken "bundle stalls" "$(in_bucket .web.tar.zst)" refused "too slow.*Less than" stall-body 50
    broken "manifest drips" "$(in_bucket .web.manifest)" refused "web.manifest.*too slow.*Less than" drip 0.1
    rm -r /run/systemd/system/sealift-fetch@.service.d
    systemctl daemon-reload
}

# What was true once, and is signed: timestamps of other days.
old_news() {
    cp "$BUCKET/metadata/timestamp.json" /srv/timestamp.2.json
    web_write 3
    pack_release 3 "$WEB" /srv/web.manifest
    publish_sealed "$sealed" env SOURCE_DATE_EPOCH=$((EPOCHSECONDS - 10 * 86400))
    evil_clear
    expect_refusal "expired timestamp" trust-refused expired
    expect_report "expired timestamp" '.error | test("expired")'
}

# Good signatures of a repository that is not ours.
wrong_signature() {
    install -d -o publisher -m 0700 /srv/other-keys
    install -d -o publisher /srv/other
    publisher sealift init --repository /srv/other --keys /srv/other-keys >/dev/null
    broken "wrong signature" /metadata/timestamp.json trust-refused "signature" file /srv/other/metadata/timestamp.json
    evil_clear
}

# Signed by our own keys, which somebody has stolen: a manifest that no sealift of the publisher's would have let through.
unknown_key() {
    sed 's/^Type=.*/&\nColour=blue/' "$OUT/web-2.manifest" >/srv/coloured.manifest
    publisher /tests/host/forge.py "$BUCKET" "$KEYS" put stable/web.manifest /srv/coloured.manifest
    expect_refusal "unknown manifest key" refused "web.manifest:[0-9]+: unknown key 'Colour'"
}

older_timestamp() {
    evil_start
    web_publish 4
    ok "the bucket is well again: release 4 is installed" sealift check
    is "$(web_page)" 4 "and answers"
    evil_rule /metadata/timestamp.json file /srv/timestamp.2.json
    journal_mark
    not_ok "older timestamp: the check fails" sealift check
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[trust-refused]}")" "(older|version|rolled)" "older timestamp: and the journal says why"
    is "$(web_page)" 4 "older timestamp: the service was not touched"
    evil_clear
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

# A thief of the timestamp's key drives its version up, so that what the publisher signs looks old for ever; until the key is
# replaced in a next root.
fast_forward() {
    cp "$BUCKET/metadata/timestamp.json" /srv/timestamp.honest.json
    publisher /tests/host/forge.py "$BUCKET" "$KEYS" timestamp 1000000
    age_timestamp
    ok "fast-forward: what a thief signs is believed" sealift check
    cp /srv/timestamp.honest.json "$BUCKET/metadata/timestamp.json"
    age_timestamp
    not_ok "fast-forward: and then the publisher is not" sealift check
    publisher /tests/host/forge.py "$BUCKET" "$KEYS" rotate 100
    age_timestamp
    ok "fast-forward: until the key is replaced" sealift check
    web_publish 5
    ok "fast-forward: the next release is installed" sealift check
    is "$(web_page)" 5 "fast-forward: and answers"
}

web_begin
web_publish 2
evil_start
broken_answers
slow_answers
wrong_signature
unknown_key
old_news
not_there
older_timestamp
quiet_poll
fast_forward
done_testing
