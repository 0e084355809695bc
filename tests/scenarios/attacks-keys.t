#!/usr/bin/env bash
# An attacker who has the bucket and some of the keys: what each theft buys, and that a next root ends it.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# ---- the timestamp's: online, so the first to be stolen --------------------------------------------------------------

stolen_timestamp() {
    attack "stolen timestamp key: a release of the thief's"
    steal timestamp-1
    thief_publishes evil
    refused trust-refused "snapshot.json version [0-9]+: 0 good signatures by the keys of root version 1, 1 needed" timestamp.json
    rekey timestamp
    recovered

    attack "stolen timestamp key: it is no good once it has been replaced"
    thief timestamp
    expect trust-refused "timestamp.json version [0-9]+: 0 good signatures by the keys of root version 2, 1 needed"

    attack "stolen timestamp key: an older snapshot"
    steal timestamp-1
    thief timestamp list=snapshot.json:1
    expect trust-refused "timestamp.json version [0-9]+: names snapshot 1, older than the trusted [0-9]+"

    attack "stolen timestamp key: extraneous files"
    steal timestamp-1
    thief timestamp list=extra.json:1
    expect trust-refused "timestamp.json: lists more than snapshot.json"
}

# Metadata that has expired is not waited for: the thief's timestamp would be good for ten years.
freeze() {
    attack "stolen timestamp key: a freeze lasts until the snapshot expires"
    owner snapshot expires=4
    ok "$attack: a snapshot that expires soon is good" sealift check
    ok "$attack: until then" await_date "$(jq -r .signed.expires "$BUCKET$(in_bucket .snapshot.json)")"
    steal timestamp-1
    thief timestamp expires=$((10 * 365 * 86400))
    refused trust-refused "snapshot.json version [0-9]+ expired" timestamp.json
    rekey timestamp
    recovered
}

# fast_forward ROLE CHANGE REGEX FILE...: the thief of all online keys drives a version up, so that what the publisher signs
# looks old for ever; until there are other keys. The publisher's next timestamp may have the number of the thief's and then is
# nothing new to a host, hence two releases.
fast_forward() {
    local role=$1 change=$2 want=$3
    shift 3
    steal timestamp-1 snapshot-1
    thief "$role" "$change"
    believed "$@"
    bucket_restore
    release_waits
    release_waits
    refused trust-refused "$want"
    rekey timestamp snapshot
    recovered
}

fast_forwards() {
    attack "fast-forward of the timestamp"
    fast_forward timestamp version=1000000 "timestamp.json: version [0-9]+ is older than the trusted 1000000" timestamp.json
    attack "fast-forward of the snapshot"
    fast_forward snapshot version=1000000 "names snapshot [0-9]+, older than the trusted 1000000" timestamp.json snapshot.json

    attack "fast-forward of targets"
    steal timestamp-1 snapshot-1
    thief snapshot list=targets.json:1000000
    refused trust-refused "1000000.targets.json: not there" timestamp.json snapshot.json
    rekey timestamp snapshot
    recovered
}

# ---- the snapshot's ---------------------------------------------------------------------------------------------------

# The thief has the online keys; what the thief signed last stays trusted until they are replaced.
stolen_snapshot() {
    attack "stolen snapshot key: rollback of targets"
    steal timestamp-1 snapshot-1
    thief snapshot list=targets.json:2
    refused trust-refused "snapshot.json version [0-9]+: lists targets.json version 2, older than the trusted [0-9]+" timestamp.json
    rekey timestamp
    recovered

    attack "stolen snapshot key: no targets"
    steal timestamp-1 snapshot-1
    thief snapshot drop=targets.json
    refused trust-refused "snapshot.json: does not list targets.json" timestamp.json
    rekey timestamp
    recovered

    attack "stolen snapshot key: a release of the thief's"
    steal timestamp-1 snapshot-1
    thief_publishes evil
    refused trust-refused "targets.json version [0-9]+: 0 good signatures" timestamp.json snapshot.json
    rekey timestamp snapshot
    recovered
}

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

    attack "another repository: with online keys that are ours"
    other_repository timestamp-1 snapshot-1
    refused trust-refused "targets.json version 5000: 0 good signatures" timestamp.json snapshot.json
    rekey timestamp snapshot
    recovered
}

all=(timestamp.json snapshot.json targets.json)
attacks_begin
stolen_timestamp
freeze
fast_forwards
stolen_snapshot
stolen_targets
stolen_release_keys
other_repositories
thresholds
done_testing
