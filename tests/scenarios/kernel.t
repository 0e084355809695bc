#!/usr/bin/env bash
# What a container with half a cgroup tree cannot show: limits of memory and tasks that hold, lists of addresses that hold, and
# the exposure of each kind of network where both do.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_HOST=vm
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

BOX=/srv/box

# box_publish NAME VERSION SCRIPT [LINE...]: a service that runs SCRIPT of python; LINEs end its manifest.
box_publish() {
    local name=$1 version=$2 script=$3
    shift 3
    mkdir -p "$BOX"
    printf '%s\n' "$script" >"$BOX/box.py"
    printf '%s\n' '[Bundle]' "Name=$name" Version=1 '[Service main]' 'ExecStart=/usr/bin/python3 /bundle/box.py' \
        "$@" >"/srv/$name.manifest"
    publish_release "$version" "$BOX" "/srv/$name.manifest"
}

# limit BUNDLE FILE: as its cgroup has it.
limit() { cat "/sys/fs/cgroup$(property "$(unit_of "$1")" ControlGroup)/$2"; }
# exposed BUNDLE MOST
exposed() {
    local got
    got=$(exposure "$(unit_of "$1")")
    ok "$1: exposure $got is $2 at most" at_most "$got" "$2"
}

WAIT='import time
time.sleep(1e9)'
# Says who answered, by a name for each address, in a file of its own.
ASK='import socket, time
def ask(address):
    try:
        return socket.create_connection((address, 7777), 3 if address == "192.0.2.2" else 60).recv(99).decode()
    except OSError as e:
        return type(e).__name__
text = " ".join(ask(a) for a in ("192.0.2.1", "192.0.2.2", "192.0.2.65"))
open("/var/lib/sealift-ask/new", "w").write(text)
import os
os.rename("/var/lib/sealift-ask/new", "/var/lib/sealift-ask/answers")
time.sleep(1e9)'

limits() {
    box_publish quiet 1 "$WAIT" MemoryMax=48M TasksMax=7
    ok "a service with limits is installed" sealift check
    is "$(limit quiet memory.max) $(limit quiet pids.max)" "$((48 << 20)) 7" "and has them"
    box_publish quiet 2 "x = bytearray(200 << 20)
$WAIT" Type=notify MemoryMax=48M TasksMax=7 # which it has taken before it could ever be ready
    journal_mark
    not_ok "one that takes more memory does not come up" sealift check
    like "$(await_journal 10 "MESSAGE_ID=${EVENT[failed]}")" "quiet: release 2 did not come up.*" "and says so"
    ok "the kernel killed it for that" await 20 sh -c 'journalctl -k --no-pager | grep -q "Memory cgroup out of memory.*python3"'
    like "$(unit_of quiet)" "@1-" "the old one runs again"

    # As if systemd had gone on without: it would not say so either. The directory is for units of another bundle.
    site_dropin sealift-loose.main@ Service MemoryMax=infinity
    box_publish loose 1 "$WAIT" MemoryMax=48M
    like "$(sealift check 2>&1 || true)" "its memory.max is max, and should be $((48 << 20)) at most" \
        "a limit that does not stand fails the release"
}

addresses() {
    local address
    printf '%s\n' 'import socket, sys' 's = socket.create_server((sys.argv[1], 7777))' \
        'while True: s.accept()[0].sendall(sys.argv[1].encode())' >/srv/answer.py
    for address in 192.0.2.1 192.0.2.2 192.0.2.65; do
        ip address add "$address/32" dev lo
        systemd-run --quiet --unit="answer-$address" python3 /srv/answer.py "$address"
    done
    agent_grant ask Outbound=192.0.2.0/24
    box_publish ask 1 "$ASK" StateDirectory=yes '[Sandbox main]' Network=outbound Outbound=192.0.2.1 Outbound=192.0.2.64/26
    sealift check >/dev/null 2>&1 || true # release 1 of "loose" is refused once more
    await 90 test -e /var/lib/private/sealift-ask/answers
    like "$(cat /var/lib/private/sealift-ask/answers)" "^192.0.2.1 (Timeout|Permission)Error 192.0.2.65$" \
        "a service with a list of addresses reaches those in it, and no other"
}

exposures() {
    exposed quiet 0.1
    exposed web 1.0
    exposed ask 1.0
    exposed held 0.1
}

# reach ADDRESS SECONDS: from within the service's cgroup, where its list is
reach() {
    (
        echo "$BASHPID" >"/sys/fs/cgroup$(property "$(unit_of ask)" ControlGroup)/cgroup.procs"
        exec python3 -c 'import socket, sys; print(socket.create_connection((sys.argv[1], 7777), int(sys.argv[2])).recv(99).decode())' "$@"
    ) 2>&1 | tail -n 1
}

# systemd 257 counts no bytes for a while after a reload, which must not be taken for a list that is gone.
reloaded() {
    local unit daemon
    unit=$(unit_of ask)
    systemctl daemon-reload
    is "$(reach 192.0.2.65 60)" 192.0.2.65 "after a reload an address of the list is reached"
    like "$(reach 192.0.2.2 3)" "(Timeout|Permission)Error" "and no other"
    daemon=$(pid_of sealift-unitd.service)
    kill -KILL "$daemon"
    await 30 another_pid sealift-unitd.service "$daemon"
    sealift check >/dev/null 2>&1 || true
    is "$(unit_of ask)" "$unit" "nor does a sealift-unitd that starts anew think so"
}

web_begin
agent_grant held Listen=tcp:9999
box_publish held 1 "$WAIT" '[Socket main]' ListenStream=127.0.0.1:9999
limits
addresses
exposures
reloaded
exposures
done_testing
