#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Our figure of a unit's exposure is systemd-analyze's, assessor by assessor: for a unit with every wall, for one with none,
# and for each with one setting changed.
set -u
build=${top_builddir:-.}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"

walls='[Service]
ExecStart=/bin/true
Type=exec
RootDirectory=/run/sealift/root/x
PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX
IPAddressDeny=any
DynamicUser=yes
PrivateUsers=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateIPC=yes
PrivateMounts=yes
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectHostname=yes
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
MemoryDenyWriteExecute=yes
LockPersonality=yes
UMask=0077
RemoveIPC=yes
KeyringMode=private
DevicePolicy=closed
Delegate=no'

n=0
# A unit for each line of stdin, its lines behind $2's; ';' stands between lines.
write_units() { # PREFIX BASE
    while read -r lines; do
        n=$((n + 1))
        name=$(printf '%s-%03d.service' "$1" "$n")
        printf '%s\n%s\n' "$2" "$lines" | tr ';' '\n' >"$work/$name"
        printf '%s %s\n' "$name" "$lines" >>"$work/names"
    done
}

# What each line takes away, or has no effect on, behind a unit with every wall.
{
    printf '%s\n' "$walls" | sed -n '/^RestrictNamespaces=/d; /^PrivateMounts=/d; s/=yes$/=no/p'
    cap() { printf 'CapabilityBoundingSet=%s\n' "$@"; }
    cap CAP_NET_BIND_SERVICE CAP_SYS_ADMIN 'CAP_CHOWN CAP_KILL' CAP_BPF CAP_PERFMON '~CAP_SYS_ADMIN' '~'
    cap CAP_SYSLOG CAP_SYS_TIME CAP_MKNOD CAP_SYS_MODULE CAP_SYS_PTRACE 'CAP_KILL;CapabilityBoundingSet=~CAP_KILL'
    cap 'CAP_KILL;CapabilityBoundingSet=CAP_CHOWN' 'CAP_KILL;CapabilityBoundingSet='
    printf 'SystemCallFilter=%s\n' @aio @basic-io @chown @clock @cpu-emulation @debug @default @file-system @io-event @ipc \
        @keyring @memlock @module @mount @network-io @obsolete @pkey @privileged @process @raw-io @reboot @resources \
        @setuid @signal @swap @sync @system-service @timer bpf capset perf_event_open syslog seccomp '@mount capset' '@mount @setuid' '@privileged;SystemCallFilter=~@clock'
    printf 'RestrictNamespaces=%s\n' no user 'user mnt' '~user' '~user pid net' 'no;RestrictNamespaces=~user' 'no;RestrictNamespaces=user' \
        'user mnt;RestrictNamespaces=~mnt' cgroup ipc net uts
    cat <<'LINES'
RestrictAddressFamilies=AF_INET AF_INET6
RestrictAddressFamilies=AF_INET
RestrictAddressFamilies=AF_NETLINK
RestrictAddressFamilies=AF_PACKET
RestrictAddressFamilies=AF_VSOCK AF_CAN
RestrictAddressFamilies=~AF_UNIX
IPAddressAllow=localhost
IPAddressAllow=127.0.0.0/8 ::1/128
IPAddressAllow=::1/128
IPAddressAllow=192.0.2.0/24
IPAddressAllow=2001:db8::1/128;IPAddressAllow=localhost
IPAddressAllow=any
IPAddressAllow=link-local
IPAddressAllow=any;IPAddressAllow=
IPAddressDeny=
IPAddressDeny=;IPAddressDeny=0.0.0.0/0
IPAddressDeny=;IPAddressDeny=192.0.2.0/24
IPAddressDeny=;IPAddressDeny=::/0
IPAddressDeny=;IPAddressDeny=::/0 0.0.0.0/0
IPAddressDeny=;IPAddressDeny=::/1 0.0.0.0/0
IPAddressDeny=;IPAddressDeny=::/0 0.0.0.0/1
IPAddressAllow=::1/128 ::/16
ProtectClock=no;LoadCredentialEncrypted=x:/etc/x
PrivateNetwork=no;RestrictAddressFamilies=AF_INET AF_INET6
PrivateNetwork=no;RestrictAddressFamilies=AF_INET AF_INET6;IPAddressAllow=192.0.2.0/24
PrivateNetwork=no;RestrictAddressFamilies=AF_INET AF_INET6;IPAddressDeny=
PrivateDevices=no;DeviceAllow=/dev/fuse rw
DeviceAllow=/dev/null rw
ProtectClock=no;DeviceAllow=
ProtectClock=no;DeviceAllow=/dev/fuse rw
DevicePolicy=auto
DevicePolicy=strict
DevicePolicy=auto;PrivateDevices=no
PrivateUsers=no;CapabilityBoundingSet=CAP_NET_BIND_SERVICE;AmbientCapabilities=CAP_NET_BIND_SERVICE
AmbientCapabilities=CAP_KILL;AmbientCapabilities=
DynamicUser=no;User=daemon
DynamicUser=no;User=nobody
DynamicUser=no;User=root
DynamicUser=no;User=0
User=daemon
DynamicUser=no;RemoveIPC=no;NoNewPrivileges=no;RestrictSUIDSGID=no;User=daemon
ProtectHome=read-only
ProtectHome=tmpfs
DynamicUser=no;User=daemon;ProtectHome=no;ProtectSystem=no;PrivateTmp=no
DynamicUser=no;User=daemon;ProtectSystem=full
DynamicUser=no;User=daemon;ProtectSystem=yes
ProtectProc=noaccess
ProtectProc=ptraceable
ProtectProc=default
ProcSubset=all
KeyringMode=inherit
KeyringMode=shared
NotifyAccess=all
NotifyAccess=exec
NotifyAccess=main;Type=notify
Delegate=yes
SupplementaryGroups=audio
SupplementaryGroups=audio;SupplementaryGroups=
RootDirectory=
RootDirectory=/
SystemCallArchitectures=
UMask=0022
UMask=0027
UMask=0007
UMask=0000
UMask=0037
[Unit];DefaultDependencies=no
MemoryMax=64M;TasksMax=10;Environment=A=B
LINES
} >"$work/full.list"
write_units full "$walls" <"$work/full.list"
n=0
# What each wall gives, and implies, where there is no other.
{
    printf '%s\n' "$walls" | grep -vE '^(\[|ExecStart|Type|SystemCallFilter)'
    printf '%s\n' 'Type=exec' 'SystemCallFilter=@system-service' 'SystemCallFilter=@system-service;SystemCallFilter=~@resources' \
        'DevicePolicy=closed;ProtectClock=yes' 'DeviceAllow=/dev/null r' 'User=daemon' 'User=daemon;SupplementaryGroups=audio' \
        'DynamicUser=yes;ProtectHome=tmpfs' 'CapabilityBoundingSet=~CAP_SYS_ADMIN CAP_KILL' 'UMask=0002' 'UMask=0077' \
        'RestrictAddressFamilies=none' 'RestrictAddressFamilies=~AF_PACKET AF_NETLINK' 'IPAddressAllow=localhost' 'RestrictNamespaces=~user' \
        'RestrictNamespaces=user' 'CapabilityBoundingSet=CAP_KILL' 'ProtectSystem=full' \
        'CapabilityBoundingSet=~CAP_KILL;CapabilityBoundingSet=~CAP_BPF'
} >"$work/bare.list"
write_units bare '[Service]
ExecStart=/bin/true' <"$work/bare.list"

# systemd-analyze prints one table for each unit and names it at the end. Without a booted system it cannot see private
# mounts that another setting implies, so that line is for the units with every wall.
tables() {
    awk '
        /Overall exposure level for/ {
            sub(/.*Overall exposure level for /, ""); unit = $1; sub(/:$/, "", unit)
            for (i = 0; i < n; i++) print unit, row[i]
            print unit, "exposure", $2
            n = 0; next
        }
        $(NF) ~ /^[0-9]+$/ || $(NF) ~ /^[0-9]+\.[0-9]$/ {
            last = $(NF) ~ /\./ ? NF - 1 : NF
            name = $1 ~ /=/ ? $1 : $2
            badness = $(last - 1) ~ /^1844/ ? "-" : $(last - 1)
            row[n++] = name " " $(last - 2) " " badness " " $last
        }' "$1"
}
compared() { # FILE
    sed -E '/^bare-[0-9]+\.service (PrivateMounts=|exposure) /d' "$1" | LC_ALL=C sort
}

"$build/tests/exposure-of" "$work"/*.service >"$work/ours.raw" 2>"$work/log"
ok $? "every unit's exposure is computed" "$work/log"
version=$(systemd-analyze --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
if [ "${version:-0}" -lt 252 ] || [ "$version" -gt 257 ]; then
    skip "and is what systemd-analyze says" "no systemd-analyze of 252 to 257 here"
    done_testing
fi
LC_ALL=C.UTF-8 SYSTEMD_ANALYZE_DEBUG=1 COLUMNS=500 systemd-analyze security --offline=yes --no-pager \
    "$work"/*.service >"$work/theirs.log" 2>"$work/stderr"
tables "$work/theirs.log" >"$work/theirs.raw"
compared "$work/ours.raw" >"$work/ours"
compared "$work/theirs.raw" >"$work/theirs"
[ "$(grep -c ' exposure ' "$work/theirs.raw")" -eq "$(grep -c . "$work/names")" ]
ok $? "systemd-analyze has a table for each of $(grep -c . "$work/names") units" "$work/stderr"
while read -r name lines; do
    grep -a "^$name " "$work/ours" >"$work/one" && grep -a "^$name " "$work/theirs" >"$work/other" &&
        diff "$work/other" "$work/one" >"$work/log"
    ok $? "${name%%-*}: $lines" "$work/log"
done <"$work/names"
done_testing
