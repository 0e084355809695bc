#!/usr/bin/env bash
# An attacker who has the bucket and the keys that are online, the timestamp's or the snapshot's too: what each theft buys, and
# that a next root ends it.
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

    attack "stolen timestamp key: an older snapshot under a new number"
    steal timestamp-1
    cp "$BUCKET/metadata/2.snapshot.json" "$BUCKET/metadata/900.snapshot.json"
    thief timestamp list=snapshot.json:900
    refused trust-refused "snapshot.json: is version 2, timestamp.json names 900" timestamp.json
    rekey timestamp
    recovered

    attack "stolen timestamp key: a snapshot larger than any"
    steal timestamp-1
    head -c 3M /dev/zero >"$BUCKET/metadata/900.snapshot.json"
    thief timestamp list=snapshot.json:900
    refused trust-refused "snapshot.json: 3145728 bytes, more than the limit of 2097152" timestamp.json
    rekey timestamp
    recovered

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

    attack "stolen snapshot key: older targets under a new number"
    steal timestamp-1 snapshot-1
    cp "$BUCKET/metadata/2.targets.json" "$BUCKET/metadata/900.targets.json"
    thief snapshot list=targets.json:900
    refused trust-refused "targets.json: is version 2, snapshot.json names 900" timestamp.json snapshot.json
    rekey timestamp snapshot
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

attacks_begin
stolen_timestamp
freeze
fast_forwards
stolen_snapshot
done_testing
