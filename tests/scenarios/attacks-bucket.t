#!/usr/bin/env bash
# An attacker who has the bucket and no key at all: every attack of TUF 1.0.34, section 1.5.2, that needs no more than that.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

all=(timestamp.json snapshot.json targets.json)

attacks_begin

attack "arbitrary software: metadata of the attacker's own"
thief_publishes evil
expect trust-refused "timestamp.json version [0-9]+: 0 good signatures by the keys of root version 1, 1 needed"

attack "arbitrary software: another manifest"
release_waits
sed 's/web/wEb/' "$OUT/web-$release.manifest" >/srv/other.manifest
evil_rule "$(in_bucket .web.manifest)" file /srv/other.manifest
expect refused "web.manifest: SHA-256 is not the signed one" "${all[@]}"

attack "arbitrary software: another bundle"
release_waits
evil_rule "$(in_bucket .web.tar.zst)" flip 50
expect refused "bundle of web $release has SHA-256 .* where .* was signed" "${all[@]}"

attack "endless data: root"
evil_rule /metadata/2.root.json endless
expect trust-refused "2.root.json of source main: longer than the 524288 bytes"

attack "endless data: timestamp"
evil_rule /metadata/timestamp.json endless
expect trust-refused "timestamp.json of source main: longer than the 16384 bytes"

attack "endless data: snapshot"
release_waits
evil_rule "$(in_bucket .snapshot.json)" endless
expect trust-refused "snapshot.json of source main: longer than the [0-9]+ bytes" timestamp.json

attack "endless data: targets"
release_waits
evil_rule "$(in_bucket .targets.json)" endless
expect trust-refused "targets.json of source main: longer than the [0-9]+ bytes" timestamp.json snapshot.json

attack "endless data: manifest"
release_waits
evil_rule "$(in_bucket .web.manifest)" endless
expect refused "web.manifest of source main: longer than the [0-9]+ bytes" "${all[@]}"

attack "endless data: bundle"
release_waits
evil_rule "$(in_bucket .web.tar.zst)" endless
expect refused "web.tar.zst of source main: longer than the [0-9]+ bytes" "${all[@]}"

attack "extraneous objects"
cp /srv/evil.manifest "$BUCKET/targets/stable/extra.manifest"
cp /srv/evil.tar.zst "$BUCKET/targets/stable/extra.tar.zst"
cp "$BUCKET/metadata/1.root.json" "$BUCKET/metadata/3.root.json"
cp "$BUCKET/metadata/1.targets.json" "$BUCKET/metadata/1.extra.json"
believed
recovered
is "$(requests '.path | test("extra|3.root")')" "" "$attack: nobody asked for them"

attack "indefinite freeze"
owner timestamp expires=20
ok "$attack: a timestamp that expires soon is good" sealift check
ok "$attack: until then" await_date "$(jq -r .signed.expires "$BUCKET/metadata/timestamp.json")"
expect trust-refused "timestamp.json version [0-9]+ expired"

attack "mix-and-match: an older snapshot beside the newest timestamp"
release_waits
evil_rule "$(in_bucket .snapshot.json)" file "$BUCKET/metadata/2.snapshot.json"
expect trust-refused "snapshot.json: (SHA-256|[0-9]+ bytes)" timestamp.json

attack "mix-and-match: older targets beside the newest snapshot"
release_waits
evil_rule "$(in_bucket .targets.json)" file "$BUCKET/metadata/2.targets.json"
expect trust-refused "targets.json: (SHA-256|[0-9]+ bytes)" timestamp.json snapshot.json

attack "mix-and-match: an older bundle beside the newest manifest"
older=$BUCKET$(in_bucket .web.tar.zst)
release_waits
evil_rule "$(in_bucket .web.tar.zst)" file "$older"
expect refused "bundle of web $release has" "${all[@]}"

attack "rollback of the timestamp"
cp "$BUCKET/metadata/timestamp.json" /srv/timestamp.json
release_waits
ok "$attack: the newest is taken" sealift check
evil_rule /metadata/timestamp.json file /srv/timestamp.json
expect trust-refused "timestamp.json: version [0-9]+ is older than the trusted [0-9]+"

attack "wrong software: another bundle, as well signed"
release_waits
sed 's/^Name=web/Name=wow/' /srv/web.manifest >/srv/wow.manifest
publish_release "$release" "$WEB" /srv/wow.manifest
bucket_keep
evil_rule "$(in_bucket .web.manifest)" file "$BUCKET$(in_bucket .wow.manifest)"
expect refused "web.manifest: SHA-256 is not the signed one" "${all[@]}"

# sealift-fetch is told to be less patient than the 30 s that it is installed with.
mkdir -p /run/systemd/system/sealift-fetch@.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/libexec/sealift/sealift-fetch --patience=5s\n' \
    >/run/systemd/system/sealift-fetch@.service.d/patience.conf
systemctl daemon-reload

attack "slow retrieval: a timestamp that never comes"
evil_rule /metadata/timestamp.json stall
expect unreachable "timestamp.json of source main: too slow: Operation (too slow|timed out)"

attack "slow retrieval: a manifest byte by byte"
release_waits
evil_rule "$(in_bucket .web.manifest)" drip 0.1
expect refused "web.manifest.*too slow: Operation (too slow|timed out)" "${all[@]}"

attack "slow retrieval: a bundle that stops half-way"
release_waits
evil_rule "$(in_bucket .web.tar.zst)" stall-body 50
expect refused "web.tar.zst.*too slow: Operation (too slow|timed out)" "${all[@]}"
done_testing
