# shellcheck shell=bash
# The publisher and the agent of a scenario (sourced by lib.sh): the repository is the bucket's own directory.

KEYS=/srv/keys
OUT=/srv/out

# publisher COMMAND...: as somebody who is not root and has no rights but to the bucket and the keys.
publisher() { runuser -u publisher -- "$@"; }

# publisher_init [OPTION...]: keys and an empty repository.
publisher_init() {
    id publisher >/dev/null 2>&1 || useradd --create-home publisher
    install -d -o publisher "$BUCKET" "$OUT"
    install -d -o publisher -m 0700 "$KEYS"
    publisher sealift init --repository "$BUCKET" --keys "$KEYS" "$@" >/dev/null
}

# pack_release VERSION DIR MANIFEST: the manifest's Version= is set to VERSION, so that one text serves many releases.
# $pack_options, if any, are sealift pack's. Sets $sealed to the path of the sealed manifest.
pack_release() {
    local version=$1 dir=$2 manifest=$3 name
    name=$(sed -n 's/^Name=//p' "$manifest" | head -n 1)
    sed "s/^Version=.*/Version=$version/" "$manifest" >"/tmp/$name.manifest"
    # shellcheck disable=SC2086 # words
    publisher sealift pack "$dir" --manifest "/tmp/$name.manifest" --output "$OUT" $pack_options >/dev/null
    sealed=$OUT/$name-$version.manifest
}

pack_options=

# publish_sealed SEALED [COMMAND...]: in the channel "stable"; COMMAND goes before sealift (env NAME=VALUE).
publish_sealed() {
    local sealed=$1
    shift
    publisher "$@" sealift publish --repository "$BUCKET" --keys "$KEYS" --channel stable "$sealed" >/dev/null
    age_timestamp
}

# nginx makes an ETag of a file's second and size: two timestamps of one second would be one to it. People do not publish
# twice a second; scenarios do, so each gets a second of its own, all of them past.
age_timestamp() {
    local now
    published=$((published + 1))
    now=$(stat -c %Y "$BUCKET/metadata/1.root.json")
    touch -d "@$((now - 100000 + published))" "$BUCKET/metadata/timestamp.json"
}
published=0

# publish_release VERSION DIR MANIFEST: both.
publish_release() {
    local sealed
    pack_release "$@"
    publish_sealed "$sealed"
}

# example_says FILE HEADING: the indented lines of the comment that stand below the line that begins so.
example_says() {
    awk -v heading="# $2" '
        /^# [^ ]/ { on = index($0, heading) == 1; next }
        !/^#/ { exit }
        on && /^#       / { print substr($0, 9) }' "$1"
}

# ---- the agent ------------------------------------------------------------------------------------------------------

# agent_configure: what an image builder drops into the image. Another configuration: write the file after this.
agent_configure() {
    mkdir -p /etc/sealift/policy.d
    cp "$(ca_pem)" /etc/sealift/ca.pem
    cp "$BUCKET/metadata/1.root.json" /etc/sealift/root.json
    cat >/etc/sealift/sealift.conf <<'CONF'
[Agent]
Channel=stable
Bundles=*
Source=main
PollSec=1h

[Source main]
URL=https://bucket.test/
CAFile=/etc/sealift/ca.pem

[Report]
URL=https://bucket.test/reports/
CAFile=/etc/sealift/ca.pem
Method=PUT
CONF
}

# agent_grant BUNDLE LINE...: this host's policy for a bundle.
agent_grant() {
    local bundle=$1
    shift
    printf '%s\n' "[Policy $bundle]" "$@" >"/etc/sealift/policy.d/$bundle.conf"
}

# agent_window [FROM TO]: Window= begins and ends so many hours from now ("+2 +4": closed, "-1 +1": open), for an agent that starts
# anew; without, there is none.
agent_window() {
    sed -i '/^Window=/d' /etc/sealift/sealift.conf
    [ $# = 0 ] || sed -i "s/^PollSec=.*/&\nWindow=$(date -d "$1 hours" +%H:%M)-$(date -d "$2 hours" +%H:%M)/" /etc/sealift/sealift.conf
    systemctl restart sealiftd.service
}

agent_start() { systemctl start sealift-fetch.socket sealift-unpack.socket sealift-unitd.socket sealiftd.service; }
agent_enable() { systemctl enable --quiet sealift-fetch.socket sealift-unpack.socket sealift-unitd.socket sealiftd.service; }

# bundle_state BUNDLE KEY: of `sealift status --json`.
bundle_state() {
    sealift status --json | jq -r --arg name "$1" --arg key "$2" '.bundles[] | select(.name == $name) | .[$key]'
}
