# shellcheck shell=bash
# sealift-unitd by itself, without sealiftd: the tools of scenarios/units*.t, which source this behind scenario.sh.

unitd() { /tests/host/unitd.py "$@"; }

# seal NAME VERSION: the manifest from the intent on standard input and the tree /srv/NAME, as `sealift pack` would make it
# but for the bundle itself, which unitd never sees. Its path is in $sealed.
seal() {
    local tree=/srv/$1 type mode size path entries=''
    sealed=/srv/$1-$2.manifest
    mkdir -p "$tree"
    while IFS=' ' read -r type mode size path; do
        case $type in
            d) entries+="Directory=0755 $path"$'\n' ;;
            f) entries+="File=$mode $size $(sha256sum <"$tree/$path" | cut -d' ' -f1) $path"$'\n' ;;
        esac
    done < <(cd "$tree" && find . -mindepth 1 -printf '%y %#m %s %P\n' | LC_ALL=C sort -k4)
    {
        printf '[Bundle]\nName=%s\nVersion=%s\n' "$1" "$2"
        cat
        printf '[Content]\nFormat=tar.zst\nSHA256=%064d\nSize=1\nUnpackedSize=%d\nInodes=%d\n%s' 0 \
            "$(find "$tree" -type f -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }')" \
            "$(find "$tree" -mindepth 1 | wc -l)" "$entries"
    } >"$sealed"
}

# install NAME VERSION <INTENT
install() {
    seal "$1" "$2"
    unitd prepare "$sealed" "/srv/$1"
}

# walls PID: what the kernel says about it, in a form that is the same for every process behind the same walls.
walls() {
    local name
    for name in net user mnt ipc uts; do
        [ "$(readlink "/proc/$1/ns/$name")" = "$(readlink "/proc/1/ns/$name")" ] && echo "$name of the host" || echo "$name of its own"
    done
    grep -E '^(Uid|Gid|Cap...|NoNewPrivs|Seccomp|Seccomp_filters):' "/proc/$1/status"
    awk '{ print $5, $6 }' "/proc/$1/mountinfo" | LC_ALL=C sort
}

# leftovers BUNDLE: what there still is of its units in /run and in systemd
leftovers() {
    find /run/sealift/units /run/sealift/root /run/systemd/system -maxdepth 1 -name "sealift-$1.*" -printf '%p '
    systemctl list-units --all --no-legend --plain "sealift-$1.*"
}

is_activating() { systemctl list-units --plain --no-legend --state=activating "$1" | grep -q .; }

# stops_late UNIT, stop_late, stop_now: from the second on, whoever stops the unit waits until the third.
stops_late() {
    # shellcheck disable=SC2016 # the shell's own
    printf '[Unit]\nAfter=%s\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecStop=/bin/sh -c "until [ -e /run/stop-now ]; do sleep 0.1; done"\n' "$1" >/run/systemd/system/late.service
    systemctl start late.service
}
stop_late() { systemctl --no-block stop late.service; }
stop_now() {
    touch /run/stop-now
    await_inactive 5 late.service
    rm /run/stop-now /run/systemd/system/late.service
}

# listen [STATE], heard: one event, told to a client that waits for it while this goes on
listen() {
    rm -f /srv/listens
    unitd event $((30 * PATIENCE)) "$@" >/srv/event &
    listener=$!
    await 30 test -e /srv/listens
}

heard() {
    wait "$listener" || true
    like "$(cat /srv/event)" "$1" "$2"
}

# short FOLDER: each sealift-unitd that starts has no descriptor free when it opens what is in there; until enough_again.
# starts_short FOLDER: and one starts.
short() {
    journal_mark
    trace_begin -f -p 1 -P "$(find "$1" -type f -printf '%f\n')" -e trace=openat -e inject=openat:error=EMFILE
}
starts_short() {
    short "$1"
    kill -KILL "$(pid_of sealift-unitd.service)"
}
enough_again() {
    trace_end
    await 20 systemctl --quiet is-active sealift-unitd.service
}

# bus_refuses deny, bus_refuses allow: what sealift-unitd asks systemd about units; systemctl has a way of its own to systemd.
bus_refuses() {
    printf '<busconfig><policy context="mandatory"><%s send_destination="org.freedesktop.systemd1" send_interface="org.freedesktop.DBus.Properties"/></policy></busconfig>\n' \
        "$1" >/etc/dbus-1/system.d/zz-scenario.conf
    busctl call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig >/dev/null
}

# units_begin, units_end: unitd listens; and had no trouble of its own.
units_begin() {
    mkdir -p /etc/sealift/policy.d
    systemctl start sealift-unitd.socket
}
units_end() {
    is "$(journalctl --quiet --output=cat _SYSTEMD_UNIT=sealift-unitd.service PRIORITY=3 | grep -v '^sealift-\|^the system bus' || true)" "" "unitd itself had no trouble"
    done_testing
}
