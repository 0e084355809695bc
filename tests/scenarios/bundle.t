#!/usr/bin/env bash
# Several services that are one bundle: started in order, in one network that nobody else is in, updated as one, rolled back
# as one, and stopped in the other order, also when the machine goes down.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

SERVICES='shipper app proxy'
STACK=/srv/stack
MANIFEST=$EXAMPLES/stack.manifest

network_of() { readlink "/proc/$(pid_of "$1")/ns/net"; }
versions() { systemctl list-units --plain --no-legend 'sealift-stack.*.service' | sed 's/.*@\([^-]*\)-.*/\1/' | sort -u | tr '\n' ' '; }
page() { curl --silent --fail --max-time 5 http://localhost:8090/; }
networks() { systemctl list-units --plain --no-legend 'sealift-network@*' | wc -l; }

# stack_publish VERSION [SED-SCRIPT]: its page says which release it is.
stack_publish() {
    echo "$1" >"$STACK/site/index.html"
    # Its services are killed here, which on trial would count against the release.
    sed "s/^Version=.*/&\nSoakSec=0/; ${2:-}" "$MANIFEST" >/srv/stack.manifest
    publish_release "$1" "$STACK" /srv/stack.manifest
}

# one_network: prints the network of all three services, or those that they are in.
one_network() {
    local service
    for service in $SERVICES; do
        network_of "$(unit_of "stack.$service")"
    done | sort -u
}

# none_began_early NAME: each service was ready when the next began.
none_began_early() {
    local service ready=0 began
    for service in $SERVICES; do
        began=$(property "$(unit_of "stack.$service")" InactiveExitTimestampMonotonic)
        ok "$1: $service begins when the one before it is ready" test "$began" -gt "$ready"
        ready=$(property "$(unit_of "stack.$service")" ActiveEnterTimestampMonotonic)
    done
}

# order_of WORD JOURNALCTL-OPTION...: the services in the order in which PID 1 says so of their units.
order_of() {
    local word=$1
    shift
    journalctl --quiet --output=json "$@" _PID=1 | jq -r 'select(.UNIT != null) | .UNIT + " " + (.MESSAGE | tostring)' |
        sed -n "s/^sealift-stack\.\([a-z]*\)@[^ ]* $word .*/\1/p" | tr '\n' ' '
}

comes_up() {
    example_tree "$MANIFEST" "$STACK"
    example_grant "$MANIFEST" stack
    stack_publish 1
    ok "a bundle of three services comes up" sealift check
    is "$(page)" 1 "the proxy hands what the application has to the world"
    none_began_early "release 1"
}

shares_a_network() {
    local network service
    network=$(one_network)
    is "$(wc -l <<<"$network")" 1 "they are in one network"
    unlike "$network" "^$(readlink /proc/1/ns/net)$" "which is not the host's"
    is "$(networks)" 1 "and a unit holds it"
    not_ok "the application cannot be reached past the proxy" curl --silent --max-time 5 http://localhost:8080/
    is "$(for service in $SERVICES; do tmp_of "$service"; done | sort -u | wc -l)" 3 "each has a /tmp of its own: files are not shared"
}
tmp_of() { stat --format='%d %a' "/proc/$(pid_of "$(unit_of "stack.$1")")/root/tmp" | grep ' 1777$'; }

# another_start SERVICE PID
another_start() { another_pid "$(unit_of "stack.$1")" "$2"; }

stays_together() {
    local network service pid pids
    network=$(one_network)
    systemctl daemon-reload
    for service in $SERVICES; do
        pid=$(pid_of "$(unit_of "stack.$service")")
        kill -KILL "$pid"
        ok "$service is killed, and runs again" await 10 another_start "$service" "$pid"
    done
    is "$(one_network)" "$network" "in the same network, each"
    pids=$(for service in $SERVICES; do pid_of "$(unit_of "stack.$service")"; done)
    # shellcheck disable=SC2086 # numbers
    kill -KILL $pids
    for service in $SERVICES; do
        pid=${pids%%$'\n'*}
        pids=${pids#*$'\n'}
        ok "all are killed at once; $service runs again" await 10 another_start "$service" "$pid"
    done
    is "$(one_network)" "$network" "and still in the same network"
    ok "and the page is there" await 10 page
}

moves_as_one() {
    local before from=@$EPOCHREALTIME
    before=$(one_network)
    # A sealift-unitd that was started anew knows its units in another order.
    systemctl kill --kill-whom=main --signal=KILL sealift-unitd.service
    stack_publish 2
    ok "release 2 comes up" sealift check
    is "$(page)" 2 "and answers"
    is "$(versions)" "2 " "all that runs is of release 2"
    unlike "$(one_network)" "^$before$" "in a network of its own"
    is "$(networks)" 1 "and that of release 1 is gone"
    is "$(order_of Started --since="$from")" "shipper app proxy " "its services were started in order"
    is "$(order_of Stopping --since="$from")" "proxy app shipper " "and those of release 1 stopped in the other one"
    is "$(order_of Stopped --since="$from")" "proxy app shipper " "none before the one before it was gone"
}

# goes_back VERSION SED-SCRIPT WHAT STARTED
goes_back() {
    local from=@$EPOCHREALTIME units
    units=$(systemctl list-units --plain --no-legend 'sealift-stack.*.service' | awk '{ print $1 }')
    stack_publish "$1" "$2"
    not_ok "$3: release $1 does not come up" sealift check
    is "$(versions)" "2 " "$3: all that runs is of release 2"
    is "$(systemctl list-units --plain --no-legend 'sealift-stack.*.service' | awk '{ print $1 }')" "$units" "$3: and was never stopped"
    is "$(order_of Started --since="$from")" "$4" "$3: what comes after it was not started"
    is "$(networks)" 1 "$3: and nothing is left of it"
    is "$(page)" 2 "$3: release 2 answers"
}

# The unit that holds the network ends at once: systemd says nothing, and gives each service a network of its own (257 finds
# one by any unit that joined it, so that there is nothing to see).
stands_apart() {
    local from=@$EPOCHREALTIME
    if [ "$(systemctl --version | sed -n 's/^systemd \([0-9]*\).*/\1/p')" -ge 255 ]; then
        skip "this systemd keeps them together all the same"
        return
    fi
    site_dropin sealift-network@ Service RemainAfterExit=no
    goes_back 5 '' "no common network" "shipper app "
    like "$(journalctl --quiet --output=cat --since="$from" "MESSAGE_ID=${EVENT[wall]}")" "not in the network of sealift-stack.shipper@5" \
        "and why is told"
    site_dropin_gone sealift-network@
}

# systemd alone would start the first one at once: it cannot know of a unit that is not made yet.
waits_in_any_order() {
    printf '%s\n' '[Bundle]' Name=pair Version=1 '[Service after]' After=before 'ExecStart=/usr/bin/sleep infinity' \
        '[Service before]' 'ExecStart=/usr/bin/sleep infinity' >/srv/pair.manifest
    mkdir -p /srv/pair
    publish_release 1 /srv/pair /srv/pair.manifest
    sealift check || true
    ok "whoever comes first by name waits all the same" test \
        "$(property 'sealift-pair.after@*' InactiveExitTimestampMonotonic)" -gt "$(property 'sealift-pair.before@*' ActiveEnterTimestampMonotonic)"
}

# A network goes when nobody needs it any more; systemd may not be done with that when it is needed again.
up_and_down() {
    local slow=/etc/systemd/system/sealift-network@.service.d starter said
    mkdir -p $slow
    # shellcheck disable=SC2016 # for systemd
    printf '[Service]\nExecStop=/bin/sh -c "until [ -e /srv/go ]; do sleep 0.1; done"\n' >$slow/slow.conf
    systemctl daemon-reload
    ok "a bundle is stopped" sealift stop guest
    ok "its network is about to go" await 20 network_is deactivating
    sealift start guest >/srv/started 2>&1 &
    starter=$!
    ok "and is wanted again" await 20 waits_or_failed
    touch /srv/go
    wait "$starter" && said=0 || said=$?
    is "$said $(cat /srv/started)" "0 guest runs release 1" "which is waited for"
    rm -r $slow
    systemctl daemon-reload
}
network_is() { [ "$(systemctl show -P ActiveState 'sealift-network@guest.*')" = "$1" ]; }
waits_or_failed() { systemctl list-jobs --plain --no-legend | grep -q 'sealift-network@guest.* start ' || [ -s /srv/started ]; }

nobody_else() {
    local from=@$EPOCHREALTIME
    printf '[Bundle]\nName=guest\nVersion=1\n[Service main]\nExecStart=/usr/bin/sleep infinity\n[Sandbox main]\nNetwork=bundle\n' >/srv/guest.manifest
    mkdir -p /srv/guest
    publish_release 1 /srv/guest /srv/guest.manifest
    sealift check || true
    unlike "$(readlink "/proc/$(pid_of "$(unit_of guest)")/ns/net")" "^$(one_network)$" \
        "another bundle has a network of its own"
    up_and_down
    site_dropin sealift-guest.main@ Unit \
        "JoinsNamespaceOf=$(systemctl list-units --plain --no-legend 'sealift-network@stack.*' | awk '{ print $1 }')"
    sed -i 's/^Network=bundle/Network=none/' /srv/guest.manifest
    publish_release 2 /srv/guest /srv/guest.manifest
    not_ok "whoever is put into it" sealift check
    like "$(journalctl --quiet --output=cat --since="$from" "MESSAGE_ID=${EVENT[wall]}")" "guest.*is in the network of sealift-stack" "is stopped"
    site_dropin_gone sealift-guest.main@
}

# One transaction of systemd's, without sealift: as when the machine goes down.
goes_down() {
    local from=@$EPOCHREALTIME
    systemctl stop 'sealift-network@stack.*.service'
    is "$(order_of Stopped --since="$from")" "proxy app shipper " "systemd stops them in order by itself"
}

case $PHASE in
    1)
        bucket_start
        publisher_init
        agent_configure
        agent_start
        comes_up
        shares_a_network
        stays_together
        moves_as_one
        goes_back 3 's|^ExecStart=/bundle/caddy.*|ExecStart=/usr/bin/false|' "the second fails" "shipper "
        goes_back 4 's|^ExecStart=/bundle/haproxy.*|ExecStart=/usr/bin/false|' "the last fails" "shipper app "
        stands_apart
        waits_in_any_order
        nobody_else
        goes_down
        agent_enable
        next_boot reboot
        ;;
    2)
        ok "after the reboot the page is there" await 20 page
        none_began_early "after a reboot"
        is "$(wc -l <<<"$(one_network)")" 1 "in one network"
        ;;
esac
done_testing
