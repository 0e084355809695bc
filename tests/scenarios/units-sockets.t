#!/usr/bin/env bash
# A socket that systemd holds for a bundle, and who is woken by it.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

# probe: one answer of the service on port 80
probe() { timeout $((10 * PATIENCE)) bash -c 'exec 3<>/dev/tcp/localhost/80; cat <&3'; }

# idle_intent VERSION BACKLOG IDLE: it ends by itself after IDLE seconds without a connection. Only the release that is to do
# so here has few: a start alone takes five.
idle_intent() {
    printf '[Service main]\nExecStart=/bundle/serve\nEnvironment=VERSION=%s IDLE=%s\n' "$1" "$3"
    printf '[Socket http]\nService=main\nListenStream=80\nBacklog=%s\n' "$2"
}

sockets() {
    local unit first
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
    install idle 2 < <(idle_intent 2 64 20)
    ok "the next release starts beside it" unitd start "$sealed"
    is "$(unitd list | wc -l)" 2 "both run"
    ok "the old one is stopped" unitd stop "$first"
    for _ in 1 2 3; do is "$(probe)" "2 http" "the new one answers"; done
    rm /var/lib/sealift/releases/idle/1-*/tree/*
    ok "the old one can be removed" unitd remove "$first"
    is "$(probe)" "2 http" "and the socket stays"

    systemctl daemon-reload
    listen
    heard "^stopped idle 2 main .*it ended by itself, in order$" "with nothing to do it ends, which it may"
    is "$(unitd list)" "" "nothing runs"
    is "$(systemctl is-active sealift-idle.http.socket)" active "but systemd listens"
    ok "it is started while it rests" unitd start "$sealed"
    is "$(unitd list)" "" "which wakes nobody"
    is "$(probe)" "2 http" "a connection wakes it"
    like "$(unitd list)" "idle 2 main" "and it is back"
    unit=$(unit_of idle)
    systemctl stop sealift-unitd.socket sealift-unitd.service
    systemctl stop "$unit"
    systemctl start sealift-unitd.socket
    is "$(unitd list)" "" "when it ends while unitd is away, unitd does not wake it"
    is "$(probe)" "2 http" "but a connection does"
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

backlog() { ss -Hltn 'sport = 80' | awk '{ print $3 }'; }

# The file of a socket and what systemd has loaded of it are two things, for as long as somebody keeps it loaded.
replaced() {
    local first
    printf '[Unit]\nWants=sealift-idle.http.socket\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n' >/run/systemd/system/pin.service
    install idle 4 < <(idle_intent 4 64 120)
    ok "a release starts" unitd start "$sealed"
    systemctl start pin.service
    unitd stop "$sealed"
    first=$sealed
    install idle 5 < <(idle_intent 5 66 120)
    systemctl stop sealift-idle.http.socket
    # What a unitd leaves that is killed before it has systemd reload, or whose systemd cannot.
    sed -i 's/^Backlog=64$/Backlog=66/' /run/systemd/system/sealift-idle.http.socket
    ok "the next one starts, whose socket's file is there, but not loaded" unitd start "$sealed"
    is "$(backlog)" 66 "systemd listens as the file says"
    unitd stop "$sealed"
    rm /var/lib/sealift/releases/idle/*/tree/*
    unitd remove "$first"
    unitd remove "$sealed"
    is "$(systemctl show --property=LoadState,ActiveState --value sealift-idle.http.socket | xargs)" "loaded inactive" "the file goes, and systemd has it loaded still"
    install idle 6 < <(idle_intent 6 67 120)
    ok "a release starts with another" unitd start "$sealed"
    is "$(backlog)" 67 "and systemd listens as that says"
    unitd stop "$sealed"
    systemctl stop pin.service
    rm /run/systemd/system/pin.service /var/lib/sealift/releases/idle/*/tree/*
    unitd remove "$sealed"
}

# answer_of PORT: what comes back for one datagram.
answer_of() { timeout 10 bash -c "exec 3<>/dev/udp/127.0.0.1/$1; echo hello >&3; head -n 1 <&3"; }

# Datagrams have no backlog of connections, but a socket that outlives the service all the same.
datagrams() {
    local unit pid
    mkdir -p /srv/echo
    cat >/srv/echo/serve <<'PYTHON'
#!/usr/bin/python3
import os, socket
datagrams = socket.socket(fileno=3)
datagrams.setblocking(True)
while True:
    said, whom = datagrams.recvfrom(512)
    datagrams.sendto(os.environ["LISTEN_FDNAMES"].encode() + b" " + said, whom)
PYTHON
    # shellcheck disable=SC2016 # expanded by the program
    printf '#!/bin/sh\necho again >"$STATE_DIRECTORY/reloaded"\n' >/srv/echo/reload
    chmod 755 /srv/echo/serve /srv/echo/reload
    printf '[Policy echo]\nListen=udp:8125\n' >/etc/sealift/policy.d/echo.conf
    install echo 1 <<'INTENT'
[Service main]
ExecStart=/bundle/serve
ExecReload=/bundle/reload
StateDirectory=yes
[Socket words]
Service=main
ListenDatagram=8125
INTENT
    ok "a service behind a socket for datagrams starts" unitd start "$sealed"
    unit=$(unit_of echo)
    pid=$(pid_of "$unit")
    like "$(walls "$pid")" "net of its own" "it has no network"
    is "$(answer_of 8125)" "words hello" "and yet answers a datagram"
    ok "it is told to read its configuration again" systemctl reload "$unit"
    is "$(cat /var/lib/sealift-echo/reloaded)" again "by the program that it says, in its own directory"
    is "$(unitd list | awk '$2 == "echo" { print $1, $5 }')" "running $pid" "and runs on in the same process"
    ok "it stops" unitd stop "$sealed"
}

units_begin
sockets
replaced
datagrams
units_end
