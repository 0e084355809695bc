#!/usr/bin/env bash
# The agent's own clock: it notices a release without being asked, waits longer after each failure, at times that chance spreads,
# and goes on by itself once an outage is over.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# pause: seconds from the last check to the next.
pause() { sealift status --json | jq '(.next_check | fromdate) - (.last_check | fromdate)'; }
# splay USEC: the second of that long a time which is this machine's own.
splay() {
    local id
    id=$(systemd-id128 machine-id --app-specific=5a9e2c610d4b4f3e8a579c116bf2d034)
    python3 -c "print(int('${id:0:16}', 16) % $1 // 1000000)"
}
# pause_is_own: the next check is at most 3600/16 s before a time of this machine's own, half an hour away at least.
pause_is_own() {
    local next early got
    next=$(sealift status --json | jq '.next_check | fromdate')
    early=$((($(splay 3600000000) + 3600 - next % 3600) % 3600))
    got=$(pause)
    diag "next at $next, $early s early, after $got s"
    [ "$early" -le 226 ] && [ "$got" -ge 1570 ] && [ "$got" -le 5401 ]
}
# pause_is MOST: that many seconds, less a quarter at most; dates are whole seconds.
pause_is() {
    local got
    got=$(pause)
    diag "$got s"
    [ "$got" -le $(($1 + 1)) ] && [ "$got" -ge $(($1 * 3 / 4 - 1)) ]
}
pauses() {
    for _ in 1 2 3 4; do
        sealift check >&2
        pause
    done
}
poll_every() {
    sed -i "s/^PollSec=.*/PollSec=$1/" /etc/sealift/sealift.conf
    systemctl restart sealiftd.service
}
has_failed() { [ "$(sealift status --json | jq -r .last_result)" != "up to date" ]; }

web_begin
ok "after a success the next check is at a time of the machine's own" pause_is_own
ok "give or take what chance says" [ "$(pauses | sort -u | wc -l)" -gt 1 ]
bucket_stop
for most in 15 30 60 120; do
    not_ok "no bucket: the check fails" sealift check
    ok "the next one is at most $most s away" pause_is "$most"
done
next=$(sealift status --json | jq -r .next_check)
requests_mark
systemctl restart sealiftd.service
ok "the agent is restarted" await 20 web_is running
is "$(sealift status --json | jq -r .next_check)" "$next" "and does not ask before it would have"
is "$(requests_count)" 0 "not once"
sed -i 's/^Next=20/Next=21/' "$STORE/trust/polls"
systemctl restart sealiftd.service
ok "a pause that no clock can have meant is none" await 20 has_failed
bucket_start
ok "the bucket is back" sealift check
ok "and the pauses are as before" pause_is_own
is "$(ls "$STORE/trust/polls" 2>/dev/null)" "" "nothing is remembered of failures that are over"

# writes: what sealiftd, sealift-unitd and a sealift-fetch, which PID 1 starts, change on disk in a check with nothing new.
writes() {
    local daemon unitd
    sealift status >&2 # no write of before is under way then
    daemon=$(pid_of sealiftd.service)
    unitd=$(pid_of sealift-unitd.service)
    trace_begin -f -y -p 1 -p "$daemon" -p "$unitd" -e trace="execve,openat,write,writev,pwrite64,fsync,$OTHER_CALLS"
    sealift check >&2
    trace_end
    awk -v ours="$daemon $unitd" 'BEGIN { split(ours, all); for (i in all) on[all[i]] = 1 }
        /execve\("[^"]*\/sealift-fetch"/ { on[$1] = 1 } $1 in on' /srv/trace >/srv/ours
    grep -vE ' (alarm|setitimer|epoll_p?wait2?)\(| execve\(| openat\(.*O_(RDONLY|PATH)| <\.\.\. |[a-z0-9]\((AT_FDCWD[^,]*, "|[0-9]+<|")(/(run|proc|sys|dev)/|/memfd:|[a-z_]+:)' /srv/ours |
        grep -E '^[0-9]+ +[a-z0-9]+\('
}
# strace_waits: "work" each time that sealift-unitd sets an alarm, "wait" where it waits without one, "armed" where with one. A call
# that another process's line comes between is taken where it ends, which is where its timeout stands. One that does not wait
# (a timeout of 0) is none: sd-event looks so for more before it goes on with what it has.
strace_waits() {
    local unitd
    unitd=$(pid_of sealift-unitd.service)
    awk -v unitd="$unitd" '$1 != unitd { next }
        / alarm\(120| setitimer\(.*it_value=\{tv_sec=120, tv_usec=0\}\},/ { print "work"; armed = 1 }
        / alarm\(0| setitimer\(.*it_value=\{tv_sec=0, tv_usec=0\}\},/ { armed = 0 }
        / epoll_p?wait2?\(| epoll_p?wait2? resumed/ && !/<unfinished|\], [0-9]+, (0|\{tv_sec=0, tv_nsec=0\})[,)]/ { print armed ? "armed" : "wait" }' \
        "${1:-/srv/trace}" | uniq | xargs
}
OTHER_CALLS='?alarm,setitimer,?epoll_wait,epoll_pwait,epoll_pwait2,fdatasync,syncfs,?rename,renameat,renameat2,?unlink,unlinkat,?mkdir,mkdirat,?symlink,symlinkat,?link,linkat,truncate,ftruncate,fallocate,fchmod,fchmodat,?chmod,fchown,fchownat,utimensat,copy_file_range,sendfile'
nothing_to_deliver() { [ -z "$(find "$STORE/outbox" -name '*.json')" ]; }
ok "once more" sealift check
ok "what there was to say has been said" await 40 nothing_to_deliver
is "$(writes)" "" "a check with nothing new writes nothing"
like "$(cat /srv/ours)" "/var/lib/sealift/trust" "though it looked"
like "$(cat /srv/ours)" 'sealift-fetch"' "and asked the bucket"
like "$(strace_waits)" "^(work )?(wait work )+wait( work)?$" "sealift-unitd, at work, is ended when it hangs; waiting, it may for ever"

# wakers: what could wake a daemon of ours before the next poll is due: a timer, or a wait that ends by itself.
wakers() {
    local pid file
    for pid in $(pgrep -x 'sealiftd|sealift-unitd'); do
        for file in "/proc/$pid/fdinfo"/*; do
            awk -v name="$(cat "/proc/$pid/comm")" '/^it_value: / { gsub(/[(,]/, "", $2); if ($2 + 0 > 0 && $2 + 0 < 500) print name, $2 }' "$file"
        done
        # the fourth argument of epoll_wait(2), epoll_pwait(2): forever
        awk -v name="$(cat "/proc/$pid/comm")" '$5 !~ /^0xf+$/ { print name, "waits", $0 }' "/proc/$pid/syscall"
    done
}
nobody_wakes() { [ -z "$(wakers)" ]; }
is "$(pgrep -xc 'sealiftd|sealift-unitd')" 2 "two processes wait"
ok "and for nothing that comes before the next poll" await 20 nobody_wakes
is "$(wakers)" "" "nobody is to be woken"

# A window that is closed, and opens in two hours, for two: long before the next poll.
# wakes_for_window: at this machine's own time in the first quarter of it, not all of a fleet at once; give or take the moment between
# two looks at the clock.
wakes_for_window() {
    local behind own opening
    opening=$(date -d "$(sed -n 's/^Window=\([^-]*\)-.*/\1/p' /etc/sealift/sealift.conf)" +%s)
    behind=$(((86400 + $(sealift status --json | jq '.next_check | fromdate') - opening) % 86400))
    own=$(splay 1800000001)
    diag "$behind s behind the opening, $own s are this machine's own"
    [ "$behind" -ge "$own" ] && [ "$behind" -le $((own + 30)) ]
}
sed -i "s/^PollSec=.*/PollSec=1d/" /etc/sealift/sealift.conf
agent_window +2 +4
web_publish 2
like "$(sealift check)" "^up to date, but for what waits for Window=" "a release is found, and waits"
ok "the agent looks again when it opens" wakes_for_window
is "$(web_page)" 1 "the old one runs on"
like "$(sealift why web)" "window +failed: web: another release waits for Window=, which opens at " "it says until when"
journal_mark
ok "another check" sealift check
is "$(journal_since "MESSAGE_ID=${EVENT[refused]}")" "" "which is said once"
ok "whoever does not want to wait" sealift check --now
is "$(web_page)" 2 "has it at once"
web_publish 3
ok "the next one" sealift check
is "$(web_page)" 2 "waits again"
agent_window -1 +1
ok "an open window: it is installed" await 30 web_answers 3
agent_window
ok "without one, the next check is at any time" sealift check

# Several who ask: what the first one's poll has already asked for may be older than the others' wish; one more is enough for
# them. They are all there before the first has its answer.
checks_asked() { [ "$(grep -c Member=CheckNow /srv/calls)" -ge "$1" ]; }
timestamps() { requests_count '.path == "/metadata/timestamp.json"'; }
evil_start
evil_rule /metadata/timestamp.json wait /srv/gate
requests_mark
busctl monitor --match="member='CheckNow'" >/srv/calls 2>&1 &
monitor=$!
ok "somebody watches the bus" await 40 grep -q Monitoring /srv/calls
asking=()
for n in 1 2 3; do
    sealift check >&2 &
    asking+=($!)
    ok "check $n is asked for" await 40 checks_asked "$n"
    await_requests 40 1 '.path == "/metadata/timestamp.json"'
done
kill "$monitor"
wait "$monitor" || true
ok "the agent has heard of them: it answers who came after" sealift status
is "$(timestamps)" 1 "one poll waits for the bucket"
touch /srv/gate
for n in 1 2 3; do
    status=0
    wait "${asking[n - 1]}" || status=$?
    is "$status" 0 "check $n is answered"
done
is "$(timestamps)" 2 "two requests at once are one"
bucket_start

poll_every 2s
web_publish 4
ok "a release is noticed by itself" await 20 web_answers 4
bucket_stop
ok "so is an outage" await 20 has_failed
web_publish 5
bucket_start
ok "and its end" await 20 web_answers 5
done_testing
