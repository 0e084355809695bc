#!/usr/bin/env bash
# Every example of manifests/ does what it says of itself, on a real systemd and with real programs: the tree is made, the
# policy granted and the service asked with the very lines of its own comments. Behind walls as high as they can be.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

EXAMPLES=/usr/share/doc/sealift/manifests
# What systemd-analyze security says at most, by what the service has of the network.
declare -A EXPOSURE=([none]=0.1 [socket]=0.1 [bundle]=0.4 [bind]=1.0)

example_network() {
    if grep -q '^Network=' "$1"; then
        sed -n 's/^Network=//p' "$1"
    elif grep -q '^Proxy=' "$1"; then
        echo bundle
    elif grep -q '^\[Socket' "$1"; then
        echo socket
    else
        echo none
    fi
}

exposure() { systemd-analyze security "$1" 2>/dev/null | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p' || true; }
at_most() { awk -v got="$1" -v most="$2" 'BEGIN { exit !(got != "" && got <= most) }'; }
unit_of() { systemctl list-units --plain --no-legend --state=running "sealift-$1.*.service" | awk '{ print $1; exit }'; }
ask() { bash -o pipefail -c "$(example_says "$1" Then)"; }
answers() { [ -n "$(ask "$1")" ]; }

# example_run FILE: from the comment to the answer.
example_run() {
    local file=$1 name network tree said
    name=$(basename "$file" .manifest)
    network=$(example_network "$file")
    tree=/srv/examples/$name
    is "$(sed -n 's/^Name=//p' "$file")" "$name" "$name: the file is named after the bundle"
    mkdir -p "$tree"
    ok "$name: the tree can be made" sh -ec "cd $tree; umask 022; $(example_says "$file" 'The tree')"
    example_says "$file" "What the host's policy" >"/etc/sealift/policy.d/$name.conf"
    ok "$name: the host can be told" sh -ec "$(example_says "$file" 'What the host says')"
    publish_release 1 "$tree" "$file"
    ok "$name: comes up" sealift check
    ok "$name: does what it is for" await 10 answers "$file"
    said=$(exposure "$(unit_of "$name")")
    ok "$name: exposure $said, network $network: at most ${EXPOSURE[$network]}" at_most "$said" "${EXPOSURE[$network]}"
    is "$(bundle_state "$name" state)" running "$name: is what this machine runs"
}

own_root() {
    local root
    root=/proc/$(systemctl show --property=MainPID --value "$(unit_of busybox)")/root
    ok "busybox: has its bundle" test -x "$root/bundle/busybox"
    not_ok "busybox: and no programs of the host" test -e "$root/usr/bin"
}

keeps_state() {
    local before
    before=$(unit_of redis)
    redis-cli set sealift "kept across releases" >/dev/null
    publish_release 2 /srv/examples/redis "$EXAMPLES/redis.manifest"
    ok "redis: release 2 comes up" sealift check
    unlike "$(unit_of redis)" "^$before$" "redis: as a unit of its own"
    is "$(redis-cli get sealift)" "kept across releases" "redis: and has what release 1 stored"
}

no_network() {
    local pid
    pid=$(systemctl show --property=MainPID --value "$(unit_of worker)")
    is "$(nsenter --net --target "$pid" ip -brief link | awk '{ print $1 }')" lo "worker: sees no network but its own loopback"
    ok "worker: keeps its count" await 15 test -s /var/lib/sealift-worker/count
}

bucket_start
publisher_init
agent_configure
agent_start
for example in "$EXAMPLES"/*.manifest; do
    example_run "$example"
done
own_root
keeps_state
no_network
is "$(sealift status --json | jq -r '.bundles[] | select(.state != "running") | .name')" "" "all of them run, side by side"
done_testing
