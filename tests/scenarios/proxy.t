#!/usr/bin/env bash
# A program that knows nothing of sockets is served through systemd-socket-proxyd in a network of its own, and where
# ExitIdle= says so there is no process of it between connections.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

EXAMPLE=/usr/share/doc/sealift/manifests/docs.manifest
TREE=/srv/docs
URL=http://localhost:8084/

# publish VERSION [SED-SCRIPT]: pages that say which release they are of.
publish() {
    echo "release $1" >"$TREE/www/index.html"
    sed "${2:-}" "$EXAMPLE" >/srv/docs.manifest
    publish_release "$1" "$TREE" /srv/docs.manifest
}
BRIEF='s|^ExitIdle=.*|ExitIdle=1s|'

page() { curl --silent --show-error --fail --max-time 60 "$URL"; }
units() { systemctl list-units --plain --no-legend --state=active,activating,deactivating "sealift-docs.${1:-*}@*.service" | awk '{ print $1 }'; }
nothing_runs() { [ -z "$(units)" ] && [ -z "$(systemctl list-units --plain --no-legend --state=active 'sealift-network@docs.*')" ]; }
both_run() { [ -n "$(units main)" ] && [ -n "$(units main-proxy)" ]; }
network_of() { readlink "/proc/$(pid_of "$(units "$1")")/ns/net"; }
# job_time WORD SERVICE VERSION: when systemd said so of that release's unit, in microseconds.
job_time() {
    journalctl --quiet --output=json _PID=1 |
        jq -r --arg word "$1" --arg service "$2" --arg version "$3" 'select(.MESSAGE | tostring |
            test("^" + $word + " sealift-docs." + $service + "@" + $version + "-")) | .__MONOTONIC_TIMESTAMP' | tail -n 1
}
before() { [ -n "$1" ] && [ -n "$2" ] && [ "$1" -lt "$2" ]; }
# But of the death that a scenario has caused itself.
complaints() {
    journalctl --quiet --output=cat --priority=warning --identifier=sealiftd --identifier=sealift-unitd "$@" |
        { grep -v "it was killed by SIGKILL" || true; }
}

stands_between() {
    local said service when program proxy
    is "$(page)" "release 1" "the program answers"
    is "$(network_of main)" "$(network_of main-proxy)" "it has one network with what stands before it"
    is "$(nsenter --net --target "$(pid_of "$(units main)")" ip -brief link | awk '{ print $1 }')" lo "which is a loopback and nothing else"
    not_ok "where nobody else reaches it" curl --silent --max-time 5 http://127.0.0.1:8000/
    for when in "at first" "after daemon-reload"; do
        for service in main main-proxy; do
            said=$(exposure "$(units "$service")")
            ok "exposure of $service is $said, $when: at most 0.4" at_most "$said" 0.4
        done
        systemctl daemon-reload
    done
    kill -KILL "$(pid_of "$(units main)")"
    ok "a program that dies is started again" await 20 page
    program=$(pid_of "$(units main)") proxy=$(pid_of "$(units main-proxy)")
    kill -KILL "$proxy"
    ok "what stands before it, too" await 20 another_pid "$(units main-proxy)" "$proxy"
    is "$(page)" "release 1" "and answers"
    is "$(pid_of "$(units main)")" "$program" "while the program has gone on"
    kill -TERM "$(pid_of "$(units main)")"
    ok "when it ends in order, so does what stands before it" await 20 nothing_runs
    is "$(page)" "release 1" "and a connection starts both"
}

beside() {
    publish 2
    ok "release 2 is installed" sealift check
    is "$(page)" "release 2" "and answers"
    ok "the new program was up before the old one was stopped" before "$(job_time Started main 2)" "$(job_time Stopping main 1)"
    ok "so was what stands before it" before "$(job_time Started main-proxy 2)" "$(job_time Stopping main-proxy 1)"
    ok "the old one closed before its program did" before "$(job_time Stopped main-proxy 1)" "$(job_time Stopped main 1)"
    is "$(units | wc -l)" 2 "nothing is left of the old one"
}

wakes_and_rests() {
    local connection
    publish 3 "$BRIEF"
    ok "a release that rests is installed" sealift check
    ok "when nobody has ever come, no process is left" await 30 nothing_runs
    is "$(bundle_state docs state)" running "which is no failure"
    is "$(page)" "release 3" "the first connection is answered"
    exec {connection}<>/dev/tcp/localhost/8084 # as long as it lasts
    ok "by the program and what stands before it" await 30 both_run
    exec {connection}>&-
    ok "and again there is no process" await 30 nothing_runs
    for _ in 1 2 3 4 5 6 7 8; do page & done >/srv/pages
    # shellcheck disable=SC2046 # the pages, and nothing else
    wait $(jobs -p) || true
    is "$(sort -u /srv/pages)$(wc -l </srv/pages)" "release 38" "eight that come at once are all answered"
    ok "and once more there is no process" await 30 nothing_runs
    is "$(systemctl is-active sealift-docs.main.socket)" active "systemd listens"
}

# The agent has all that this machine runs started, and what rests is part of it as it is.
agent_anew() {
    local mark=$journal_from
    journal_mark
    systemctl restart sealiftd.service
    ok "an agent that is started anew finds it well" await_journal 30 MESSAGE_ID=7dbb6255a341430bb67ac15da27939b4 SEALIFT_BUNDLE=docs
    is "$(journal_since _PID=1 | grep "^Start.* sealift-docs" || true)" "" "and wakes nobody"
    is "$(page)" "release 3" "a connection does"
    ok "it rests" await 30 nothing_runs
    journal_from=$mark
}

stops() { test -d "/proc/$(property "$(units main)" ControlPID)/root/bundle"; }
# What stops it has a /tmp of its own, as everything has that shares a network.
stop_goes_on() { touch "/proc/$(property "$(units main)" ControlPID)/root/tmp/go"; }
wakes() { journal_since _PID=1 | grep -q "Starting sealift-wake@docs.main.service"; }
# Two of one release on one port would be none.
wakes_while_it_stops() {
    local asked mark=$journal_from
    publish 3.1 "$BRIEF; s|^ExecStart=.*|&\nExecStop=/usr/bin/sh -c \"until [ -e /tmp/go ]; do sleep 0.1; done\"|"
    ok "a release that takes its time to stop is installed" sealift check
    ok "the program is being stopped" await 30 stops
    journal_mark
    page >/srv/page &
    asked=$!
    ok "a connection that comes now is seen" await 30 wakes
    stop_goes_on
    wait "$asked" || true
    is "$(cat /srv/page)" "release 3.1" "and is answered, when the program has been stopped and started again"
    ok "that is to be stopped, too" await 30 stops
    stop_goes_on
    ok "it rests" await 30 nothing_runs
    journal_from=$mark
}

docs_is() { [ "$(bundle_state docs state)" = "$1" ]; }
rests_at_last() { stop_goes_on 2>/dev/null || nothing_runs; }
# Nobody has stopped it: an agent that is started anew meanwhile waits for the end of that, and finds it well.
agent_anew_while_it_stops() {
    local mark=$journal_from
    page >/dev/null
    ok "the program is being stopped once more" await 30 stops
    journal_mark
    systemctl restart sealiftd.service
    ok "an agent that is started anew waits for that" await 30 docs_is starting
    stop_goes_on
    ok "and finds it well" await_journal 30 "MESSAGE_ID=${EVENT[restored]}" SEALIFT_BUNDLE=docs
    ok "status says so" docs_is running
    await 30 rests_at_last
    ok "it rests" await 30 nothing_runs
    journal_from=$mark
}

update_at_rest() {
    publish 4 "$BRIEF"
    ok "a release is installed over one that rests" sealift check
    is "$(page)" "release 4" "and answers"
}

# Its program listens where nobody asks.
on_trial() {
    journal_mark
    publish 5 "$BRIEF; s|http.server 8000|http.server 8001|; s|^TimeoutStartSec=.*|TimeoutStartSec=7s|"
    not_ok "a release that does not listen where it says fails on trial" sealift check
    like "$(complaints --since="$journal_from")" "nobody listens on 127.0.0.1:8000 yet" "and the journal says why"
    is "$(bundle_state docs version)" 4 "it is rolled back"
    is "$(page)" "release 4" "the one before answers"
    ok "and rests" await 30 nothing_runs
    is "$(page)" "release 4" "and wakes"
}

# Where the socket listens is the host's to say; only who holds the socket has to be another then.
host_decides() {
    local program
    publish 6
    ok "a release that stays is installed" sealift check
    program=$(units main)
    mkdir -p /etc/sealift/bundles.d
    printf '[Socket main]\nListenStream=8085\n' >/etc/sealift/bundles.d/docs.conf
    agent_grant docs Listen=tcp:8085
    systemctl restart sealiftd.service
    URL=http://localhost:8085/
    ok "where the host says, it listens" await 20 page
    is "$(page)" "release 6" "and answers"
    not_ok "and nowhere else" curl --silent --max-time 5 http://localhost:8084/
    is "$(units main)" "$program" "the program has not been started again for it"
}

only_a_runs() { [ -n "$(systemctl list-units --plain --no-legend --state=active 'sealift-docs.a.main@*')" ] && [ -z "$(systemctl list-units --plain --no-legend --state=active 'sealift-docs.b.main@*')" ]; }
# Each instance wakes and rests by itself.
instances() {
    local name port connection
    rm /etc/sealift/bundles.d/docs.conf
    for name in a b; do
        port=$([ "$name" = a ] && echo 8084 || echo 8085)
        printf '[Socket main]\nListenStream=%s\n' "$port" >"/etc/sealift/bundles.d/docs@$name.conf"
    done
    agent_grant docs Listen=tcp:8084-8085
    publish 7 "$BRIEF"
    ok "a release is installed, twice" sealift check
    ok "both rest" await 30 nothing_runs
    URL=http://localhost:8084/
    is "$(page)" "release 7" "one is woken"
    exec {connection}<>/dev/tcp/localhost/8084 # as long as it lasts
    ok "and that one only" await 30 only_a_runs
    exec {connection}>&-
    URL=http://localhost:8085/
    is "$(page)" "release 7" "then the other"
    ok "both rest again" await 30 nothing_runs
}

redis_rests() { [ -z "$(systemctl list-units --plain --no-legend --state=active,activating,deactivating 'sealift-redis.*@*.service')" ]; }
# What a program has in memory it has to write when it is stopped, as redis does.
keeps_state() {
    mkdir -p /srv/redis
    cp /usr/bin/redis-server /srv/redis
    sed '/^\[Sandbox/,$d' /usr/share/doc/sealift/manifests/redis.manifest >/srv/redis.manifest
    printf '[Socket main]\nListenStream=6380\nProxy=6379\nExitIdle=1s\n' >>/srv/redis.manifest
    agent_grant redis Listen=tcp:6380
    publish_release 1 /srv/redis /srv/redis.manifest
    ok "a database is installed" sealift check
    is "$(redis-cli -p 6380 set sealift "over a rest")" OK "takes what is to be kept"
    ok "and rests" await 30 redis_rests
    is "$(redis-cli -p 6380 get sealift)" "over a rest" "it is there when somebody asks again"
}

no_proxy_runs() { [ -z "$(units main-proxy)" ]; }
# Whatever unitd missed, it makes up for. A connection keeps both up until it hears nothing more; killed, it knows nothing.
unitd_is_away() {
    local connection
    exec {connection}<>/dev/tcp/localhost/8084
    ok "both run" await 30 both_run
    systemctl kill --signal=STOP sealift-unitd.service
    exec {connection}>&-
    ok "without unitd, what stands before the program ends" await 30 no_proxy_runs
    ok "and the program stays" test -n "$(units main)"
    systemctl kill --signal=KILL sealift-unitd.service
    ok "until unitd comes back" await 30 nothing_runs
    is "$(page)" "release 4" "a connection wakes it"
    ok "it rests" await 30 nothing_runs
}

bucket_start
publisher_init
agent_configure
agent_grant docs Listen=tcp:8084
agent_start
mkdir -p "$TREE"
(cd "$TREE" && sh -ec "$(example_says "$EXAMPLE" 'The tree')")
publish 1

ok "release 1 is installed" sealift check
journal_mark
stands_between
beside
wakes_and_rests
agent_anew
wakes_while_it_stops
agent_anew_while_it_stops
update_at_rest
is "$(complaints --since="$journal_from")" "" "nothing of this was reported as a failure"
on_trial
unitd_is_away
host_decides
instances
keeps_state
done_testing
