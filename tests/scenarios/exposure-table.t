#!/usr/bin/env bash
# The table of what a service may be exposed at most, by what it asks for: systemd-analyze's figure for the running unit,
# before and after daemon-reload. The figures of real programs are in manifests.t.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

SLEEP='ExecStart=/usr/bin/sleep infinity'
# Service, the most, what is in its sections.
ROWS=(
    "none     0.1 no network"
    "socket   0.1 a socket from systemd"
    "together 0.4 a network that the bundle shares"
    "proxied  0.4 behind a proxy"
    "bind     1.0 its own TCP port above 1023"
    "jit      0.3 a just-in-time compiler over a socket"
    "any      1.0 outbound to any address"
)

intent() {
    cat <<INTENT
[Bundle]
Name=table
Version=1
[Service none]
$SLEEP
[Service socket]
$SLEEP
[Socket socket]
ListenStream=8001
[Service together]
$SLEEP
[Sandbox together]
Network=bundle
[Service proxied]
ExecStart=/usr/bin/python3 -m http.server --bind 127.0.0.1 --directory /bundle 8000
[Socket proxied]
ListenStream=8002
Proxy=8000
[Service bind]
$SLEEP
[Sandbox bind]
Network=bind
Bind=tcp:8003
[Service jit]
$SLEEP
[Sandbox jit]
WriteExecute=yes
[Socket jit]
ListenStream=8004
[Service any]
$SLEEP
[Sandbox any]
Network=outbound
Outbound=any
INTENT
}

# rows_hold WHEN
rows_hold() {
    local row service most what said
    for row in "${ROWS[@]}"; do
        read -r service most what <<<"$row"
        said=$(exposure "$(unit_of "table.$service")")
        ok "$1: $what: $said, at most $most" at_most "$said" "$most"
    done
    said=$(exposure "$(unit_of table.proxied-proxy)")
    ok "$1: the proxy itself: $said, at most 0.4" at_most "$said" 0.4
}

# A list of addresses is in force where systemd can load its BPF program: not in a container on hybrid cgroups, where the
# release is refused (tests/scenarios for the virtual machine have the live figure).
listed() {
    local said
    printf '[Bundle]\nName=listed\nVersion=1\n[Service main]\n%s\n[Sandbox main]\nNetwork=outbound\nOutbound=192.0.2.0/24\n' "$SLEEP" \
        >/srv/listed.manifest
    agent_grant listed Outbound=192.0.2.0/24
    mkdir -p /srv/listed
    publish_release 1 /srv/listed /srv/listed.manifest
    requests_mark
    if sealift check >/srv/listed.out 2>&1; then
        said=$(exposure "$(unit_of listed.main)")
    else
        like "$(cat /srv/listed.out)" "cannot hold it to them" "outbound to a list of addresses: refused, since nothing would hold it to them here"
        like "$(sealift why listed || true)" "suits +.*cannot hold it to them" "by the gate that asks what this host is"
        unlike "$(requests)" "tar\.zst" "before its bundle was fetched"
        agent_grant listed Outbound=192.0.2.0/24 Outbound=any
        mkdir -p /etc/sealift/bundles.d
        printf '[Sandbox main]\nOutbound=any\n' >/etc/sealift/bundles.d/listed.conf
        ok "with this host's own Outbound=any it is installed" sealift check
        like "$(requests)" "tar\.zst" "and fetched then"
        rm /etc/sealift/bundles.d/listed.conf
        sealift lint --unit /srv/listed.manifest >/srv/sealift-listed.service
        said=$(exposure --offline=yes /srv/sealift-listed.service)
    fi
    ok "outbound to a list of addresses: $said, at most 1.0" at_most "$said" 1.0
}

bucket_start
publisher_init
agent_configure
agent_grant table Listen=tcp:8001 Listen=tcp:8002 Bind=tcp:8003 Listen=tcp:8004 WriteExecute=yes Outbound=any
agent_start
mkdir -p /srv/table
intent >/srv/table.manifest
publish_release 1 /srv/table /srv/table.manifest
ok "a service of each kind" sealift check
rows_hold "running"
systemctl daemon-reload
rows_hold "after daemon-reload"
listed
done_testing
