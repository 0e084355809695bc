#!/usr/bin/env bash
# sealift-unitd on a real systemd: what it starts is behind every wall, stays there, and is told of when it is not.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

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

unit_of() { unitd list | awk -v bundle="$1" '$2 == bundle { print $6 }'; }
pid_of() { systemctl show --property=MainPID --value "$1"; }
exposure() { systemd-analyze security "$1" 2>/dev/null | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p'; }
at_most() { awk -v got="$1" -v most="$2" 'BEGIN { exit !(got != "" && got <= most) }'; }

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

# another_pid UNIT PID: it runs again, in another process
another_pid() { [ "$(pid_of "$1")" != "$2" ] && [ "$(pid_of "$1")" -gt 0 ] && systemctl --quiet is-active "$1"; }

is_activating() { systemctl list-units --plain --no-legend --state=activating "$1" | grep -q .; }

# listen, heard: one event, told to a client that waits for it while this goes on
listen() {
    unitd event 30 >/srv/event &
    listener=$!
    await 5 sh -c 'ss -xp 2>/dev/null | grep -q "unitd.sock.*ESTAB\|ESTAB.*unitd.sock"'
}
heard() {
    wait "$listener" || true
    like "$(cat /srv/event)" "$1" "$2"
}

web_intent() {
    cat <<'INTENT'
[Service main]
ExecStart=/usr/bin/caddy file-server --root /bundle --listen :8080
Restart=always
[Sandbox main]
Network=bind
Bind=tcp:8080
INTENT
}

refusals() {
    mkdir -p /etc/sealift/policy.d /srv/web
    echo "hello from release 1" >/srv/web/index.html
    seal web 1.0 < <(web_intent)
    like "$(unitd prepare "$sealed" /srv/web || true)" "EPERM.*Bind=tcp:8080" "without a grant there is no place in the store"
    printf '[Policy web]\nBind=tcp:8080\n' >/etc/sealift/policy.d/web.conf
    sed 's/8080/8081/' "$sealed" >/srv/other.manifest
    like "$(unitd swap "$sealed" /srv/other.manifest || true)" "EBADMSG" "a manifest that is not what its sum says is refused"
    is "$(find /var/lib/sealift/releases -mindepth 1)" "" "and none of it left anything behind"
    like "$(unitd start "$sealed" || true)" "ENOENT" "what is not installed cannot be started"
    like "$(unitd raw 00112233 2>&1 || true)" "closed" "rubbish ends the conversation"
    like "$(unitd raw "$(printf '701fa15e0200000040000000%08d' 0)" 2>&1 || true)" "closed" "a request of the wrong length too"
}

web() {
    local unit pid before
    unitd prepare "$sealed" /srv/web
    is "$(stat -c '%U %a' /var/lib/sealift/releases/web/1.0-*/tree)" "sealift 755" "the tree is sealiftd's to fill"
    is "$(stat -c '%U %a' /var/lib/sealift/releases/web /var/lib/sealift/releases/web/1.0-* /var/lib/sealift/releases/web/1.0-*/manifest | sort -u | tr '\n' ' ')" \
        "root 644 root 755 " "all above it is root's"
    ok "caddy starts" unitd start "$sealed"
    unit=$(unit_of web)
    is "$(curl --silent --max-time 5 localhost:8080)" "hello from release 1" "and answers"
    ok "the same START again is no error" unitd start "$sealed"
    is "$(unitd list | wc -l)" 1 "and starts nothing"
    ok "exposure $(exposure "$unit") is 1.0 at most" at_most "$(exposure "$unit")" 1.0
    like "$(journalctl --quiet --output=cat SEALIFT_BUNDLE=web SEALIFT_VERSION=1.0 _SYSTEMD_UNIT="$unit")" "serv" \
        "its lines carry its bundle and version"
    like "$(unitd remove "$sealed" || true)" "EBUSY" "a release that runs is not removed"

    pid=$(pid_of "$unit")
    before=$(walls "$pid")
    systemctl daemon-reload
    ok "after daemon-reload exposure is $(exposure "$unit")" at_most "$(exposure "$unit")" 1.0
    is "$(pid_of "$unit")" "$pid" "and the service was not touched"
    kill -KILL "$pid"
    ok "killed, it is restarted" await 10 another_pid "$unit" "$pid"
    is "$(walls "$(pid_of "$unit")")" "$before" "behind the very same walls"
    ok "and answers again" await 10 curl --silent --fail --max-time 1 localhost:8080
    like "$(unitd list)" "^running web" "and unitd is content"
}

unitd_dies() {
    local unit pid daemon
    unit=$(unit_of web)
    pid=$(pid_of "$unit")
    daemon=$(pid_of sealift-unitd.service)
    kill -KILL "$daemon"
    ok "unitd comes back" await 10 another_pid sealift-unitd.service "$daemon"
    is "$(unitd list)" "running web 1.0 main $pid $unit" "and knows the unit again"
    is "$(pid_of "$unit")" "$pid" "which never noticed"
    kill -KILL "$pid"
    ok "a restart is still watched" await 10 another_pid "$unit" "$pid"
    await 10 sh -c '/tests/host/unitd.py list | grep -q "^running web 1.0 main '"$(pid_of "$unit")"' "'
    ok "it can be stopped" unitd stop "$sealed"
    is "$(unitd list)$(leftovers web)" "" "and nothing is left of it"
    ok "a stopped release is stopped" unitd stop "$sealed"
    like "$(unitd remove "$sealed" || true)" "ENOTEMPTY" "while there are files, its place stays"
    rm /var/lib/sealift/releases/web/1.0-*/tree/*
    ok "then it goes" unitd remove "$sealed"
    is "$(ls /var/lib/sealift/releases)" "" "with all its folders"
}

no_network() {
    local unit
    install quiet 2.0+a~1 <<'INTENT'
[Service one]
ExecStart=/usr/bin/sleep infinity
StateDirectory=yes
CacheDirectory=yes
RuntimeDirectory=yes
Environment=GREETING="100%% true $$x"
[Service two]
ExecStart=/usr/bin/sleep infinity
INTENT
    ok "two services without a network start" unitd start "$sealed"
    is "$(unitd list | sort | awk '{ print $1, $3, $4 }' | tr '\n' ' ')" "running 2.0+a~1 one running 2.0+a~1 two " "and are listed under their true version"
    for unit in $(unit_of quiet); do
        ok "exposure $(exposure "$unit") is 0.1" at_most "$(exposure "$unit")" 0.1
        like "$(walls "$(pid_of "$unit")")" "net of its own" "with a network namespace of its own"
    done
    touch /dev/shm/of-the-host
    is "$(ls -A "/proc/$(pid_of "$unit")/root/dev/shm")" "" "and shared memory of its own"
    is "$(stat --format=%a "/proc/$(pid_of "$unit")/root/run")" 755 "its /run is not to be written to"
    unit=$(unit_of quiet | grep one)
    # shellcheck disable=SC2016 # what the file says
    like "$(tr '\0' '\n' <"/proc/$(pid_of "$unit")/environ")" 'GREETING=100% true \$\$x' "the environment is what was meant"
    ok "one is killed" kill -KILL "$(pid_of "$unit")"
    ok "both are stopped" unitd stop "$sealed"
    is "$(leftovers quiet)" "" "and gone"
}

failures() {
    install broken 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/false
Restart=always
[Service other]
ExecStart=/usr/bin/sleep infinity
INTENT
    like "$(unitd start "$sealed" || true)" "ECHILD.*exited with status 1" "a service that fails at once fails its release"
    is "$(unitd list)$(leftovers broken)" "" "and its other service is stopped"
    install broken 2 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep 0.3
Restart=always
INTENT
    like "$(unitd start "$sealed" || true)" "ECHILD.*exited with status 0" "so does one that ends 0.3 s after its start"
    install broken 3 <<'INTENT'
[Service main]
ExecStart=/usr/bin/not-there
INTENT
    like "$(unitd start "$sealed" || true)" "ECHILD.*cannot be executed" "and one whose program is not there"
    install broken 4 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
Type=notify
TimeoutStartSec=1s
INTENT
    like "$(unitd start "$sealed" || true)" "ECHILD.*not ready in time" "and one that never says it is ready"
    is "$(unitd list)$(leftovers broken)" "" "nothing is left of them"
    like "$(journalctl --quiet --output=cat MESSAGE_ID=5e1ecb0a5b564a3bbf7123523a5b32c7 SEALIFT_BUNDLE=broken)" "not ready in time" \
        "the journal says why, too"
    install broken 5 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
Type=notify
TimeoutStartSec=60s
INTENT
    unitd start "$sealed" >/srv/stopped 2>&1 &
    await 10 is_activating 'sealift-broken.*'
    systemctl stop 'sealift-broken.*'
    wait "$!" || true
    like "$(cat /srv/stopped)" "EINTR" "one that somebody stops while it starts is not to blame"
    is "$(unitd list)$(leftovers broken)" "" "and gone too"
}

redis() {
    local unit pid round begin
    install redis 7 <<'INTENT'
[Service main]
ExecStart=/usr/bin/redis-server --supervised systemd --port 0 --unixsocket /run/sealift-redis/s --dir /var/lib/sealift-redis
Type=notify
RuntimeDirectory=yes
StateDirectory=yes
Restart=always
RestartSec=100ms
INTENT
    begin=$SECONDS
    ok "redis-server starts" unitd start "$sealed"
    ok "and is ready when it says so" [ $((SECONDS - begin)) -lt 4 ]
    unit=$(unit_of redis)
    ok "exposure $(exposure "$unit") is 0.1" at_most "$(exposure "$unit")" 0.1
    listen
    for round in 1 2 3 4 5 6; do
        pid=$(pid_of "$unit")
        kill -KILL "$pid"
        [ "$round" = 6 ] || await 10 another_pid "$unit" "$pid"
    done
    heard "^failed redis 7 main $unit .*it died 6 times within a minute" "one that dies again and again is stopped, and told of"
    is "$(unitd list)$(leftovers redis)" "" "and gone"
}

# systemd goes on without a filter of addresses where it cannot make one: on cgroups of both versions, as here.
outbound() {
    printf '[Policy narrow]\nOutbound=any\n' >/etc/sealift/policy.d/narrow.conf
    install narrow 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
[Sandbox main]
Network=outbound
Outbound=192.0.2.0/24
INTENT
    if [ "$(stat --file-system --format=%T /sys/fs/cgroup)" = cgroup2fs ]; then
        ok "a service that may reach some addresses starts" unitd start "$sealed"
        unitd stop "$sealed"
    else
        like "$(unitd start "$sealed" || true)" "ECHILD.*can reach every address" "a list of addresses that is not in force fails the release"
    fi
    install narrow 2 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
[Sandbox main]
Network=outbound
Outbound=any
INTENT
    ok "one that may reach all of them starts" unitd start "$sealed"
    unitd stop "$sealed"
    is "$(unitd list)$(leftovers narrow)" "" "nothing is left of them"
}

# A program that always asks for more time, to start and to stop. The limit is made short with a drop-in of this host's.
lingers() {
    local begin
    mkdir -p /srv/linger /etc/systemd/system/service.d
    printf '[Unit]\nJobRunningTimeoutSec=3s\n' >/etc/systemd/system/service.d/90-site.conf
    cat >/srv/linger/main <<'PYTHON'
#!/usr/bin/python3
import os, signal, socket, sys, time
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect(os.environ["NOTIFY_SOCKET"])
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if sys.argv[1] == "ready":
    notify.send(b"READY=1")
while True:
    notify.send(b"EXTEND_TIMEOUT_USEC=60000000")
    time.sleep(0.2)
PYTHON
    chmod 755 /srv/linger/main
    begin=$SECONDS
    install linger 1 <<'INTENT'
[Service main]
ExecStart=/bundle/main never
Type=notify
TimeoutStartSec=1s
TimeoutStopSec=1s
INTENT
    like "$(unitd start "$sealed" || true)" "ECHILD.*not ready in time" "a start that is put off for ever has an end"
    install linger 2 <<'INTENT'
[Service main]
ExecStart=/bundle/main ready
Type=notify
TimeoutStopSec=1s
INTENT
    ok "it starts" unitd start "$sealed"
    ok "and a stop that is put off has one too" timeout 20 /tests/host/unitd.py stop "$sealed"
    ok "soon" [ $((SECONDS - begin)) -lt 30 ]
    is "$(unitd list)$(leftovers linger)" "" "nothing is left of it"
    rm -r /etc/systemd/system/service.d
    systemctl daemon-reload
}

# A program may filter its own system calls: which unitd, looking again, must not take for other walls than before.
filters_itself() {
    local unit daemon
    mkdir -p /srv/careful
    cat >/srv/careful/main <<'PYTHON'
#!/usr/bin/python3
import ctypes, struct, time
allow = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000))
program = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", 1, ctypes.addressof(allow)))
time.sleep(1)
assert ctypes.CDLL(None).prctl(22, 2, program, 0, 0) == 0
while True:
    time.sleep(100)
PYTHON
    chmod 755 /srv/careful/main
    install careful 1 <<'INTENT'
[Service main]
ExecStart=/bundle/main
INTENT
    ok "a service that filters its own system calls starts" unitd start "$sealed"
    unit=$(unit_of careful)
    daemon=$(pid_of sealift-unitd.service)
    kill -KILL "$daemon"
    await 10 another_pid sealift-unitd.service "$daemon"
    like "$(unitd list)" "^running careful 1 main $(pid_of "$unit") " "a unitd that starts anew is content with it"
    unitd stop "$sealed"
}

ends_by_itself() {
    install brief 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep 6
Restart=no
INTENT
    ok "a service that runs for 6 s starts" unitd start "$sealed"
    listen
    heard "^stopped brief 1 main .*it ended by itself" "and its end is told"
}

tampering() {
    local unit pid
    install guarded 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
Restart=always
RestartSec=100ms
INTENT
    unitd start "$sealed"
    unit=$(unit_of guarded)
    listen
    echo '# a comment' >>"/run/systemd/system/$unit.d/50-sealift.conf"
    systemctl daemon-reload
    heard "^failed guarded 1 main $unit .*50-sealift.conf was changed" "an edited drop-in is found out after a reload"
    is "$(leftovers guarded)" "" "and the unit stopped"

    unitd start "$sealed"
    unit=$(unit_of guarded)
    listen
    rm -r "/run/systemd/system/$unit.d"
    systemctl daemon-reload
    heard "^failed guarded 1 main $unit .*50-sealift.conf" "so is one that was removed"

    unitd start "$sealed"
    unit=$(unit_of guarded)
    pid=$(pid_of "$unit")
    listen
    mkdir -p /etc/systemd/system/service.d
    printf '[Service]\nRestrictNamespaces=no\n' >/etc/systemd/system/service.d/90-site.conf
    systemctl daemon-reload
    heard "^running guarded 1 main $unit .*drop-ins of this host" "one of the host's own is told, and the service runs on"
    is "$(pid_of "$unit")" "$pid" "in the same process"
    listen
    kill -KILL "$pid"
    heard "^failed guarded 1 main $unit .*seccomp filters" "but the restart that lost RestrictNamespaces= to it is stopped"
    rm -r /etc/systemd/system/service.d
    systemctl daemon-reload

    mkdir -p /etc/systemd/system/service.d
    printf '[Service]\nPrivateUsers=no\n' >/etc/systemd/system/service.d/90-site.conf
    systemctl daemon-reload
    like "$(unitd start "$sealed" || true)" "ECHILD.*host's user namespace" "a wall that is missing from the beginning fails the release"
    is "$(unitd list)$(leftovers guarded)" "" "which is stopped"
    rm -r /etc/systemd/system/service.d
    systemctl daemon-reload
    mkdir -p /etc/systemd/system/service.d
    printf '[Service]\nExecStart=\n' >/etc/systemd/system/service.d/90-site.conf
    systemctl daemon-reload
    like "$(unitd start "$sealed" || true)" "guarded.*systemd cannot start it" "a unit that systemd refuses fails the release"
    is "$(unitd list)$(leftovers guarded)" "" "and is not kept loaded"
    rm -r /etc/systemd/system/service.d
    systemctl daemon-reload
    like "$(journalctl --quiet --output=cat MESSAGE_ID=57c7bd71fd924917b6e0d2fb78255058)" "user namespace" "missing walls are in the journal"
}

# What happens to systemd and the bus happens to unitd too.
systemd_changes() {
    local unit pid daemon
    install steady 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
Restart=always
RestartSec=100ms
INTENT
    unitd start "$sealed"
    unit=$(unit_of steady)
    pid=$(pid_of "$unit")
    systemctl daemon-reexec
    is "$(unitd list)" "running steady 1 main $pid $unit" "systemd is replaced by itself, and the unit runs on"
    kill -KILL "$pid"
    ok "a restart is still seen" await 10 sh -c '/tests/host/unitd.py list | grep "^running steady" | grep -qv " '"$pid"' "'
    daemon=$(pid_of sealift-unitd.service)
    systemctl kill --signal=KILL dbus.service
    ok "without the bus unitd starts anew" await 20 another_pid sealift-unitd.service "$daemon"
    ok "and has the unit" await 10 sh -c '/tests/host/unitd.py list | grep -q "^running steady"'
    diag "unitd: $(grep -E '^(VmRSS|VmHWM)' "/proc/$(pid_of sealift-unitd.service)/status" | tr -s '\t\n ' ' ')"
    ok "it can be stopped" unitd stop "$sealed"
    is "$(unitd list)$(leftovers steady)" "" "and is gone"
}

# probe: one answer of the service on port 80
probe() { timeout 10 bash -c 'exec 3<>/dev/tcp/localhost/80; cat <&3'; }

# idle_intent VERSION BACKLOG IDLE: it ends by itself after IDLE seconds without a connection. Only the release that is to do
# so here has few: a start alone takes five.
idle_intent() {
    printf '[Service main]\nExecStart=/bundle/serve\nEnvironment=VERSION=%s IDLE=%s\n' "$1" "$3"
    printf '[Socket http]\nService=main\nListenStream=80\nBacklog=%s\n' "$2"
}

sockets() {
    local unit round first
    mkdir -p /srv/idle
    cat >/srv/idle/serve <<'PYTHON'
#!/usr/bin/python3
import os, socket, sys
listener = socket.socket(fileno=3)
while True:
    listener.settimeout(float(os.environ["IDLE"]))
    try:
        connection = listener.accept()[0]
    except TimeoutError:
        sys.exit(0)
    connection.sendall((os.environ["VERSION"] + " " + os.environ["LISTEN_FDNAMES"] + "\n").encode())
    connection.close()
PYTHON
    chmod 755 /srv/idle/serve
    seal idle 1 < <(idle_intent 1 64 120)
    like "$(unitd prepare "$sealed" /srv/idle || true)" "EPERM.*Listen=tcp:80" "a listener needs a grant as well"
    printf '[Policy idle]\nListen=tcp:80\n' >/etc/sealift/policy.d/idle.conf
    unitd prepare "$sealed" /srv/idle
    ok "a service behind a socket starts" unitd start "$sealed"
    unit=$(unit_of idle)
    like "$(walls "$(pid_of "$unit")")" "net of its own" "it has no network"
    ok "exposure $(exposure "$unit") is 0.1" at_most "$(exposure "$unit")" 0.1
    is "$(probe)" "1 http" "and yet answers, by the name of its socket"

    first=$sealed
    install idle 2 < <(idle_intent 2 64 6)
    ok "the next release starts beside it" unitd start "$sealed"
    is "$(unitd list | wc -l)" 2 "both run"
    ok "the old one is stopped" unitd stop "$first"
    for round in 1 2 3; do is "$(probe)" "2 http" "the new one answers"; done
    rm /var/lib/sealift/releases/idle/1-*/tree/*
    ok "the old one can be removed" unitd remove "$first"
    is "$(probe)" "2 http" "and the socket stays"

    systemctl daemon-reload
    listen
    heard "^stopped idle 2 main .*it ended by itself" "with nothing to do it ends"
    is "$(unitd list)" "" "nothing runs"
    is "$(systemctl is-active sealift-idle.http.socket)" active "but systemd listens"
    is "$(probe)" "2 http" "a connection wakes it"
    like "$(unitd list)" "idle 2 main" "and it is back"
    ok "it settles" await 10 sh -c '/tests/host/unitd.py list | grep -q ^running'

    ok "stopped on request" unitd stop "$sealed"
    (probe >/srv/late) &
    await 5 systemctl --quiet is-active sealift-wake@idle.http.service
    is "$(unitd list)" "" "a connection wakes nobody, but waits"
    first=$(pid_of sealift-unitd.service)
    kill -KILL "$first"
    await 10 another_pid sealift-unitd.service "$first"
    is "$(unitd list)" "" "also after unitd has started anew"
    ok "until a release is started" unitd start "$sealed"
    wait $!
    is "$(cat /srv/late)" "2 http" "which answers it"

    ok "stopped once more" unitd stop "$sealed"
    first=$sealed
    install idle 3 < <(idle_intent 3 65 120)
    ok "a release that changes the socket starts" unitd start "$sealed"
    is "$(probe)" "3 http" "and answers"
    is "$(ss -Hltn 'sport = 80' | awk '{ print $3 }')" 65 "on the changed socket"
    kill -KILL "$(pid_of sealift-unitd.service)"
    ok "unitd comes back" await 10 unitd list
    ok "everything is stopped" unitd stop "$sealed"
    rm /var/lib/sealift/releases/idle/*/tree/*
    unitd remove "$first"
    unitd remove "$sealed"
    is "$(ss -Hltn 'sport = 80')$(leftovers idle)$(ls /run/sealift/wakes)" "" "with its last release the socket goes"
}

systemctl start sealift-unitd.socket
refusals
web
unitd_dies
no_network
failures
redis
outbound
lingers
filters_itself
ends_by_itself
tampering
sockets
systemd_changes
is "$(journalctl --quiet --output=cat _SYSTEMD_UNIT=sealift-unitd.service PRIORITY=3 | grep -v '^sealift-\|^the system bus' || true)" "" "unitd itself had no trouble"
done_testing
