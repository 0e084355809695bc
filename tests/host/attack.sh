# shellcheck shell=bash
# Attacks on the machine "web" runs on (sourced by lib.sh). An attacker has a full copy of the bucket, is where the bucket was,
# and has those keys that it could steal:
#
#   attacks_begin                              # release 1 of "web" runs; the bucket is evil.py from here on
#   attack "a stolen timestamp key"            # the bucket is the publisher's, whatever the last attack did to it
#   steal timestamp-1                          # the thief has this key, and makes up the others
#   thief snapshot list=targets.json:1         # what the thief signs and uploads: tests/host/forge.py --help
#   expect trust-refused "0 good signatures"   # the agent says so, nothing moved; the honest bucket's next release is taken
#
# Nothing waits for a poll: `sealift check` is one.

HONEST=/srv/honest # the publisher's own copy of the bucket
THIEF=/srv/thief   # the keys of the attacker
release=0          # the newest of "web"
attack="to begin with"
signed_in=$HONEST  # where to find the files that are signed well

attacks_begin() {
    web_begin
    release=1
    evil_start
    sed -i 's/^Bundles=.*/Bundles=web/' /etc/sealift/sealift.conf
    systemctl restart sealiftd.service
    bucket_keep
    bad_release
    recovered
}

bucket_keep() { rm -rf "$HONEST" && cp -a "$BUCKET" "$HONEST"; }
bucket_restore() {
    evil_clear
    find "$BUCKET" -mindepth 1 -delete
    cp -a "$HONEST/." "$BUCKET"
}

# attack NAME
attack() {
    attack=$1
    bucket_restore
    steal
}

# steal KEY...: files of the publisher's folder of keys, without their .pem.
steal() {
    local key
    rm -rf "$THIEF"
    mkdir -m 0700 "$THIEF"
    for key; do cp "$KEYS/$key.pem" "$THIEF"; done
    signed_in=$HONEST
    [ $# -eq 0 ] || signed_in=$BUCKET
}

# thief ROLE CHANGE..., owner ROLE CHANGE...: metadata is signed and uploaded, by the attacker or by the publisher.
thief() { /tests/host/forge.py "$BUCKET" "$THIEF" "$@"; }
owner() {
    publisher /tests/host/forge.py "$BUCKET" "$KEYS" "$@"
    bucket_keep
}

# rekey ROLE...: what a publisher does after a theft: new keys, named by a next root.
rekey() {
    local role
    bucket_restore
    for role; do
        rm "$KEYS/$role-1.pem"
        owner root "keys=$role:$role-1"
    done
    for role; do owner "$role"; done
}

# release_waits: the publisher has published a release, and no host has seen it yet.
release_waits() {
    release=$((release + 1))
    web_publish "$release"
    bucket_keep
}

# bad_release: a release of "web" whose page says "evil", and one that wants what no host grants it; made by the attacker.
bad_release() {
    local sealed
    web_write evil
    pack_release 666 "$WEB" /srv/web.manifest
    mv "$sealed" /srv/evil.manifest
    mv "${sealed%.manifest}.tar.zst" /srv/evil.tar.zst
    sed 's/8080/22/' /srv/evil.manifest >/srv/greedy.manifest
}

# The thief publishes one of them.
thief_publishes() { thief targets put=stable/web.tar.zst:/srv/evil.tar.zst "put=stable/web.manifest:/srv/$1.manifest" "${@:2}"; }

# ---- what must be true afterwards -----------------------------------------------------------------------------------

# host_files [FILE...]: all that is on disk of trust, states and releases, with sums; without trust's FILEs. When it is to be asked
# again is the agent's own note, and what has been downloaded in part is believed by nobody.
host_files() {
    local file but='trust/polls|incoming/[0-9a-f]{64}'
    for file; do but+="|trust/$file"; done
    (cd "$STORE" && find trust state releases incoming -printf '%p %y %m %u %l\n' &&
        find trust state releases incoming -type f -exec sha256sum {} +) | grep -vE "$but" | LC_ALL=C sort
}

web_service() { echo "$(web_unit) $(web_invocation) $(web_page)"; }

# Whether what the agent trusts under this name is, byte for byte, a file that was signed with good keys.
well_signed() {
    local file
    for file in "$signed_in"/metadata/*"$1"; do cmp -s "$STORE/trust/$1" "$file" && return 0; done
    return 1
}

# attack_checks STATUS EVENT [FILE...]: one check, which ends so, and must not move a thing; but trust's FILEs may be others that
# are signed well. Without stolen keys, those are the publisher's: a good timestamp is one, whatever comes after it (TUF 5.4.5).
# Where no metadata was refused, what the agent notes of time in trust/times may move on.
attack_checks() {
    local want=$1 event=$2 files service file status=0 notes=()
    shift 2
    case $event in trust-refused | unreachable) ;; *) notes=(times) ;; esac
    files=$(host_files "$@" "${notes[@]}")
    service=$(web_service)
    journal_mark
    requests_mark
    said=$(sealift check 2>&1) || status=$?
    diag "$attack: $said"
    is "$status" "$want" "$attack: the check's status"
    is "$(host_files "$@" "${notes[@]}")" "$files" "$attack: trust, states and releases are as before"
    for file; do ok "$attack: $file that is trusted is signed well" well_signed "$file"; done
    is "$(web_service)" "$service" "$attack: the service was not touched"
}

# refused EVENT REGEX [FILE...]: the check fails, and says why, as the journal does.
refused() {
    local event=$1 want=$2 said
    shift 2
    attack_checks 1 "$event" "$@"
    like "$said" "$want" "$attack: the check says why"
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[$event]}")" "$want" "$attack: so does the journal"
}

# recovered: the honest bucket is back, with a next release, and the agent takes it.
recovered() {
    bucket_restore
    release_waits
    ok "$attack: the next release of the honest bucket is taken" sealift check
    is "$(web_page)" "$release" "$attack: and answers"
}

# expect EVENT REGEX [FILE...]: refused, and then recovered.
expect() {
    refused "$@"
    recovered
}

# believed [FILE...]: the check finds nothing wrong, and nothing to do.
believed() {
    local said
    attack_checks 0 none "$@"
}

# taken PAGE: the check finds nothing wrong, and what runs afterwards answers so.
taken() {
    ok "$attack: is taken" sealift check
    is "$(web_page)" "$1" "$attack: and answers"
}

# await_date DATE: until it has passed.
await_date() { await 30 date_passed "$(date -d "$1" +%s)"; }
date_passed() { [ "$EPOCHSECONDS" -gt "$1" ]; }
