#!/usr/bin/env bash
# A team has its own key and its own role, "team", to which targets delegates the names of "web"; "rivals", listed before it,
# have others. What an attacker can do to that role, with the bucket, the online keys, the team's key or another team's.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

online=(timestamp.json snapshot.json)
EVENT[role-refused]=${EVENT[trust-refused]} # all other metadata was good

thief_publishes() { thief "$1" put=stable/web.tar.zst:/srv/evil.tar.zst put=stable/web.manifest:/srv/evil.manifest "${@:2}"; }

delegation() {
    # From here on, releases are signed by the team alone.
    release_waits() {
        release=$((release + 1))
        web_write "$release"
        pack_release "$release" "$WEB" /srv/web.manifest
        owner team "put=stable/web.tar.zst:${sealed%.manifest}.tar.zst" "put=stable/web.manifest:$sealed"
    }
    attack "a delegated role"
    owner targets drop=stable/web.manifest drop=stable/web.tar.zst keys=rivals:rivals-1 'paths=rivals:stable/rivals.*' \
        keys=team:team-1 'paths=team:stable/web.*'
    owner rivals
    recovered
    is "$(cat "$STORE/trust/team.json")" "$(cat "$BUCKET$(in_bucket .team.json)")" "$attack: is stored as it was signed"
}

bucket_alone() {
    attack "endless data: delegated role"
    release_waits
    evil_rule "$(in_bucket .team.json)" endless
    expect role-refused "team.json of source main: longer than the [0-9]+ bytes" "${online[@]}"

    attack "mix-and-match: an older delegated role beside the newest snapshot"
    release_waits
    evil_rule "$(in_bucket .team.json)" file "$BUCKET/metadata/1.team.json"
    expect role-refused "team.json: (SHA-256|[0-9]+ bytes)" "${online[@]}"

    attack "a delegated role that is withheld"
    release_waits
    evil_rule "$(in_bucket .team.json)" status 404
    expect role-refused "team.json: not there" "${online[@]}"

    attack "freeze of a delegated role"
    owner team expires=-86400
    refused role-refused "team.json version [0-9]+ expired" "${online[@]}"
    bucket_restore
    owner team expires=$((30 * 86400))
    recovered
}

# attempt EVENT REGEX FILE...: the thief of the online keys is refused, and loses them.
attempt() {
    refused "$@"
    rekey timestamp snapshot
    recovered
}

online_keys() {
    attack "a delegated role that a stranger signed"
    steal timestamp-1 snapshot-1
    thief_publishes team
    attempt role-refused "team.json version [0-9]+: 0 good signatures by the keys of" "${online[@]}"

    attack "rollback of a delegated role"
    steal timestamp-1 snapshot-1
    thief snapshot list=team.json:1
    attempt trust-refused "snapshot.json version [0-9]+: lists team.json version 1, older than the trusted [0-9]+" timestamp.json

    attack "rollback of a delegated role: under a new number"
    steal timestamp-1 snapshot-1
    cp "$BUCKET/metadata/1.team.json" "$BUCKET/metadata/900.team.json"
    thief snapshot list=team.json:900
    attempt role-refused "team.json: is version 1, snapshot.json names 900" "${online[@]}"

    attack "a delegated role that the snapshot no longer lists"
    steal timestamp-1 snapshot-1
    thief snapshot drop=team.json
    attempt trust-refused "snapshot.json version [0-9]+: no longer lists team.json" timestamp.json
}

# The thief of another team's key has the online keys too.
another_team() {
    attack "another team: a name that it is not trusted with"
    steal timestamp-1 snapshot-1 rivals-1
    thief_publishes rivals
    believed "${online[@]}" rivals.json
    rekey timestamp snapshot
    recovered

    attack "another team, trusted with the name, but less"
    owner targets keys=juniors:juniors-1 'paths=juniors:stable/*'
    owner juniors
    recovered
    steal timestamp-1 snapshot-1 juniors-1
    thief_publishes juniors
    believed "${online[@]}" juniors.json
    rekey timestamp snapshot
    recovered

    attack "another team, trusted with the name, but less: the first one's role is withheld"
    steal timestamp-1 snapshot-1 juniors-1
    release_waits
    thief_publishes juniors
    evil_rule "$(in_bucket .team.json)" status 404
    attempt role-refused "team.json: not there" "${online[@]}" juniors.json
}

stolen_team() {
    attack "stolen key of a delegated role: no use without the online keys"
    steal team-1
    thief_publishes team
    signed_in=$HONEST
    expect trust-refused "timestamp.json version [0-9]+: 0 good signatures"

    attack "stolen key of a delegated role: another's names"
    steal team-1 timestamp-1 snapshot-1
    sed 's/^Name=web/Name=extra/' /srv/evil.manifest >/srv/extra.manifest
    thief team put=stable/extra.tar.zst:/srv/evil.tar.zst put=stable/extra.manifest:/srv/extra.manifest
    believed "${online[@]}" team.json
    is "$(sealift status --json | jq -r '.bundles[].name')" web "$attack: are not known"
    rekey timestamp snapshot
    recovered

    attack "stolen key of a delegated role: after it was replaced"
    steal team-1
    rm "$KEYS/team-1.pem"
    owner targets keys=team:team-1
    recovered
    cp "$KEYS/timestamp-1.pem" "$KEYS/snapshot-1.pem" "$THIEF"
    thief_publishes team
    attempt role-refused "team.json version [0-9]+: 0 good signatures by the keys of" "${online[@]}"

    # What was stored under the old key is not good for the new one's sake.
    attack "a delegated role that is stored, and whose key was replaced since"
    rm "$KEYS/team-1.pem"
    owner targets keys=team:team-1
    refused role-refused "team.json version [0-9]+: 0 good signatures by the keys of" "${online[@]}" targets.json
    recovered
}

thresholds() {
    attack "two keys must sign a delegated role"
    owner targets keys=team:team-1,team-2 threshold=team:2
    recovered

    attack "threshold minus one of a delegated role"
    steal timestamp-1 snapshot-1 team-1
    thief_publishes team
    attempt role-refused "team.json version [0-9]+: 1 good signature by the keys of .*, 2 needed" "${online[@]}"

    attack "one key under two ids of a delegated role"
    owner targets keys=team:team-1,other@team-1,team-2
    recovered
    steal timestamp-1 snapshot-1 team-1
    thief_publishes team by=team-1,other@team-1
    attempt role-refused "team.json version [0-9]+: 1 good signature by the keys of .*, 2 needed" "${online[@]}"
}

attacks_begin
delegation
bucket_alone
online_keys
another_team
stolen_team
thresholds
done_testing
