#!/usr/bin/env bash
# What a sandbox may ask for, one by one, on a real systemd: refused without its grant; with it, the service can do what it
# asked for and nothing else of the kind, before and after a reload and a restart; a promise that this host does not keep
# fails the release with its reason.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

# service NAME SANDBOX-LINES COMMAND: one release of a bundle whose only service runs COMMAND, and is then ready. The lines are
# what is asked for, parted by ';'.
service() {
    local sandbox=${2//;/$'\n'}
    mkdir -p "/srv/$1"
    printf '%s\n' '#!/bin/sh' "cd /var/lib/sealift-$1" 'exec >out 2>&1' "$3" 'exec python3 /bundle/ready' >"/srv/$1/run"
    cat >"/srv/$1/ready" <<'PYTHON'
import os, signal, socket
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
signal.pause()
PYTHON
    chmod 755 "/srv/$1/run"
    seal "$1" 1 <<INTENT
[Service main]
ExecStart=/bundle/run
Type=notify
StateDirectory=yes
Restart=always
RestartSec=100ms
[Sandbox main]
$sandbox
INTENT
}

# out NAME: what its command printed
out() { cat "/var/lib/sealift-$1/out"; }

# granted NAME SANDBOX-LINES COMMAND REGEX: refused at first, then granted, and its output is as it says; then again after a
# reload and a restart.
granted() {
    local name=$1 sandbox=$2 want=$4 unit pid before
    service "$1" "$2" "$3"
    like "$(unitd prepare "$sealed" "/srv/$name" || true)" "EPERM.*\[Policy $name\] " "$sandbox: refused without a grant"
    printf '[Policy %s]\n%s\n' "$name" "$(sed 's/;/\n/g; s/Network=[a-z]*\n//' <<<"$sandbox")" >"/etc/sealift/policy.d/$name.conf"
    unitd prepare "$sealed" "/srv/$name"
    ok "$sandbox: granted, it starts" unitd start "$sealed"
    unit=$(unit_of "$name")
    like "$(out "$name")" "$want" "$sandbox: it can do that (exposure $(exposure "$unit"))"
    pid=$(pid_of "$unit")
    before=$(walls "$pid")
    systemctl daemon-reload
    kill -KILL "$pid"
    await 10 another_pid "$unit" "$pid"
    is "$(walls "$(pid_of "$unit")")" "$before" "$sandbox: behind the very same walls after a reload and a restart"
    like "$(unitd list)" "^running $name" "$sandbox: and unitd is content"
    unitd stop "$sealed"
}

write_execute='python3 -c "
import mmap
mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
print(\"memory is both\")"'

relaxations() {
    mkdir -p /srv/data/below && echo "the host says so" >/srv/data/below/file
    chmod 0666 /dev/net/tun
    granted jit "WriteExecute=yes" "$write_execute" "memory is both"
    # shellcheck disable=SC2016 # the service's own
    granted calls "SystemCalls=@resources;SystemCalls=@chown" 'touch x; chown "$(id -u)" x && renice -n 7 $$ && echo both' "both"
    granted tun "Device=/dev/net/tun" 'ls /dev; test -e /dev/kmsg || exec 3<>/dev/net/tun && echo opened' "opened"
    granted path "HostPath=/srv/data" 'cat /srv/data/below/file; touch /srv/data/x; ls /srv' "the host says so.*Read-only.*data$"
    granted kill "Capability=CAP_KILL" 'grep ^Cap /proc/self/status; kill -0 1 && echo may' "CapBnd:.0{14}20.*may"
    granted raw "Capability=CAP_NET_RAW;Network=outbound;Outbound=any" 'python3 -c "
import socket
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP); print(\"raw\")
try: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
except OSError as e: print(\"no packets:\", e)"' "raw.*no packets"
    granted admin "Capability=CAP_NET_ADMIN" 'ip link set lo up && ip addr add 192.0.2.1/32 dev lo && ip -4 addr' "192.0.2.1/32"
    granted owner "Capability=CAP_CHOWN" 'touch x; chown 12345 x && stat -c %u x' "12345"
    # shellcheck disable=SC2016 # the service's own
    granted shared "User=shared" 'id -un; id -u; umask 077; echo mine >/var/lib/sealift-shared/mine' "shared"
    is "$(stat -c %U /var/lib/sealift-shared/mine)" shared "and what it writes is that user's"
    granted spaces "UserNamespaces=yes" 'unshare --user --map-root-user --mount --net --ipc --uts --pid --fork --cgroup sh -c "
mount -t tmpfs x /tmp && ip link set lo up && grep ^CapEff /proc/self/status"
bwrap --unshare-all --ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/lib64 /lib64 --dev /dev --tmpfs /tmp /usr/bin/echo boxed' "CapEff:.0*1f+"
    granted boxes "UserNamespaces=yes;User=shared" \
        'bwrap --unshare-all --ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/lib64 /lib64 --dev /dev --tmpfs /tmp /usr/bin/echo boxed' "boxed"
}

# A program whose main process is in namespaces of its own making still counts as ours.
nested() {
    printf '[Policy nested]\nUserNamespaces=yes\n' >/etc/sealift/policy.d/nested.conf
    service nested "UserNamespaces=yes" ':'
    printf '%s\n' '#!/bin/sh' 'exec unshare --user --map-root-user --mount --net sh -c "mount -t tmpfs x /tmp; exec python3 /bundle/ready"' >/srv/nested/run
    service_seal_again nested
    ok "a service that sandboxes itself starts" unitd start "$sealed"
    systemctl kill --kill-whom=main --signal=KILL sealift-unitd.service
    await 10 sh -c '/tests/host/unitd.py list | grep -q "^running nested"'
    like "$(unitd list)" "^running nested" "and is one of ours for the next unitd, too"
    unitd stop "$sealed"
}
service_seal_again() {
    seal "$1" 1 < <(sed -n '/^\[Service/,/^\[Content/p' "$sealed" | grep -v '^\[Content')
    unitd prepare "$sealed" "/srv/$1"
}

# host_refuses NAME SANDBOX-LINE REGEX WHAT: granted, but this host has no such thing to give.
host_refuses() {
    printf '[Policy %s]\n%s\n' "$1" "$2" >"/etc/sealift/policy.d/$1.conf"
    service "$1" "$2" ':'
    unitd prepare "$sealed" "/srv/$1"
    like "$(unitd start "$sealed" || true)" "$3" "$4"
    is "$(leftovers "$1")" "" "and nothing was made for it"
}

host() {
    host_refuses gone "HostPath=/srv/nothing" "ENOENT.*HostPath=: /srv/nothing is not there on this host" "a path that is not there is the host's fault"
    host_refuses goner "HostPath=/srv/data/below/file/x" "ENOENT.*is not there" "so is one below a file"
    ln -s /etc /srv/data/link
    host_refuses link "HostPath=/srv/data/link/shadow" "EPERM.*/srv/data/link is a symbolic link" "a link on the way is not followed"
    mkdir -m 0777 /srv/open && mkdir /srv/open/x
    host_refuses open "HostPath=/srv/open/x" "EPERM.*/srv/open can be changed by others" "nor is a path that others may change"
    mkdir /srv/theirs /srv/theirs/x && chown shared /srv/theirs
    host_refuses theirs "HostPath=/srv/theirs/x" "EPERM.*/srv/theirs can be changed by others" "or whose directory is another's"
    host_refuses nodev "Device=/dev/nothing" "ENOENT.*Device=: /dev/nothing is not there" "a device that is not there is the host's fault"
    host_refuses file "Device=/dev/shm" "EPERM.*is no device node" "a directory is no device"
    host_refuses nobody "User=nobody" "EPERM.*user nobody .* belongs to the system" "nobody is nobody's user"
    host_refuses whoever "User=whoever" "ENOENT.*user whoever is not there" "a user that is not there is the host's fault"
    host_refuses network "User=systemd-network" "EPERM.*belongs to the system" "systemd's own users are not for services"
    useradd --system --gid 0 rooted && useradd --system --non-unique --uid "$(id -u sealift)" alias
    host_refuses rooted "User=rooted" "EPERM.*belongs to the system" "nor is one in root's group"
    groupadd docker && useradd --system --groups docker docked && useradd --system --gid shadow shadowed
    host_refuses docked "User=docked" "EPERM.*user docked is in group docker" "nor one that is root by its group"
    host_refuses shadowed "User=shadowed" "EPERM.*user shadowed is in group shadow" "be it the first of them"
    host_refuses alias "User=alias" "EPERM.*belongs to the system" "nor the agent's by another name"
}

# Which policy has granted, and which keeps nothing apart.
shared_user() {
    local bundle
    for bundle in one other; do
        printf '[Policy %s]\nUser=shared\n' "$bundle" >"/etc/sealift/policy.d/$bundle.conf"
        mkdir -p "/srv/$bundle"
        install "$bundle" 1 < <(printf '[Service main]\nExecStart=/usr/bin/sleep infinity\n[Sandbox main]\nUser=shared\n')
        ok "bundle $bundle runs as a user of the host's" unitd start "$sealed"
    done
    is "$(journalctl --quiet --output=cat MESSAGE_ID=8738fedabff545ac95b0f61dcfd67744 SEALIFT_BUNDLE=one)" "" "nobody else does at first"
    like "$(journalctl --quiet --output=cat MESSAGE_ID=8738fedabff545ac95b0f61dcfd67744 SEALIFT_BUNDLE=other)" "service main runs as the user of sealift-one.main@1-" "whose second one is told of the first"
    for bundle in one other; do unitd stop "/srv/$bundle-1.manifest"; done
}

# Walls that do not stand: a site's drop-in takes one away behind our back, as a systemd that goes on without it would.
promises() {
    broken "User=shared" "does not run as a dynamic user"
    broken "SupplementaryGroups=shadow" "in a group that it was not granted"
    broken "MemoryDenyWriteExecute=no" "seccomp filters" 252
    broken "RestrictNamespaces=no" "seccomp filters"
    broken "ProtectClock=no" "seccomp filters"
    broken "PrivateUsers=no" "host's user namespace"
    broken "PrivateNetwork=no" "host's net namespace"
    broken "CapabilityBoundingSet=CAP_NET_RAW" "it has capabilities .CapBnd"
    broken "BindPaths=/srv/data" "/srv/data is mounted writable"
    broken "BindReadOnlyPaths=/srv/data" "/srv/data is mounted for it, which nobody promised"
    broken "BindReadOnlyPaths=/etc/passwd:/usr/share/passwd" "/usr/share/passwd is mounted for it, which nobody promised"
    broken "BindPaths=/srv/data:/var/tmp" "/var/tmp is mounted writable"
    broken "ProtectProc=default" "/proc shows it the processes of others"
    broken "ProcSubset=all" "/proc shows it more than processes"
}
# broken LINE REGEX [VERSION]: seen where systemd is of that version
broken() {
    local version
    version=$(systemctl --version | sed -n 's/^systemd \([0-9]*\).*/\1/p')
    [ "${3:-$version}" = "$version" ] || return 0
    site_dropin sealift-plain.main@ Service "$1"
    service plain "Network=none" ':'
    unitd prepare "$sealed" /srv/plain
    like "$(unitd start "$sealed" || true)" "$2" "$1 of the host's: the release fails, and says why"
    unitd stop "$sealed"
    site_dropin_gone sealift-plain.main@
}

# What is in force is looked at after a reload, too: here a mount that somebody makes in a service that runs.
reload() {
    service plain "Network=none" ':'
    unitd prepare "$sealed" /srv/plain
    unitd start "$sealed"
    systemctl bind "$(unit_of plain)" /srv/data /run/data --mkdir
    like "$(unitd list)" "^running plain" "reload: a mount by itself tells nobody"
    listen
    systemctl daemon-reload
    heard "failed plain.*/run/data is mounted writable" "reload: afterwards the walls are looked at anew"
}

# What is the host's to decide, and takes no wall away: a disk for a part of a service's state, mounted before it starts or
# while it runs, and where its log goes.
host_decides() {
    local state=/var/lib/private/sealift-plain unit
    service plain "Network=none" 'df --output=source ./early; touch early/mine && echo written'
    unitd prepare "$sealed" /srv/plain
    mkdir -p $state/early
    mount -t tmpfs -o mode=0777 early $state/early
    site_dropin sealift-plain.main@ Service LogNamespace=plain
    ok "a service starts with a disk of this host's below its state, and a log of its own" unitd start "$sealed"
    unit=$(unit_of plain)
    like "$(cat $state/out)" "early.*written" "it can use the disk"
    like "$(cat "/proc/$(pid_of "$unit")/mountinfo")" "/systemd/journal.plain /run/systemd/journal" "it has that log"
    mkdir $state/late
    listen
    mount -t tmpfs late $state/late
    systemctl daemon-reload
    systemctl bind "$unit" /srv/data /run/data --mkdir
    systemctl daemon-reload
    # systemd makes it at .../incoming first, which a look after the first reload may come upon
    heard "failed plain.*/run/(data|systemd/incoming/[^ ]*) is mounted writable" "another disk that comes while it runs is passed over as well, what nobody promised is not"
    site_dropin_gone sealift-plain.main@
    umount $state/early $state/late
}

units_begin
useradd --system shared
relaxations
nested
host
shared_user
promises
reload
host_decides
units_end
