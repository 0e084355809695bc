#!/usr/bin/env bash
# Where a bundle listens is for its host to say: one listener moved, then one for each of two instances, every one of them granted.
# A connection wakes the instance it is for, also after an update, another sealift-unitd, and a reboot.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

TREE=/srv/page
HERE=/etc/sealift/bundles.d

# A server that answers one connection with who it is, and ends: the next one has to wake it. With KEEP=yes it stays.
write_page() {
    mkdir -p "$TREE" "$HERE"
    cat >"$TREE/page.py" <<'END'
import os
import socket

with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
    manager.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
    manager.send(b"READY=1")
listener = socket.socket(fileno=3)
listener.setblocking(True)
while True:
    connection, _ = listener.accept()
    connection.sendall(os.environ["WHO"].encode() + b"\n")
    connection.close()
    if os.environ.get("KEEP") != "yes":
        break
END
    cat >/srv/page.manifest <<'END'
[Bundle]
Name=page
Version=1

[Service main]
Type=notify
ExecStart=/usr/bin/python3 -B /bundle/page.py
Environment=WHO=publisher
TimeoutStartSec=20s

[Socket main]
ListenStream=127.0.0.1:8090
END
}

# says PORT: what one connection is told; a port that is closed says nothing.
says() { timeout $((10 * PATIENCE)) bash -c "cat </dev/tcp/127.0.0.1/$1" 2>/dev/null || true; }
tells() { [ "$(says "$1")" = "$2" ]; }
host_says() { printf '%b' "[Service main]\nEnvironment=WHO=$2\n[Socket main]\nListenStream=127.0.0.1:$3\n" >"$HERE/page$1.conf"; }
sockets() { systemctl list-units --plain --no-legend --state=active 'sealift-page.*.socket' | awk '{ printf "%s%s", s, $1; s = " " }'; }
running() { systemctl list-units --plain --no-legend --state=running 'sealift-page.*.service' | awk '{ print $1 }'; }
nothing_runs() { [ -z "$(running)" ]; }
runs_alone() { [[ $(running) == sealift-page.$1.main@* && $(running | wc -l) = 1 ]]; }

moved() {
    status=0
    said=$(sealift check 2>&1) || status=$?
    like "$status $said" "^1 .*socket main: ListenStream=127.0.0.1:8095 is not granted.*Listen=tcp:127.0.0.1:8095" "a listener that the host moved needs a grant"
    host_says "" "here KEEP=yes" 8091
    ok "where it is granted, the release is installed" sealift check
    is "$(says 8091)" here "it answers there, as the host calls it"
    is "$(says 8090)" "" "and not where the publisher thought"
    host_says "" "here KEEP=yes" 8092
    ok "moved once more" sealift check
    is "$(says 8092), $(says 8091)" "here, " "it answers there alone"
}

two() {
    host_says @a first 8093
    host_says @b second 8094
    printf '[Service main]\nTasksMax=9\n' >$HERE/page.conf
    ok "two instances" sealift check
    is "$(sockets)" "sealift-page.a.main.socket sealift-page.b.main.socket" "have a socket each, and the one before is closed"
    is "$(says 8093) $(says 8094)$(says 8092)" "first second" "each answers for itself"
    ok "and ends" await 10 nothing_runs
    like "$(sealift status page)" "instances: a, b" "status names both, though nothing runs"
    is "$(says 8094)" second "a connection wakes the one it is for"
    is "$(says 8093) $(says 8093)" "first first" "again and again"
    host_says @a "first KEEP=yes" 8093
    ok "one of them is to stay" sealift check
    is "$(says 8093) $(says 8094)" "first second" "both answer"
    ok "and the other one ends" await 10 runs_alone a
    is "$(says 8094)" second "it is woken beside the one that runs"
    host_says @a first 8093
    ok "until that is not wanted any more" sealift check
}

updated() {
    publish_release 2 "$TREE" /srv/page.manifest
    ok "release 2 is installed" sealift check
    like "$(running | tr '\n' ' ')" "^sealift-page.a.main@2-[^ ]* sealift-page.b.main@2-[^ ]* \$" "in both"
    is "$(says 8093) $(says 8094)" "first second" "which answer"
}

another_unitd() {
    ok "nobody is asked" await 10 nothing_runs
    systemctl restart sealift-unitd.service
    is "$(says 8094) $(says 8093)" "second first" "another sealift-unitd wakes them"
}

bundle_is() { [ "$(bundle_state page state)" = "$1" ]; }
# Something is amiss on this host just when somebody comes.
cannot_wake() {
    local client
    ok "nobody is asked" await 10 nothing_runs
    mv /etc/sealift/policy.d/page.conf /srv
    says 8094 >/srv/waited &
    client=$!
    ok "a connection to what is not granted any more is a failure" await 10 bundle_is failed
    like "$(sealift status page)" "a connection waits: .*is not granted" "which status has, with the reason"
    mv /srv/page.conf /etc/sealift/policy.d
    ok "the next poll after it is granted" sealift check
    wait $client
    is "$(cat /srv/waited)" second "lets whoever has waited have an answer"
    is "$(bundle_state page state)" running "and all is well"
    is "$(journal_since MESSAGE_ID=7dbb6255a341430bb67ac15da27939b4 SEALIFT_BUNDLE=page | tail -n 1)" "page runs release 2 again" "which the journal says"
}

one_less() {
    rm $HERE/page@a.conf
    ok "one is taken away" sealift check
    is "$(sockets)" "sealift-page.b.main.socket" "its socket is closed"
    is "$(says 8093)$(says 8094)" second "the other one answers"
}

case $PHASE in
    1)
        write_page
        bucket_start
        publisher_init
        agent_configure
        agent_grant page Listen=tcp:127.0.0.1:8090-8094
        publish_release 1 "$TREE" /srv/page.manifest
        host_says "" here 8095
        agent_start
        agent_enable
        moved
        two
        updated
        cannot_wake
        another_unitd
        next_boot reboot
        ;;
    2)
        ok "after a reboot the first one answers" await 20 tells 8093 first
        ok "and the second" await 20 tells 8094 second
        unlike "$(journal_since _SYSTEMD_UNIT=sealiftd.service)" "is down" "that they answered at once is no failure"
        bucket_start
        one_less
        done_testing
        ;;
esac
