#!/usr/bin/env bash
# Who is woken by a connection, and who is not: services that end too soon, while nobody looks, or cannot start; and what is
# asked for meanwhile.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

# probe: one answer of the service on port 80
probe() { timeout $((20 * PATIENCE)) bash -c 'exec 3<>/dev/tcp/localhost/80; cat <&3'; }

often() { journalctl --quiet --output="${1:-cat}" MESSAGE_ID=40f57036bde64641971e14ea1659be26 SEALIFT_BUNDLE=hasty; }
starts() { journalctl --quiet --output=json _PID=1 "${@:2}" | jq -r 'select(.MESSAGE | tostring | test("^Started sealift-hasty.main@"))'" | $1"; }
started_since() { [ "$(starts ._SOURCE_REALTIME_TIMESTAMP | awk -v at="$2" '$1 > at' | wc -l)" -ge "$1" ]; }

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
    (timeout $((100 * PATIENCE)) bash -c 'exec 3<>/dev/tcp/localhost/80; cat <&3' >/srv/patient) &
    first=$!
    ok "then it ends without accepting, and a connection that waits starts it again and again" \
        await_journal 60 MESSAGE_ID=40f57036bde64641971e14ea1659be26
    paused=$(often json | jq -r ._SOURCE_REALTIME_TIMESTAMP)
    ok "it goes on" await 60 started_since 2 "$paused"
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

# What a service of "quick" does: it waits for a file, if it is to, says that it is ready, answers one connection, and ends.
quick_write() {
    mkdir -p /srv/quick
    cat >/srv/quick/gate <<'SH'
#!/bin/sh
until [ -e "$STATE_DIRECTORY/open" ]; do sleep 0.1; done
SH
    cat >/srv/quick/serve <<'PYTHON'
#!/usr/bin/python3
import os, signal, socket, subprocess
env = os.environ
if env.get("STAYS"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if env.get("GATE"):
    subprocess.run(["/bundle/gate"], check=True)
if "NOTIFY_SOCKET" in env:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect(env["NOTIFY_SOCKET"].replace("@", "\0", 1))
        manager.send(b"READY=1")
if not env.get("ENDS"):
    listener = socket.socket(fileno=3)
    listener.setblocking(True)
    connection = listener.accept()[0]
    connection.sendall(env["VERSION"].encode() + b"\n")
    connection.close()
PYTHON
    chmod 755 /srv/quick/*
    printf '[Policy quick]\nListen=tcp:80\nHostPath=/srv/mounted\n' >/etc/sealift/policy.d/quick.conf
}

# quick VERSION TYPE ENVIRONMENT [LINE...]: that release, ready to be started; lines for the service
quick() {
    install quick "$1" < <(
        printf '[Service main]\nExecStart=/bundle/serve\nStateDirectory=yes\nEnvironment=VERSION=%s %s\nType=%s\n' "$1" "$3" "$2"
        printf '%s\n' "${@:4}"
        printf '[Socket main]\nService=main\nListenStream=80\n'
    )
}
QUICK=/var/lib/private/sealift-quick
quick_unit() { systemctl list-units --plain --no-legend --state="$1" 'sealift-quick.main@*.service' | awk '{ print $1 }' | grep .; }
nothing_runs() { [ -z "$(unitd list)" ]; }
nothing_starts() { ! unitd list | grep -q "^starting"; }
nothing_is() { ! quick_unit "$1"; }
failures() { journalctl --quiet --output=cat MESSAGE_ID=5e1ecb0a5b564a3bbf7123523a5b32c7 SEALIFT_BUNDLE=quick; }
entered() { systemctl show --property=ActiveEnterTimestampMonotonic --value "$1"; }
entered_anew() { systemctl --quiet is-active "$1" && [ "$(entered "$1")" != "$2" ]; }
failures_are() { [ "$(failures | grep -c "a connection waits")" = "$1" ]; }

# unitd_misses COMMAND...: what happens until the command succeeds, unitd sees afterwards, all at once
unitd_misses() {
    kill -STOP "$unitd"
    touch $QUICK/open
    await 20 "$@"
    kill -CONT "$unitd"
}

# One that was ready, and gone before anybody has looked.
missed_ends() {
    local unit unitd starter
    quick 1 notify "GATE=yes ENDS=yes"
    unitd start "$sealed" >/srv/started &
    starter=$!
    await 20 quick_unit activating
    unit=$(quick_unit activating)
    unitd=$(pid_of sealift-unitd.service)
    unitd_misses unit_is_down "$unit"
    wait $starter && starter=0 || starter=$?
    is "$starter $(cat /srv/started)" "0 " "a service that said that it was ready, and ended, has started"
    is "$(unitd list)" "" "nothing runs"
    unitd stop "$sealed"

    quick 2 exec "" ExecStartPre=/bundle/gate
    ok "a release whose service answers once starts" unitd start "$sealed"
    is "$(probe)" 2 "it answers"
    await 20 nothing_is active
    rm $QUICK/open
    (probe >/srv/early) &
    await 20 quick_unit activating
    unit=$(quick_unit activating)
    unitd_misses unit_is_down "$unit"
    wait $! || true
    is "$(cat /srv/early)" 2 "woken, it answers again, and is gone before unitd looks"
    is "$(probe)" 2 "which is no failure: the next connection wakes it"
    is "$(failures)" "" "and none is told"
    unitd stop "$sealed"
}

# asked COMMAND STATE: whoever asks unitd for that of the release goes away once its unit is in that state. unitd has one client.
asked() {
    local client
    /tests/host/unitd.py "$1" "$sealed" & # not a function, whose shell alone would go away
    client=$!
    await 20 quick_unit "$2"
    kill $client
    wait $client || true
}

last_word() {
    local first
    quick 3 exec STAYS=yes TimeoutStopSec=3s
    ok "a service that does not mind SIGTERM starts" unitd start "$sealed"
    asked stop deactivating
    ok "it is started while it is being stopped" unitd start "$sealed"
    is "$(probe)" 3 "it answers, and ends"
    is "$(probe)" 3 "and the next connection wakes it: nobody waits for it to be stopped"
    await 20 nothing_is active

    first=$sealed
    rm -f $QUICK/open
    quick 4 notify GATE=yes
    asked start activating
    ok "another release is started while one is being started" unitd start "$first"
    touch $QUICK/open
    await 20 nothing_is activating
    await 20 nothing_starts
    is "$(unitd list | wc -l)" 1 "which never comes up"
    is "$(probe)" 3 "and closes no sockets of the other"
    sealed=$first
}

# Of the release that is started, and rests.
cannot_wake() {
    unitd stop "$sealed"
    mkdir /srv/mounted
    quick 5 exec "" "[Sandbox main]" HostPath=/srv/mounted
    ok "a release that sees a directory of the host starts" unitd start "$sealed"
    is "$(probe)" 5 "and answers"
    await 20 nothing_runs
    rmdir /srv/mounted
    listen
    (probe >/srv/late) &
    heard "^failed quick 5 main  sealift-quick.main.socket: a connection waits: .*HostPath=.*/srv/mounted is not there" "without the directory, a connection is no reason to start, which is told"
    is "$(failures | grep -c "a connection waits")" 1 "once"
    like "$(failures)" "a connection waits: .*/srv/mounted is not there" "also in the journal"
    like "$(unitd start "$sealed" || true)" "ENOENT.*/srv/mounted" "a start of the release says the same"
    mkdir /srv/mounted
    ok "until the directory is back" unitd start "$sealed"
    wait $! || true
    is "$(cat /srv/late)" 5 "then whoever has waited is answered"
    unitd stop "$sealed"
}

# Two wait for what cannot be started; then their release is stopped, and started.
two_wait() {
    local wake=sealift-wake@quick.main.service unitd starter first entered
    quick 6 notify GATE=yes "[Sandbox main]" HostPath=/srv/mounted
    touch $QUICK/open
    unitd start "$sealed"
    is "$(probe)" 6 "a release answers"
    await 20 nothing_runs
    rmdir /srv/mounted
    (probe >/srv/first) &
    first=$!
    await 20 failures_are 2
    (probe >/srv/second) &
    unitd stop "$sealed"
    mkdir /srv/mounted
    rm $QUICK/open
    stops_late $wake
    entered=$(entered $wake)
    unitd start "$sealed" &
    starter=$!
    await 20 quick_unit activating
    stop_late
    touch $QUICK/open
    wait $starter && starter=0 || starter=$?
    is "$starter" 0 "it could not be started for two, and starts now"
    wait $first || true
    is "$(cat /srv/first)" 6 "who came first is answered"
    await 20 nothing_runs
    # The second is seen as soon as the first has been dealt with, and both before unitd looks.
    unitd=$(pid_of sealift-unitd.service)
    kill -STOP "$unitd"
    stop_now
    await 20 entered_anew $wake "$entered"
    kill -CONT "$unitd"
    wait
    is "$(cat /srv/second)" 6 "who came second, too"
    unitd stop "$sealed"
    rm /var/lib/sealift/releases/quick/*/tree/*
    for sealed in /srv/quick-*.manifest; do unitd remove "$sealed"; done
    is "$(leftovers quick)$(ls /run/sealift/wakes)" "" "with the last release all goes"
}

units_begin
endless
quick_write
missed_ends
last_word
cannot_wake
two_wait
units_end
