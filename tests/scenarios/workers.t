#!/usr/bin/env bash
# The two workers, started by systemd for a connection: what they can do, and, read from the kernel, what they cannot.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

worker() { /tests/host/worker.py "$@"; }

# hold SOCKET UNIT-GLOB: opens a conversation and leaves its worker's process id in $pid, its unit in $unit.
hold() {
    await 10 nobody_has "$2" # whoever was asked before has gone
    coproc HOLD { worker hold "$1"; }
    read -r <&"${HOLD[0]}"
    await 10 has_unit "$2"
    pid=$(systemctl show -P MainPID "$unit")
    # Until it executes, the process is systemd's, on its way behind the walls.
    await 10 grep -q ^sealift- "/proc/$pid/comm"
}
nobody_has() { [ -z "$(systemctl list-units --plain --no-legend "$1")" ]; }
has_unit() {
    unit=$(systemctl list-units --plain --no-legend "$1" | awk 'NR == 1 { print $1 }')
    [ -n "$unit" ]
}
let_go() {
    local holder=$HOLD_PID
    eval "exec ${HOLD[1]}>&-"
    wait "$holder"
}

status_of() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"; }

# sees PATH...: each is there for the worker.
sees() {
    local path
    for path; do test -e "/proc/$pid/root$path" || return 1; done
}

check_walls() { # NAME
    unlike "$(status_of Uid)" "(^|[[:space:]])(0|$(id -u sealift))([[:space:]]|$)" "$1 runs as nobody in particular"
    is "$(status_of CapEff)$(status_of CapBnd)" 00000000000000000000000000000000 "$1 has no capability and can get none"
    is "$(status_of NoNewPrivs)$(status_of Seccomp)" 12 "$1 has no new privileges and a filter"
    for space in mnt user ipc; do
        unlike "$(readlink "/proc/$pid/ns/$space")" "$(readlink "/proc/1/ns/$space" | tr -cd 0-9)" "$1 has a $space namespace of its own"
    done
}

bucket_start
echo hello >"$BUCKET/greeting"
head -c 50M /dev/zero >"$BUCKET/large"
systemd-sysusers
systemd-tmpfiles --create sealift.conf
mkdir -p /etc/sealift
cp "$(ca_pem)" /etc/sealift/ca.pem
cp "$TLS/stranger.pem" /etc/sealift/stranger.pem
cat >/etc/sealift/sealift.conf <<END
[Agent]
Channel=stable
Source=bucket
[Source bucket]
URL=https://bucket.test/
CAFile=/etc/sealift/ca.pem
[Source system]
URL=https://bucket.test/
[Source stranger]
URL=https://bucket.test/
CAFile=/etc/sealift/stranger.pem
END
echo secret >/var/lib/sealift/trust/secret
systemctl start sealift-fetch.socket sealift-unpack.socket

is "$(worker get bucket greeting)" hello "sealift-fetch looks up a name and fetches from it"
is "$(worker get bucket large | wc -c)" 52428800 "also more than it may keep in memory"
is "$(worker get bucket none 2>&1)" "2 none of source bucket: HTTP status 404: not there" "and says what is not there"
cp "$(ca_pem)" /etc/ssl/certs/bucket.pem
openssl rehash /etc/ssl/certs
is "$(worker get system greeting)" hello "the system's CAs are trusted where no CAFile= is given"
like "$(worker get stranger greeting 2>&1)" "^13 .*/etc/sealift/stranger.pem" "and not where one is"
ok "user sealift may ask" setpriv --reuid sealift --regid sealift --clear-groups /tests/host/worker.py get bucket greeting
not_ok "nobody else may" setpriv --reuid nobody --regid nogroup --clear-groups /tests/host/worker.py get bucket greeting

hold /run/sealift/fetch.sock 'sealift-fetch@*'
check_walls sealift-fetch
is "$(readlink "/proc/$pid/ns/net")" "$(readlink /proc/1/ns/net)" "sealift-fetch has the machine's network"
ok "sealift-fetch sees the configuration and the CAs" sees /etc/sealift/sealift.conf /etc/ssl/certs/ca-certificates.crt
for path in /var/lib /run/dbus/system_bus_socket /run/sealift/unpack.sock /home/nobody; do
    not_ok "sealift-fetch sees no $path" sees "$path"
done
is "$(stat -c %a "/proc/$pid/root/run/systemd/private")" 0 "nor can it open systemd's own socket"
like "$(nsenter --target "$pid" --mount --root -- /bin/sh -c true 2>&1)" "Permission denied" "and can run no other program"
let_go
await_inactive 10 "$unit"
is "$(systemctl list-units --all --plain --no-legend 'sealift-fetch@*')" "" "and nothing is left of ended conversations"

mkdir -p /tmp/app
printf '#!/bin/sh\n' >/tmp/app/run
: >/tmp/app/café
chmod 755 /tmp/app/run
head -c 50M /dev/urandom >/tmp/app/large
cat >/tmp/app.manifest <<END
[Bundle]
Name=app
Version=1
[Service main]
ExecStart=/bundle/run
END
sealift pack --manifest /tmp/app.manifest --output /tmp /tmp/app >/dev/null
is "$(worker unpack /tmp/app-1.tar.zst)" "644 0 café
644 52428800 large
755 10 run" "sealift-unpack gives back what sealift pack made"
head -c 1M /tmp/app-1.tar.zst >/tmp/cut.tar.zst
is "$(worker unpack /tmp/cut.tar.zst 2>&1 >/dev/null)" "22 bundle: truncated in the middle of a zstd frame" "and says what is damaged"
tar -C /tmp -P --zstd -cf /tmp/hostile.tar.zst /etc/passwd
is "$(worker unpack /tmp/hostile.tar.zst 2>&1)" "22 /etc/passwd: is an absolute path" "and what no bundle may hold"

hold /run/sealift/unpack.sock 'sealift-unpack@*'
check_walls sealift-unpack
unlike "$(readlink "/proc/$pid/ns/net")" "$(readlink /proc/1/ns/net | tr -cd 0-9)" "sealift-unpack has no network"
ok "sealift-unpack sees itself and libraries" sees /usr/libexec/sealift/sealift-unpack /usr/lib
for path in /etc/passwd /var/lib /home /proc/sys /proc/cpuinfo /sys/kernel /run/sealift /run/dbus /usr/bin /usr/share /usr/libexec/sealift/sealift-fetch; do
    not_ok "sealift-unpack sees no $path" sees "$path"
done
let_go
done_testing
