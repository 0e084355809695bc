#!/usr/bin/env bash
# What sealift-unitd runs for a release beside its services: questions after its health, in its own network and through a
# listener that no other release shares, and migrations. Each is behind the walls of a service, and held against them.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

does() { echo "$2" >"/var/lib/private/sealift-$1/does"; }
in_journal() { journalctl --quiet --output=cat "MESSAGE_ID=$1" "SEALIFT_BUNDLE=$2"; }
no_tasks() { ! unitd list | grep -qE 'probe|migrate'; }

# walls_of UNIT: but for its user, each unit having its own, and for where it says that it is ready.
walls_of() { walls "$(pid_of "$(units_of "$1")")" | sed -E '/^[UG]id:/s/6[1-5][0-9]{3}/-/g; /notify/d'; }

# ask_aside BUNDLE NAME: a question that takes its time. answer_is WANT NAME: what has come of it.
ask_aside() {
    unitd probe "$sealed" "$2" >/srv/answer &
    asker=$!
    ok "[Health $2]: it is being asked" await 30 asks "$1" "$2"
}
asks() { [[ $(ps -o comm= "$(pid_of "$(units_of "$1.$2-probe")")") =~ ^(ask|sealift-probe)$ ]]; }
answer_is() {
    wait "$asker" || true
    is "$(cat /srv/answer)" "$1" "$2"
}

# bundle NAME: a tree with the service, and a program that asks it.
bundle() {
    mkdir -p "/srv/$1"
    cp /tests/host/service.py "/srv/$1/"
    # shellcheck disable=SC2016 # for the program
    printf '#!/bin/sh\n[ "$(curl --silent http://127.0.0.1:8080/version)" = "$VERSION" ] || exit 9\n[ "$1" != stay ] || sleep 300\nexit "$1"\n' >"/srv/$1/ask"
    # shellcheck disable=SC2016 # for the migration
    printf '#!/bin/sh\necho "$1" >>"$STATE_DIRECTORY/migrated"\nwhile [ -e "$STATE_DIRECTORY/wait" ]; do sleep 0.1; done\n[ ! -e "$STATE_DIRECTORY/refuse" ]\n' >"/srv/$1/migrate"
    chmod 755 "/srv/$1/ask" "/srv/$1/migrate" "/srv/$1/service.py"
}

ports() {
    bundle port
    install port 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/python3 /bundle/service.py 8080
Type=notify
Environment=VERSION=1
StateDirectory=yes
[Sandbox main]
Network=bundle
[Health http]
Service=main
HTTP=8080/well
[Health mute]
Service=main
HTTP=8080/well
TimeoutSec=1s
[Health tcp]
Service=main
TCP=8080
[Health slow]
Service=main
HTTP=8080/well
TimeoutSec=5min
[Health closed]
Service=main
TCP=8081
INTENT
    not_ok "of a release that does not run" unitd probe "$sealed" http
    site_dropin sealift-network@ Service ExecStart= ExecStart=/bin/false
    like "$(unitd start "$sealed" || true)" "^ENOTSUP .*a unit that it needs could not be started" "where the network cannot be made, it is the host's fault"
    site_dropin_gone sealift-network@
    ok "a release with ports in its own network starts" unitd start "$sealed"
    is "$(unitd probe "$sealed" http)" good "HTTP= is good"
    is "$(unitd probe "$sealed" tcp)" good "so is TCP="
    is "$(unitd probe "$sealed" closed || true)" "ECHILD [Health closed]: a connection to port 8081: nobody listens" "one that nobody listens on"
    does port 503
    is "$(unitd probe "$sealed" http || true)" "ECHILD [Health http]: GET /well of port 8080: status 503" "a bad status"
    does port hang
    is "$(unitd probe "$sealed" mute || true)" "ECHILD [Health mute]: GET /well of port 8080: no answer in time" "no answer"
    ask_aside port slow
    systemctl kill --signal=KILL "$(units_of port.slow-probe)"
    answer_is "ENOTSUP [Health slow]: GET /well of port 8080: killed by SIGKILL" "a question of ours that is killed is no answer"
    does port "$(printf '%01000d' 0)"
    is "$(unitd probe "$sealed" http || true)" "ECHILD [Health http]: GET /well of port 8080: the answer is not HTTP" "no HTTP"
    is "$(unitd probe "$sealed" none || true)" "ENOENT port 1 has no [Health none]" "a question that the manifest does not have"
    ok "nothing of it is left" no_tasks
    ok "the release stops" unitd stop "$sealed"
}

# In the network of the host, where the port is granted.
ports_of_host() {
    bundle bind
    install bind 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/python3 /bundle/service.py 8091
Type=notify
Environment=VERSION=1
StateDirectory=yes
[Sandbox main]
Network=bind
Bind=tcp:8091
[Health http]
Service=main
HTTP=8091/well
[Health tcp]
Service=main
TCP=8091
[Health closed]
Service=main
TCP=8092
INTENT
    ok "a release with a port of the host's starts" unitd start "$sealed"
    is "$(curl --silent http://127.0.0.1:8091/version)" 1 "which serves the host"
    is "$(unitd probe "$sealed" http)" good "HTTP= is good there, too"
    is "$(unitd probe "$sealed" tcp)" good "so is TCP="
    is "$(unitd probe "$sealed" closed || true)" "ECHILD [Health closed]: a connection to port 8092: nobody listens" "one that nobody listens on"
    does bind 503
    is "$(unitd probe "$sealed" http || true)" "ECHILD [Health http]: GET /well of port 8091: status 503" "a bad status"
    ok "the release stops" unitd stop "$sealed"
    ok "nothing of it is left" no_tasks
}

# The socket is shared by both releases, the listener is not.
sockets() {
    local old new listener
    bundle sock
    for version in 1 2; do
        echo 200 >/srv/sock/does
        [ "$version" = 1 ] || echo 500 >/srv/sock/does
        install sock "$version" <<INTENT
[Service main]
ExecStart=/usr/bin/python3 /bundle/service.py
Type=notify
Environment=VERSION=$version
[Socket web]
Service=main
ListenStream=127.0.0.1:8090
[Health main]
HTTP=/
Socket=web
[Health tcp]
Service=main
TCP=yes
Socket=web
INTENT
        printf -v "sealed$version" %s "$sealed"
    done
    # shellcheck disable=SC2154 # by printf
    old=$sealed1 new=$sealed2
    ok "a release that takes its socket starts" unitd start "$old"
    is "$(unitd probe "$old" main)" good "it answers on its own listener"
    is "$(unitd probe "$old" tcp)" good "which takes connections"
    like "$(systemctl list-units --plain --no-legend --type=socket 'sealift-probe.*')" '^sealift-probe\.sock\.web\.' "which is a socket of its own"
    is "$(stat -c '%U %a' /run/sealift/listeners)" "root 700" "that only root can reach"
    is "$(curl --silent http://127.0.0.1:8090/version)" 1 "while it serves"
    ok "the next one starts beside it" unitd start "$new"
    like "$(unitd probe "$new" main || true)" "status 500" "each is asked by itself: the new one is not well"
    is "$(unitd probe "$new" tcp)" good "but takes connections"
    listener=$(units_of sock | sed -n 's/^sealift-sock\.main@2-\([0-9a-f]*\)-.*/\1/p')
    listener=$(property "sealift-probe.sock.web.$listener-1.socket" Listen)
    listener=${listener% (*}
    mv "$listener" "$listener.gone"
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$listener"
    chmod --reference="$listener.gone" "$listener"
    chown --reference="$listener.gone" "$listener"
    is "$(unitd probe "$new" tcp || true)" "ECHILD [Health tcp]: a connection to its own web: nobody listens" "one that nobody listens on"
    is "$(unitd probe "$old" tcp)" good "the old one takes them on its own"
    mv "$listener.gone" "$listener"
    is "$(unitd probe "$old" main)" good "and the old one is"
    ok "the new one stops" unitd stop "$new"
    is "$(unitd probe "$old" main)" good "the old one's listener stays"
    is "$(systemctl list-units --all --plain --no-legend --type=socket 'sealift-probe.*' | wc -l)" 1 "the other one is gone"
    systemctl kill --signal=KILL "$(unit_of sock)"
    ok "started again by systemd it has its listener" await 20 unitd probe "$old" main
    ok "the old one stops" unitd stop "$old"
    is "$(find /run/sealift/listeners /run/systemd/system -name '*probe*' -o -type s | wc -l)" 0 "nothing of the listeners is left"
}

# A question that nobody has taken waits on the listener: to systemd a reason to start what has been stopped.
untaken() {
    bundle late
    install late 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/python3 /bundle/service.py
Type=notify
[Socket web]
Service=main
ListenStream=127.0.0.1:8093
[Health main]
TCP=yes
Socket=web
INTENT
    unitd start "$sealed"
    kill -STOP "$(pid_of "$(unit_of late)")"
    is "$(unitd probe "$sealed" main)" good "a service has a question in its queue that it does not take"
    ok "it is stopped" unitd stop "$sealed"
    is "$(unitd list)$(units_of late)" "" "and not started again for that"
}

programs() {
    bundle exec
    install exec 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/python3 /bundle/service.py 8080
Type=notify
Environment=VERSION=1
[Sandbox main]
Network=bundle
[Health well]
Service=main
Exec=/bundle/ask 0
TimeoutSec=1min
[Health unwell]
Service=main
Exec=/bundle/ask 1
TimeoutSec=1min
[Health hangs]
Service=main
Exec=/bundle/ask stay
TimeoutSec=1s
[Health slow]
Service=main
Exec=/bundle/ask stay
TimeoutSec=5min
INTENT
    ok "a release with Exec= starts" unitd start "$sealed"
    is "$(unitd probe "$sealed" well)" good "its program is well, with the network and environment of the service"
    is "$(unitd probe "$sealed" unwell || true)" "ECHILD [Health unwell]: /bundle/ask: exit status 1" "a program that fails"
    is "$(unitd probe "$sealed" hangs || true)" "ECHILD [Health hangs]: /bundle/ask: no answer in time" "one that hangs"
    ask_aside exec slow
    is "$(walls_of exec.slow-probe)" "$(walls_of exec.main)" "one that runs is behind the walls of the service"
    systemctl kill --signal=SEGV "$(units_of exec.slow-probe)"
    answer_is "ECHILD [Health slow]: /bundle/ask: killed by SIGSEGV" "one that dies is not well"
    ok "nothing of it is left" no_tasks
    ok "the release stops" unitd stop "$sealed"
}

migrations() {
    bundle move
    install move 1 <<'INTENT'
[Service second]
ExecStart=/usr/bin/sleep infinity
ExecMigrate=/usr/bin/true
MigrateWhile=running
After=first
[Service first]
ExecStart=/usr/bin/sleep infinity
StateDirectory=yes
ExecMigrate=/bundle/migrate one
INTENT
    ok "migrations for when the old release is stopped" unitd migrate "$sealed" stopped
    is "$(cat /var/lib/private/sealift-move/migrated)" one "one has run, once"
    like "$(in_journal "${EVENT[migrated]}" move)" "first-migrate@1-.*ended well" "the journal says so"
    is "$(unitd list)" "" "nothing is started"
    ok "those for when it runs" unitd migrate "$sealed" running
    like "$(in_journal "${EVENT[migrated]}" move)" "second-migrate@1-" "are others"
    touch /var/lib/private/sealift-move/refuse
    like "$(unitd migrate "$sealed" stopped || true)" "^ECHILD .*first-migrate@1-.*: the migration failed: exit status 1; see journalctl" "one that fails"
    like "$(in_journal "${EVENT[migration-failed]}" move)" "exit status 1" "the journal says that, too"
    rm /var/lib/private/sealift-move/refuse
    site_dropin service Service PrivateUsers=no
    like "$(unitd migrate "$sealed" stopped || true)" "^ENOTSUP .*first-migrate@1-.*host's user namespace" "where a wall is missing, it is the host's fault"
    site_dropin_gone service
    ok "it may be run again" unitd migrate "$sealed" stopped
    one_at_a_time
    ok "the service finds what it has left" unitd start "$sealed"
    ok "and stops" unitd stop "$sealed"
}

# Whoever asked for a migration has died, and it runs on: nothing is run beside it, nor is what that one wanted besides.
one_at_a_time() {
    local asker answered before migrated=/var/lib/private/sealift-move/migrated
    install move 2 <<'INTENT'
[Service one]
ExecStart=/usr/bin/sleep infinity
StateDirectory=yes
ExecMigrate=/bundle/migrate one
[Sandbox one]
Network=outbound
Outbound=any
[Service two]
ExecStart=/usr/bin/sleep infinity
ExecMigrate=/usr/bin/true
INTENT
    : >$migrated
    journal_mark
    asked_and_left migrate "$sealed" stopped
    before=$(walls_of move.one-migrate)
    /tests/host/unitd.py migrate "$sealed" stopped &
    asker=$!
    ok "another one is asked for meanwhile" await 60 has_client "$asker"
    rm /var/lib/private/sealift-move/wait
    answered=0
    wait "$asker" || answered=$?
    is "$answered" 0 "and answered"
    ok "the release starts" unitd start "$sealed"
    is "$(in_order)" "one-migrate one-migrate two-migrate one " "when all have been run for whoever asked last"
    is "$before" "$(walls_of move.one)" "what migrates is behind the walls of the service"
    ok "it stops" unitd stop "$sealed"
    : >$migrated
    journal_mark
    asked_and_left migrate "$sealed" stopped
    /tests/host/unitd.py start "$sealed" &
    asker=$!
    ok "a start is asked for while one runs" await 60 has_client "$asker"
    is "$(systemctl list-units --plain --no-legend 'sealift-move.*@*' | grep -vc migrate)" 0 "nothing is started beside it"
    rm /var/lib/private/sealift-move/wait
    answered=0
    wait "$asker" || answered=$?
    is "$answered" 0 "the release is started"
    is "$(in_order)" "one-migrate two-migrate one " "when all of it has ended"
    ok "it stops" unitd stop "$sealed"
}
# in_order: since the mark, which migrations have ended, and that one of the services was started
in_order() { journal_since _PID=1 | grep -oE '(move\.(one|two)-migrate@2[^:]*: Deactivated|Started sealift-move\.one@2)' | sed 's/.*move\.//; s/@.*//' | tr '\n' ' '; }
# asked_and_left WORD...: one that waits in its first migration
asked_and_left() {
    local asker migrated=/var/lib/private/sealift-move/migrated
    touch /var/lib/private/sealift-move/wait
    /tests/host/unitd.py "$@" &
    asker=$!
    await 60 test -s $migrated
    kill "$asker"
    wait "$asker" 2>/dev/null || true
}
# has_client PID: sealift-unitd has taken that one's call, and read what it said
has_client() {
    local peer
    peer=$(ss -Hxp | sed -n "s/.* \([0-9]*\) *\* *\([0-9]*\) .*pid=$1,.*/\2/p")
    [ -n "$peer" ] && ss -Hxp | grep -q "ESTAB *0 .*unitd.sock *$peer .*sealift-unitd"
}

systemctl start sealift-unitd.socket
mkdir -p /etc/sealift/policy.d
printf '[Policy sock]\nListen=tcp:127.0.0.1:8090\n' >/etc/sealift/policy.d/sock.conf
printf '[Policy late]\nListen=tcp:127.0.0.1:8093\n' >/etc/sealift/policy.d/late.conf
printf '[Policy bind]\nBind=tcp:8091\n' >/etc/sealift/policy.d/bind.conf
printf '[Policy move]\nOutbound=any\n' >/etc/sealift/policy.d/move.conf
ports
ports_of_host
sockets
untaken
programs
migrations
done_testing
