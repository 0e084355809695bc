#!/usr/bin/env bash
# Under load: a real server is updated ten times and rolled back once, and is moved to a release that may not run beside the
# old one, while thousands of requests a second come in. Not one connection is refused, reset or lost.
#
# wrk makes the load, half of it with a connection for each request, half on connections that are kept alive; it does not
# notice a connection that is never answered, so clients.py asks beside it at many paces and accounts for each connection.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

EXAMPLE=/usr/share/doc/sealift/manifests/haproxy.manifest
TREE=/srv/haproxy
UPDATES=10
PORT=8083
URL=http://localhost:$PORT/
RATE=2000 # requests a second, at least, over the whole run

# publish VERSION [SED-SCRIPT]: the server answers with the number of its release; the script changes its manifest.
publish() {
    sed "s/string .*/string release-$1/" /srv/haproxy.cfg >"$TREE/haproxy.cfg"
    sed "${2:-}" "$EXAMPLE" >/srv/haproxy.manifest
    publish_release "$1" "$TREE" /srv/haproxy.manifest
}

figure() { jq "$@" /srv/clients.json; }
# answers_of VERSION: whether the clients have had answers of that release.
answers_of() { [ "$(figure ".bodies[\"release-$1\"] // 0")" -gt 0 ]; }

load_begin() {
    wrk --threads 1 --connections 32 --duration 10m --timeout 30s --script /tests/host/wrk.lua \
        --header 'Connection: close' "$URL" >/srv/wrk.close &
    load=($!)
    wrk --threads 1 --connections 32 --duration 10m --timeout 30s --script /tests/host/wrk.lua "$URL" >/srv/wrk.kept &
    load+=($!)
    /tests/host/clients.py "$PORT" /srv/clients.json &
    load+=($!)
    await 20 answers_of 1
}

# wrk ends in order at SIGINT.
load_end() {
    kill -INT "${load[0]}" "${load[1]}"
    kill -TERM "${load[2]}"
    wait "${load[@]}"
}

wrk_figures() { tail -n 1 "/srv/wrk.$1"; }
wrk_lost() { wrk_figures "$1" | jq --compact-output '{connect, read, write, status, timeout} | with_entries(select(.value != 0))'; }
wrk_rate() { wrk_figures "$1" | jq '.requests / .seconds | floor'; }

# update VERSION: under load, with something that a host does now and then in its way.
update() {
    publish "$1"
    case $1 in
        4) systemctl daemon-reload ;;
        6) systemctl kill --signal=KILL sealift-unitd.service ;;
    esac
    ok "release $1 is installed" sealift check
    ok "and answers" await 20 answers_of "$1"
}

# It takes the socket and answers, but never says that it is ready.
on_trial() {
    publish bad 's|/haproxy -Ws|/haproxy -W|; s|^TimeoutStartSec=.*|TimeoutStartSec=15s|'
    not_ok "a release that fails on trial" sealift check
    is "$(bundle_state haproxy version)" $((UPDATES + 1)) "is rolled back"
    ok "it had answered some" answers_of bad
}

# Two on one state directory would be none: the old one stops before the new one starts, and connections wait meanwhile.
one_at_a_time() {
    publish alone 's|^\[Service main\]|&\nStateDirectory=yes|'
    ok "a release that may not run beside the old one is installed" sealift check
    ok "and answers" await 20 answers_of alone
}

opened() { systemctl show --property=ActiveEnterTimestampMonotonic --value sealift-haproxy.main.socket; }

report() {
    local kind
    for kind in close kept; do
        diag "wrk, $kind: $(wrk_rate "$kind") requests a second; $(wrk_figures "$kind")"
        is "$(wrk_lost "$kind")" "{}" "no connection of wrk's was refused, reset or cut off (connections: $kind)"
    done
    diag "clients: $(figure -c .)"
    is "$(figure --compact-output .lost)" "{}" "every connection of the clients was answered"
    ok "there were $RATE requests a second" test $(($(wrk_rate close) + $(wrk_rate kept))) -ge "$RATE"
}

bucket_start
publisher_init
agent_configure
agent_grant haproxy "Listen=tcp:$PORT"
agent_start
mkdir -p "$TREE"
(cd "$TREE" && sh -ec "$(example_says "$EXAMPLE" 'The tree')")
mv "$TREE/haproxy.cfg" /srv/haproxy.cfg
publish 1
ok "release 1 is installed" sealift check
first_opened=$(opened)
load_begin
for ((version = 2; version <= UPDATES + 1; version++)); do update "$version"; done
on_trial
one_at_a_time
load_end
is "$(opened)" "$first_opened" "the socket was never closed"
report
done_testing
