#!/usr/bin/env bash
# What sealift says of a unit is what systemd says of it: exposure, live and after daemon-reload, and the text itself. And a
# host's policy may limit the figure: a release above it is refused before anything is fetched.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

TREE=/srv/tree

# One service of the bundle "many" for each kind of request: NAME, and the lines of its [Sandbox].
services() {
    cat <<'SERVICES'
none Network=none
sock Network=socket;[Socket sock];ListenStream=8099
bundle Network=bundle
bind Network=bind;Bind=tcp:8090
any Network=outbound;Outbound=any
jit WriteExecute=yes
chown Capability=CAP_CHOWN
calls SystemCalls=@resources;SystemCalls=@setuid
device Device=/dev/full
path HostPath=/srv
spaces UserNamespaces=yes
user User=daemon
all Network=bind;Bind=tcp:8091;Capability=CAP_NET_RAW;WriteExecute=yes;SystemCalls=@mount;UserNamespaces=yes;User=daemon
SERVICES
}

# What no container gives: address lists, the clock, the kernel's log. These are loaded as unit files, and never started.
# Of addresses, the line says besides what systemd-analyze takes the list for: tests/test-exposure.c relies on it.
others() {
    cat <<'OTHERS'
- clock Capability=CAP_SYS_TIME;Capability=CAP_WAKE_ALARM
- log Capability=CAP_SYSLOG
non-localhost list Network=outbound;Outbound=192.0.2.0/24
only.localhost local Network=outbound;Outbound=127.0.0.0/8
non-localhost part Network=outbound;Outbound=127.0.0.1
non-localhost both Network=outbound;Outbound=127.0.0.0/8;Outbound=127.0.0.1
only.localhost six Network=outbound;Outbound=::1
non-localhost mixed Network=outbound;Outbound=::1;Outbound=2001:db8::/32
non-localhost any Network=outbound;Outbound=any
OTHERS
}

# write_many: its manifest, and the policy that `sealift lint` asks for.
write_many() {
    local name lines
    {
        printf '[Bundle]\nName=many\nVersion=1\n'
        while read -r name lines; do
            printf '[Service %s]\nExecStart=/usr/bin/sleep infinity\n[Sandbox %s]\n%s\n' "$name" "$name" "$lines" | tr ';' '\n'
        done < <(services)
        printf '[Service job]\nExecStart=/usr/bin/true\nType=oneshot\n[Timer job]\nOnCalendar=yearly\n'
        printf '[Service secret]\nExecStart=/usr/bin/sleep infinity\nLoadCredential=key\n'
    } >/srv/many.manifest
    mkdir -p /etc/credstore
    echo secret >/etc/credstore/sealift-many.key
    sealift lint /srv/many.manifest | sed -n '/^  grants, /,$p' | sed '1d; s/^ *//' >/etc/sealift/policy.d/many.conf
}

show() { sealift show --unit --json many >/srv/shown; }
shown() { jq -r --arg service "$1" ".units[] | select(.service == \$service) | .$2" /srv/shown; }
linted() { sealift lint --json /srv/many.manifest | jq -r --arg service "$1" '.[0].services[] | select(.service == $service) | .exposure'; }

# each WHEN: systemd's figure of each unit that runs is ours.
each() {
    local name lines unit
    ok "show --unit, $1" show
    while read -r name lines; do
        unit=$(unit_of "many.$name")
        is "$(shown "$name" unit) $(shown "$name" runs)" "$unit true" "$name: is the unit that runs"
        is "$(shown "$name" exposure)" "$(exposure "$unit")" "$name, $1: $lines: exposure $(exposure "$unit")"
    done < <(services)
}

# What is shown is the file that systemd has loaded, and all of it.
same_text() {
    local name lines unit
    while read -r name lines; do
        unit=$(unit_of "many.$name")
        is "$(shown "$name" path)" "$(systemctl show --property=DropInPaths --value "$unit")" "$name: the drop-in that systemd has"
        is "$(jq -j --arg unit "$unit" '.units[] | select(.unit == $unit) | .text' /srv/shown | sha256sum)" \
            "$(sha256sum <"$(shown "$name" path)")" "$name: byte by byte"
        is "$(linted "$name")" "$(shown "$name" exposure)" "$name: and lint had said so"
    done < <(services)
    for unit in sealift-many.sock.socket sealift-many.job.timer; do
        is "$(jq -r --arg unit "$unit" '.units[] | select(.unit == $unit) | "\(.runs) \(.path)"' /srv/shown)" \
            "true $(systemctl show --property=FragmentPath --value "$unit")" "$unit: the file is the one that systemd has"
        is "$(jq -j --arg unit "$unit" '.units[] | select(.unit == $unit) | .text' /srv/shown | sha256sum)" \
            "$(sha256sum <"/run/systemd/system/$unit")" "$unit: byte by byte"
    done
    is "$(shown job runs) $(shown job exposure)" "false 0.1" "a job that does not run now has a figure"
    is "$(jq -r '.units[].unit' /srv/shown | grep -c -v '^sealift-many\.' || true)" 0 "and no unit of another bundle is among them"
}

in_words() {
    local unit said
    unit=$(unit_of many.bind)
    said=$(runuser -u nobody -- sealift show --unit many)
    like "$said" "^# many 1, manifest [0-9a-f]{64}" "anybody may ask"
    like "$said" $'\n'"# bind: runs, exposure 1\.0"$'\n'"#    0\.89  Network=bind Bind=tcp:8090: listens" "and gets figure and cost"
    like "$said" $'\n'"# /run/systemd/system/${unit//./\\.}\.d/50-sealift\.conf"$'\n' "path"
    like "$said" $'\n'"SocketBindAllow=tcp:8090"$'\n' "and text"
    if systemctl --version | grep -q -e -BPF_FRAMEWORK; then
        like "$said" $'\n'"# never counted on: SocketBindAllow= SocketBindDeny= [^"$'\n'"]*: systemd was built without BPF_FRAMEWORK" \
            "and what this systemd cannot hold"
    else
        unlike "$said" "BPF_FRAMEWORK" "and this systemd can hold ports"
    fi
    if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; then
        unlike "$said" "never counted on: AppArmor" "AppArmor is on"
    else
        like "$said" $'\n'"# never counted on: AppArmorProfile=: " "AppArmor is not"
    fi
    not_ok "no bundle of another name" sealift show --unit few
    like "$(sealift show --unit few 2>&1 || true)" "few: this machine knows no such bundle" "which is said"
}

stop_service() { # NAME
    local unit
    unit=$(unit_of "many.$1")
    systemctl stop "$unit"
    await 10 not_running "$unit"
}

# A service that is down is shown as it would be, with what this host says by now; and so is each of two instances.
resting() {
    systemctl stop sealiftd.service
    like "$(runuser -u nobody -- sealift show --unit many 2>&1 || true)" "only root can see" "without the agent, nobody sees what is current"
    like "$(sealift show --unit many)" "^# many 1, manifest [0-9a-f]{64}" "but root does"
    stop_service none
    stop_service secret
    show
    is "$(shown none runs) $(shown none exposure)" "false 0.1" "a service that is down"
    unlike "$(shown none text)" "MemoryMax=" "as it was signed"
    like "$(shown secret text)" $'\n'"LoadCredential=key:/etc/credstore/sealift-many\.key"$'\n' "a credential, from where it is"
    is "$(jq -r '.missing' /srv/shown)" null "and none is missing"
    rm "/run/systemd/system/sealift-many.sock.socket"
    mkdir -p /etc/sealift/bundles.d
    printf '[Service none]\nMemoryMax=64M\n' >/etc/sealift/bundles.d/many.conf
    rm /etc/credstore/sealift-many.key
    show
    like "$(shown none text)" $'\n'"MemoryMax=64M"$'\n' "and as this host wants it"
    is "$(jq -r '.units[] | select(.unit == "sealift-many.sock.socket") | .runs' /srv/shown)" false "a socket that is not there, too"
    like "$(jq -r '.missing' /srv/shown)" "sealift-many\.key" "a credential that is missing is named"
    like "$(sealift show --unit many)" $'\n'"# [^"$'\n'"]*sealift-many\.key" "in words, too"
    touch /etc/sealift/bundles.d/many@one.conf
    printf '[Sandbox bind]\nBind=tcp:8092\n[Sandbox all]\nBind=tcp:8093\n[Socket sock]\nListenStream=8098\n' >/etc/sealift/bundles.d/many@two.conf
    show
    is "$(jq -r '.units[] | select(.service == "jit") | .unit' /srv/shown | sed 's/@.*//' | tr '\n' ' ')" \
        "sealift-many.jit sealift-many.one.jit sealift-many.two.jit " "what runs, and an instance each"
    echo "# a line more" >>"$(echo /var/lib/sealift/releases/many/1-*/manifest)"
    like "$(sealift show --unit many 2>&1 || true)" "manifest: is not what was signed" "a manifest that was changed is not believed"
}
not_running() { [ ! -e "/run/systemd/system/$1.d/50-sealift.conf" ]; }

# Units that systemd has loaded and does not run have a live figure, too.
loaded() {
    local kind name lines unit
    while read -r kind name lines; do
        printf '[Bundle]\nName=%s\nVersion=1\n[Service main]\nExecStart=/usr/bin/true\n[Sandbox main]\n%s\n' "$name" "$lines" |
            tr ';' '\n' >/srv/other.manifest
        unit=loaded-$name.service
        sealift lint --json --unit /srv/other.manifest | jq -j '.[0].units[0].text' >"/run/systemd/system/$unit"
        is "$(sealift lint --json /srv/other.manifest | jq -r '.[0].services[0].exposure')" "$(exposure "$unit")" \
            "$lines: exposure $(exposure "$unit")"
        [ "$kind" = - ] || like "$(systemd-analyze security "$unit" 2>/dev/null | grep IPAddressDeny=)" "$kind" "which is taken for ${kind/./ }"
    done < <(others)
    rm /run/systemd/system/loaded-*.service
}

# systemd-analyze takes files, too. The transient unit's own is not the unit, since no drop-in is in it; the drop-in is.
offline() {
    local unit dir=/srv/offline
    unit=$(unit_of many.bind)
    mkdir -p "$dir"
    cp "/run/systemd/transient/$unit" "$dir/transient.service"
    cp "/run/systemd/system/$unit.d/50-sealift.conf" "$dir/dropin.service"
    is "$(exposure --offline=yes "$dir/transient.service")" "" "offline, the file of the transient unit has no figure: it has no program"
    is "$(exposure --offline=yes "$dir/dropin.service")" "$(shown bind exposure)" "offline, the drop-in alone has the figure"
}

limit() {
    web_begin
    is "$(exposure "$(web_unit)")" "$(sealift show --unit --json web | jq -r '.units[0].exposure')" "web: our figure is systemd's"
    printf '[Policy *]\nMaxExposure=0.9\n[Policy web]\nMaxExposure=5\n' >/etc/sealift/policy.d/limit.conf
    web_publish 2
    requests_mark
    not_ok "a release above the lowest limit is refused" sealift check
    like "$(sealift why web 2>&1 || true)" "exposure 1\.0 is above MaxExposure=0\.9; 0\.89 of it is for Network=bind Bind=tcp:8080" \
        "and why says by how much, and what costs it"
    is "$(requests | grep -c 'tar\.zst' || true)" 0 "nothing of it was fetched"
    is "$(web_page)" 1 "release 1 runs on"
    printf '[Policy *]\nMaxExposure=1.0\n' >/etc/sealift/policy.d/limit.conf
    ok "with the limit raised it is installed" sealift check
    is "$(web_page)" 2 "and runs"
    rm /etc/sealift/policy.d/limit.conf
}

mkdir -p "$TREE"
echo "nothing of its own" >"$TREE/readme"
limit
write_many
publish_release 1 "$TREE" /srv/many.manifest
ok "a service of each kind comes up" sealift check
each "live"
same_text
in_words
loaded
offline
systemctl daemon-reload
each "after daemon-reload"
resting
done_testing
