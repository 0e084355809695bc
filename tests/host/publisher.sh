# shellcheck shell=bash
# The publisher and the agent of a scenario (sourced by lib.sh): the repository is the bucket's own directory.

KEYS=/srv/keys
OUT=/srv/out

# publisher_init [OPTION...]: keys and an empty repository.
publisher_init() {
    mkdir -p "$BUCKET" "$OUT"
    sealift init --repository "$BUCKET" --keys "$KEYS" "$@"
}

# pack_release VERSION DIR MANIFEST: the manifest's Version= is set to VERSION, so that one text serves many releases.
# Prints the path of the sealed manifest.
pack_release() {
    local version=$1 dir=$2 manifest=$3 name intent
    name=$(sed -n 's/^Name=//p' "$manifest" | head -n 1)
    intent=$(mktemp -d)/$name.manifest
    sed "s/^Version=.*/Version=$version/" "$manifest" >"$intent"
    sealift pack "$dir" --manifest "$intent" --output "$OUT" >/dev/null
    echo "$OUT/$name-$version.manifest"
}

# publish_release VERSION DIR MANIFEST: pack and publish in the channel "stable".
publish_release() {
    local sealed
    sealed=$(pack_release "$@")
    sealift publish --repository "$BUCKET" --keys "$KEYS" --channel stable "$sealed" >/dev/null
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

agent_start() { systemctl start sealift-fetch.socket sealift-unpack.socket sealift-unitd.socket sealiftd.service; }
agent_enable() { systemctl enable --quiet sealift-fetch.socket sealift-unpack.socket sealift-unitd.socket sealiftd.service; }

# bundle_state BUNDLE KEY: of `sealift status --json`.
bundle_state() {
    sealift status --json | jq -r --arg name "$1" --arg key "$2" '.bundles[] | select(.name == $name) | .[$key]'
}
