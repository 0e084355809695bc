#!/usr/bin/env bash
# An attacker who has the bucket and the key that signs releases, alone or with the online ones; what a threshold adds; and
# another repository that shares keys with ours.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

all=(timestamp.json snapshot.json targets.json)

# ---- the release key --------------------------------------------------------------------------------------------------

stolen_targets() {
    local newest
    attack "stolen targets key: no use alone"
    steal targets-1
    thief_publishes evil
    expect trust-refused "timestamp.json version [0-9]+: 0 good signatures"

    attack "stolen targets key: other targets under the name of the publisher's"
    release_waits
    newest=$(in_bucket .targets.json)
    steal targets-1
    thief targets put=stable/web.manifest:/srv/evil.manifest alone as="${newest##*/}"
    signed_in=$HONEST
    expect trust-refused "targets.json: ([0-9]+ bytes|SHA-256)" timestamp.json snapshot.json
}

# Whoever has every key that signs releases is the publisher, until root says otherwise; what then stands between the thief and
# the host is the host's own policy.
stolen_release_keys() {
    attack "all release keys stolen: more than this host grants"
    steal targets-1 snapshot-1 timestamp-1
    thief_publishes greedy
    refused refused "tcp:22" "${all[@]}"

    attack "all release keys stolen: another bundle's manifest as this one's"
    sed 's/^Name=web/Name=wow/' /srv/evil.manifest >/srv/wow.manifest
    steal targets-1 snapshot-1 timestamp-1
    thief_publishes wow version=400
    thief snapshot version=400
    thief timestamp version=400
    refused refused "web.manifest: is the manifest of bundle wow" "${all[@]}"

    attack "all release keys stolen: a bundle that nobody asked for"
    steal targets-1 snapshot-1 timestamp-1
    thief targets put=stable/extra.tar.zst:/srv/evil.tar.zst put=stable/extra.manifest:/srv/evil.manifest version=500
    thief snapshot version=500
    thief timestamp version=500
    believed "${all[@]}"
    is "$(requests '.path | test("targets/")')" "" "$attack: nobody asked for it"

    attack "all release keys stolen: a release of the thief's"
    steal targets-1 snapshot-1 timestamp-1
    thief_publishes evil version=1000
    thief snapshot version=1000
    thief timestamp version=1000
    taken evil

    attack "all release keys stolen: until they are replaced"
    steal targets-1 snapshot-1 timestamp-1
    rekey targets snapshot timestamp
    recovered
    thief_publishes evil version=2000
    signed_in=$HONEST
    expect trust-refused "timestamp.json version [0-9]+: 0 good signatures by the keys of root version [0-9]+, 1 needed"

    attack "stolen targets key, replaced since: with the new online keys"
    steal timestamp-1 snapshot-1
    thief_publishes evil version=2000
    refused trust-refused "targets.json version 2000: 0 good signatures by the keys of root version [0-9]+, 1 needed" \
        timestamp.json snapshot.json
    rekey timestamp snapshot
    recovered
}

# ---- thresholds -------------------------------------------------------------------------------------------------------

# The thief has all keys but the last one of two that must sign targets. too_few WANT BY
too_few() {
    steal timestamp-1 snapshot-1 targets-1
    thief_publishes evil by="$2"
    refused trust-refused "$1" timestamp.json snapshot.json
    rekey timestamp snapshot
    recovered
}

thresholds() {
    attack "two keys must sign targets"
    owner root keys=targets:targets-1,targets-2 threshold=targets:2
    owner targets
    recovered

    attack "threshold minus one"
    too_few "targets.json version [0-9]+: 1 good signature by the keys of root version [0-9]+, 2 needed" targets-1
    attack "threshold minus one, and a stranger"
    too_few "targets.json version [0-9]+: 1 good signature by the keys of root version [0-9]+, 2 needed" targets-1,stranger
    attack "one key under two ids: the other is not listed"
    too_few "targets.json version [0-9]+: 1 good signature by" targets-1,other@targets-1
    attack "one key twice under its id"
    too_few "targets.json: two signatures with key id" targets-1,targets-1

    attack "one key under two ids: root lists both"
    owner root keys=targets:targets-1,other@targets-1,targets-2
    owner targets by=targets-1,targets-2
    recovered
    too_few "targets.json version [0-9]+: 1 good signature by the keys of root version [0-9]+, 2 needed" targets-1,other@targets-1
}

# ---- another repository ------------------------------------------------------------------------------------------------

# The same publisher's, for other machines; it has keys of its own but for KEY... Its metadata is put in the place of ours.
other_repository() {
    local key role
    rm -rf /srv/other /srv/other-keys
    install -d -o publisher /srv/other
    install -d -o publisher -m 0700 /srv/other-keys
    publisher sealift init --repository /srv/other --keys /srv/other-keys >/dev/null
    for key; do
        cp "$KEYS/$key.pem" /srv/other-keys
        publisher /tests/host/forge.py /srv/other /srv/other-keys root "keys=${key%-1}:$key"
    done
    for role in targets snapshot timestamp; do publisher /tests/host/forge.py /srv/other /srv/other-keys "$role" version=5000; done
    cp /srv/other/metadata/{timestamp,5000.snapshot,5000.targets}.json "$BUCKET/metadata"
    signed_in=$BUCKET
}

other_repositories() {
    attack "another repository: with a key of targets that is ours"
    other_repository targets-1
    signed_in=$HONEST
    expect trust-refused "timestamp.json version 5000: 0 good signatures"

    attack "another repository: with a key of targets that is our timestamp's"
    other_repository
    cp "$KEYS/timestamp-1.pem" /srv/other-keys/shared.pem
    /tests/host/forge.py /srv/other /srv/other-keys targets by=shared version=6000
    cp /srv/other/metadata/6000.targets.json "$BUCKET/metadata/timestamp.json"
    expect trust-refused 'timestamp.json: is metadata of type "targets"'

    attack "another repository: with online keys that are ours"
    other_repository timestamp-1 snapshot-1
    refused trust-refused "targets.json version 5000: 0 good signatures" timestamp.json snapshot.json
    rekey timestamp snapshot
    recovered
}

attacks_begin
stolen_targets
stolen_release_keys
other_repositories
thresholds
done_testing
