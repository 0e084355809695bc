#!/usr/bin/env bash
# Programs of ours that stand between systemd and a service, sealift-proxy and sealift-hold, are killed, as is sealift-unitd while a
# job waits for it: services run on, and what was killed comes back, or is told.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

TREE=/srv/docs
STATE=/var/lib/private/sealift-docs   # the program listens unless there is "closed"
CACHE=/var/cache/private/sealift-docs # the job says here how far it has come, and waits for "go" before it begins
WAKE=sealift-wake@docs.nightly:timer.service

docs_publish() {
    mkdir -p $TREE/www
    echo "release 1" >$TREE/www/index.html
    cat >$TREE/serve <<'SH'
#!/bin/sh
while [ -e "$STATE_DIRECTORY/closed" ]; do sleep 0.1; done
exec /usr/bin/python3 -m http.server 8000 --bind 127.0.0.1 --directory /bundle/www
SH
    cat >$TREE/before <<'SH'
#!/bin/sh
touch "$CACHE_DIRECTORY/waits"
until [ -e "$CACHE_DIRECTORY/go" ]; do sleep 0.1; done
rm "$CACHE_DIRECTORY/go" "$CACHE_DIRECTORY/waits"
SH
    cat >$TREE/work <<'SH'
#!/bin/sh
echo begun >>"$CACHE_DIRECTORY/begun"
SH
    chmod 755 $TREE/serve $TREE/before $TREE/work
    cat >/srv/docs.manifest <<'INTENT'
[Bundle]
Name=docs
Version=1
SoakSec=0

[Service main]
ExecStart=/bundle/serve
StateDirectory=yes
RestartSec=1s

[Socket main]
ListenStream=8084
Proxy=8000

[Service beside]
ExecStart=/usr/bin/sleep infinity

[Service work]
Type=oneshot
ExecStartPre=/bundle/before
ExecStart=/bundle/work
CacheDirectory=yes

[Timer nightly]
Service=work
OnCalendar=Mon *-02-03 04:05
INTENT
    publish_release 1 $TREE /srv/docs.manifest
}

page() { curl --silent --fail --max-time 20 http://localhost:8084/; }
page_comes() { [ "$(page)" = "release 1" ]; }
# services [NAME...]: which processes they are; all three, unless said.
services() {
    local name unit
    [ $# -gt 0 ] || set -- main main-proxy beside
    for name; do
        unit=$(unit_of "docs.$name")
        echo "$name $(property "$unit" InvocationID) $(pid_of "$unit")"
    done
}
# Of sealift-proxy and sealift-hold there is one at a time; a program has taken the place of each when it has done its work.
is_another() { local pid; pid=$(pgrep --exact "$1") && [ "$pid" != "$2" ]; }

proxy_killed() {
    local before unit pid
    before=$(services main beside)
    unit=$(unit_of docs.main-proxy)
    pid=$(pid_of "$unit")
    kill -KILL "$pid"
    ok "what stands before a program is killed: it comes back" await 30 another_pid "$unit" "$pid"
    ok "and passes on" await 30 page_comes
    is "$(services main beside)" "$before" "the program and what runs beside it are the same processes"
}

# While its program does not listen it is sealift-proxy, later systemd's own.
proxy_waits() {
    local before unit pid
    touch $STATE/closed
    unit=$(unit_of docs.main)
    pid=$(pid_of "$unit")
    kill -KILL "$pid"
    await 30 another_pid "$unit" "$pid"
    before=$(services main beside)
    kill -KILL "$(pid_of "$(unit_of docs.main-proxy)")"
    await 30 is_another sealift-proxy ""
    pid=$(pgrep --exact sealift-proxy)
    kill -KILL "$pid"
    ok "it is killed while it waits for its program: it waits again" await 30 is_another sealift-proxy "$pid"
    rm $STATE/closed
    ok "until that listens" await 30 page_comes
    is "$(services main beside)" "$before" "which is the same process all the time"
    is "$(bundle_state docs state)" running "status says that all runs"
}

# job_waits: its time has come; it is sealift-hold, and sealift-unitd has not seen it yet.
job_waits() {
    await_inactive 30 $WAKE # of the job before
    systemctl start $WAKE
    await 30 test -e $CACHE/waits
    unitd=$(pid_of sealift-unitd.service)
    kill -STOP "$unitd"
    touch $CACHE/go
    await 30 is_another sealift-hold ""
}
job_said() { [ "$(sealift status --json | jq -r '.bundles[].jobs[0].result')" = "$1" ]; }
begun() { if [ -e $CACHE/begun ]; then wc -l <$CACHE/begun; else echo 0; fi; }

hold_killed() {
    local before unitd
    before=$(services)
    job_waits
    journal_mark
    kill -KILL "$(pgrep --exact sealift-hold)"
    kill -CONT "$unitd"
    ok "what a job waits in is killed: the job is told to have failed" await 30 job_said signal
    like "$(await_journal 30 MESSAGE_ID=a5adf467020c453e9a45a14ef7e4216a)" "work.*job failed.*killed by SIGKILL" "the journal says of what"
    is "$(begun)" 0 "it has not begun"
    is "$(services)" "$before" "services are the same processes"
    ok "and answer" page_comes
}

unitd_killed() {
    local before unitd
    before=$(services)
    job_waits
    kill -KILL "$unitd"
    ok "sealift-unitd is killed while a job waits for it: there is another" await 30 another_pid sealift-unitd.service "$unitd"
    ok "which has seen the job, and it has come to its end" await 30 job_said success
    is "$(begun)" 1 "having run once"
    is "$(services)" "$before" "services are the same processes"
    ok "and answer" page_comes
}

bucket_start
publisher_init
agent_configure
agent_grant docs Listen=tcp:8084
agent_start
docs_publish
ok "a program behind a proxy, a service beside it, and a job" sealift check
ok "answers" await 30 page_comes
proxy_killed
proxy_waits
hold_killed
unitd_killed
done_testing
