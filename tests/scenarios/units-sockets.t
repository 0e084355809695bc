#!/usr/bin/env bash
# A socket that systemd holds for a bundle, and who is woken by it.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

# probe: one answer of the service on port 80
probe() { timeout 10 bash -c 'exec 3<>/dev/tcp/localhost/80; cat <&3'; }

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
    install idle 2 < <(idle_intent 2 64 6)
    ok "the next release starts beside it" unitd start "$sealed"
    is "$(unitd list | wc -l)" 2 "both run"
    ok "the old one is stopped" unitd stop "$first"
    for _ in 1 2 3; do is "$(probe)" "2 http" "the new one answers"; done
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

often() { journalctl --quiet --output="${1:-cat}" MESSAGE_ID=40f57036bde64641971e14ea1659be26 SEALIFT_BUNDLE=hasty; }
starts() { journalctl --quiet --output=json _PID=1 "${@:2}" | jq -r 'select(.MESSAGE | tostring | test("^Started sealift-hasty.main@"))'" | $1"; }
started_often() { [ "$(starts 1 | wc -l)" -ge "$1" ]; }

# One connection that nobody accepts must not be all that the machine is about.
endless() {
    local first folder=/var/lib/private/sealift-hasty paused
    mkdir -p /srv/hasty
    cat >/srv/hasty/serve <<'PYTHON'
#!/usr/bin/python3
import os, socket, sys
listener = socket.socket(fileno=3)
listener.setblocking(True)
if not os.path.exists(os.environ["STATE_DIRECTORY"] + "/hasty"):
    connection = listener.accept()[0]
    connection.sendall(b"served\n")
    connection.close()
PYTHON
    chmod 755 /srv/hasty/serve
    printf '[Policy hasty]\nListen=tcp:80\n' >/etc/sealift/policy.d/hasty.conf
    install hasty 1 < <(printf '[Service main]\nExecStart=/bundle/serve\nStateDirectory=yes\n[Socket main]\nListenStream=80\n')
    ok "a service that ends after each connection starts" unitd start "$sealed"
    touch $folder/hasty
    is "$(probe)" served "and serves the first one"
    (timeout 100 bash -c 'exec 3<>/dev/tcp/localhost/80; cat <&3' >/srv/patient) &
    first=$!
    ok "then it ends without accepting, and a connection that waits starts it again and again" \
        await_journal 60 MESSAGE_ID=40f57036bde64641971e14ea1659be26
    paused=$(often json | jq -r ._SOURCE_REALTIME_TIMESTAMP)
    ok "it goes on" await 60 started_often 23
    is "$(often | wc -l)" 1 "which is told once"
    like "$(often)" "sealift-hasty.main.socket: connections have started main 20 times within 20 s" "and well"
    # The clock of who sent it; the pause is never shorter.
    ok "a start waits a second after the one before" test "$(starts ._SOURCE_REALTIME_TIMESTAMP | awk -v at="$paused" '$1 > at { if (last) { printf "%d", $1 - last; exit } last = $1 }')" -ge 1000000
    rm $folder/hasty
    wait "$first" || true
    is "$(cat /srv/patient)" served "once it accepts, whoever has waited is served"
    is "$(probe)" served "and who comes then"
    ok "stopped" unitd stop "$sealed"
    rm /var/lib/sealift/releases/hasty/*/tree/*
    ok "removed" unitd remove "$sealed"
}

units_begin
sockets
endless
units_end
