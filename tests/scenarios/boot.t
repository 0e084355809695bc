#!/usr/bin/env bash
# A machine boots without its bucket, without a network, with a clock that is ten years off either way, with expired metadata, each
# of them alone: what it ran runs again, from disk, side by side, and other units are ordered after it. And whatever is done to the
# programs of sealift, services are not touched.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_OPTIONS=(--clock)
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/slow.sh
. /tests/host/slow.sh

MIXED=/srv/mixed
END=/var/lib/private/sealift-mixed/end # what its job waits for
# A program behind sealift-proxy, and a job, which begins as sealift-hold; both run until they are told otherwise.
mixed_begin() {
    mkdir -p $MIXED/www
    echo mixed >$MIXED/www/index.html
    # shellcheck disable=SC2016 # for the job
    printf '#!/bin/sh\nuntil [ -e "$STATE_DIRECTORY/end" ]; do sleep 0.1; done\n' >$MIXED/work
    chmod 755 $MIXED/work
    cat >/srv/mixed.manifest <<'INTENT'
[Bundle]
Name=mixed
Version=1
SoakSec=0

[Service main]
ExecStart=/usr/bin/python3 -m http.server 8000 --bind 127.0.0.1 --directory /bundle/www
TimeoutStartSec=3min

[Socket main]
ListenStream=127.0.0.1:8084
Proxy=8000

[Service work]
Type=oneshot
ExecStart=/bundle/work
StateDirectory=yes

[Timer never]
Service=work
OnCalendar=Mon *-02-03 04:05
INTENT
    agent_grant mixed Listen=tcp:127.0.0.1:8084
    publish_release 1 $MIXED /srv/mixed.manifest
    ok "a bundle behind a proxy, with a job" sealift check
    is "$(mixed_page)" mixed "it answers"
    systemctl start sealift-wake@mixed.never:timer.service
    ok "its job runs" await 30 job_runs
}
mixed_page() { curl --silent --max-time 60 http://127.0.0.1:8084/; }
job_runs() { [ "$(systemctl list-units --plain --no-legend --state=running 'sealift-mixed.work@*' | wc -l)" = 1 ] && ! pgrep -x sealift-hold; }
job_ended_well() { [ "$(sealift status --json | jq -r '.bundles[] | select(.name == "mixed").jobs[0].result')" = success ]; }
mixed_end() {
    is "$(mixed_page)" mixed "what is behind the proxy answers"
    touch $END
    ok "the job's end is known" await 60 job_ended_well
}

# after_unit BUNDLE: a unit of the operator's that is ordered after it.
after_unit() {
    cat >"/etc/systemd/system/after-$1.service" <<UNIT
[Unit]
# The scenario itself comes after multi-user.target, which is to wait for none of these.
DefaultDependencies=no
Wants=sealift-bundle@$1.target
After=sealift-bundle@$1.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'curl --silent --max-time 5 http://localhost:8080/ >/srv/after-$1 || true; sealift status $1 >>/srv/after-$1 2>&1 || true'
ExecStop=/bin/sh -c 'curl --silent --max-time 5 http://localhost:8080/ >/srv/stopped-$1 || true'
[Install]
WantedBy=multi-user.target
UNIT
    systemctl enable --quiet "after-$1.service"
}
is_unit() { [ "$(systemctl show --property=ActiveState --value "$2")" = "$1" ]; }
state_is() { [ "$(bundle_state "$1" state)" = "$2" ]; }
invocations() {
    systemctl list-units --plain --no-legend --state=active,activating 'sealift-'{web,slow,mixed}'.*@*.service' 'sealift-network@*' | awk '{ print $1 }' |
        while read -r unit; do systemctl show --property=Id,InvocationID,MainPID "$unit"; done | LC_ALL=C sort | tr '\n' ' '
}
has_looked() { [ "$(sealift status --json | jq -r .last_result)" != "" ]; }
agent_answers() { sealift status >/dev/null || [ $? = 3 ]; }

waiting() {
    local status=0 said
    said=$(timeout 20 sealift wait --timeout=1s nothing 2>&1) || status=$?
    is "$status" 1 "a bundle that nobody knows is waited for"
    like "$said" "nothing does not run yet" "and that is said"
    ok "one that runs is not waited for" timeout 20 sealift wait web
    ok "by anybody" timeout 20 setpriv --reuid nobody --regid nogroup --clear-groups sealift wait web
    sealift stop web >/dev/null
    status=0
    timeout 20 sealift wait web 2>/dev/null || status=$?
    is "$status" 3 "one that is stopped is not waited for either"
    sealift wait --timeout=1min web & # until it is started
    wait $! || true
    sealift start web >/dev/null
}

# programs_change: whatever is done to them, in turn, the same processes run on.
programs_change() {
    local before unit pid program
    before=$(invocations)
    like "$before" "sealift-mixed.main-proxy@.*sealift-mixed.main@.*sealift-mixed.work@.*sealift-network@mixed.*sealift-slow.*sealift-web" "all run"
    for unit in sealiftd sealift-unitd; do
        for how in SIGKILL SIGTERM; do
            pid=$(pid_of $unit.service)
            if [ $how = SIGKILL ]; then kill -s KILL "$pid"; else systemctl restart $unit.service; fi
            ok "$unit, $how: it is back" await 30 another_pid $unit.service "$pid"
            ok "$unit, $how: the agent answers" await 30 agent_answers
            is "$(invocations)" "$before" "$unit, $how: services run on"
        done
    done
    # As a package manager does it: other files under the same names, then a reload and a restart of each.
    is "$(cd /usr/libexec/sealift && echo *)" "sealift-fetch sealift-hold sealift-probe sealift-proxy sealift-unitd sealift-unpack sealiftd" "these are all there are beside sealift"
    for program in /usr/libexec/sealift/* /usr/bin/sealift; do
        cp "$program" "$program.new"
        mv "$program.new" "$program"
    done
    systemctl daemon-reload
    systemctl restart sealift-fetch.socket sealift-unpack.socket sealift-unitd.socket sealift-unitd.service sealiftd.service
    ok "upgraded: the agent answers" await 30 agent_answers
    is "$(invocations)" "$before" "upgraded: services run on"
    systemctl daemon-reexec
    is "$(invocations)" "$before" "systemd re-executed: services run on"
    ok "and a check succeeds" sealift check
    is "$(invocations)" "$before" "which leaves them alone"
}

# other_format SED-SCRIPT: records as another sealift-unitd would have written them.
other_format() {
    local record
    systemctl stop sealift-unitd.socket sealift-unitd.service
    for record in /run/sealift/units/*; do sed -i "$1" "$record"; done
    systemctl start sealift-unitd.socket sealift-unitd.service
    systemctl restart sealiftd.service
    await 30 agent_answers
    sealift check >/dev/null
}
formats_change() {
    local before other=0000000000000000000000000000000000000000000000000000000000000000
    before=$(invocations)
    other_format '/^Rank=/d; /^Notify=/d; /^Site=/d; /^Maker=/d; /^Run/d'
    is "$(invocations)" "$before" "records of an older sealift-unitd: services run on"
    is "$(bundle_state web state)" running "and are known"
    other_format "\$a Future=yes\n[Later]\nUnit=x"
    is "$(invocations)" "$before" "records of a newer one: services run on"
    other_format "s/^Config=.*/Config=$other/; s/^Maker=.*/Maker=0.0.1/"
    is "$(invocations)" "$before" "one that writes drop-ins otherwise: services run on"
    other_format "1a Site=$other"
    unlike "$(invocations)" "$before" "until this host's own files change, too"
    ok "they run again" await 30 web_answers 1
}

# What is ordered after a bundle needs it to the end; but it is only order. All are stopped at once, as by a shutdown.
stopped_in_order() {
    ok "a release is started anew" sealift restart web
    ok "what is ordered after it stays up" is_unit active after-web.service
    ok "and the target" is_unit active sealift-bundle@web.target
    printf '[Unit]\nConflicts=%s sealift-bundle@web.target after-web.service\n[Service]\nType=oneshot\nExecStart=/bin/true\n' "$(web_unit)" >/run/systemd/system/end.service
    systemctl start end.service
    ok "all are stopped" await 20 is_unit inactive after-web.service
    is "$(head -n 1 /srv/stopped-web)" 1 "what is ordered after a bundle stops first, and finds it there"
}

# What our units are ordered after, one way or another, be it by way of others.
ordered_after() {
    local unit next=("$@")
    local -A seen=()
    while [ ${#next[@]} -gt 0 ]; do
        for unit in "${next[@]}"; do seen[$unit]=1; done
        # Names with a backslash are quoted, and are slices and mounts.
        mapfile -t next < <(systemctl show -P After -- "${next[@]}" | tr ' ' '\n' | grep '^[^"]' | LC_ALL=C sort -u |
            while read -r unit; do [ -n "${seen[$unit]:-}" ] || echo "$unit"; done)
    done
    printf '%s\n' "${!seen[@]}"
}
NETWORK='^(network.*|nss-lookup|remote-fs.*|time-sync)\.target$|networkd|resolved'
# Every unit of ours that systemd knows now, also those that are only started when there is something to do.
needs_no_network() {
    local units unit
    mapfile -t units < <(systemctl list-units --all --plain --no-legend 'sealift*' | awk '{ print $1 }' | LC_ALL=C sort)
    for unit in sealiftd.service sealift-{unitd,fetch,unpack}.socket sealift-unitd.service "$(web_unit)" \
        "$(systemctl list-units --plain --no-legend --state=running 'sealift-slow.*' | awk '{ print $1 }')"; do
        like " ${units[*]} " " $unit " "$unit is one of ours"
    done
    units+=(sealift-bundle@web.target sealift-bundle-wait@web.service sealift-fetch@0.service sealift-unpack@0.service
        sealift-network@web.1.service sealift-turn@web.target sealift-wake@web.main.service)
    is "$(ordered_after "${units[@]}" | grep -E "$NETWORK")" "" "no unit of ours is ordered after a network, be it by way of others"
    is "$(systemctl show -P Requires -P Wants -P BindsTo -P Requisite -- "${units[@]}" | tr ' ' '\n' | grep -E "$NETWORK")" "" "nor asks for one"
}

# no_network: from the next boot on nobody on the machine has a network, not even the one with itself, and no target that says that
# there is one, or a clock that is right by it, is ever reached. It has but a loopback anyhow, which is not just set down, since
# systemd sets it up again for services with PrivateIPC=.
no_network() {
    cat >/etc/systemd/system/no-network.service <<'UNIT'
[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/ip rule del pref 0
ExecStart=/bin/sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
[Install]
WantedBy=sysinit.target
UNIT
    cat >/etc/systemd/system/never.service <<'UNIT'
[Unit]
DefaultDependencies=no
Wants=network-pre.target network.target network-online.target time-sync.target
Before=network-pre.target network.target network-online.target time-sync.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
UNIT
    systemctl enable --quiet no-network.service never.service
    # Logins wait for a network, and the scenario for them.
    systemctl mask --quiet systemd-user-sessions.service
}
entered() { systemctl show --property=ActiveEnterTimestampMonotonic --value "$1"; }
before() { [ "$1" -gt 0 ] && [ "$1" -lt "$2" ]; }
without_network() {
    local before target
    is "$(ip -brief link | awk '{ print $1 }')" lo "no network: there is a loopback"
    like "$(curl --verbose http://localhost:8080/ 2>&1)" "Network is unreachable" "no network: and nothing can be reached by it"
    ok "no network: which was so before anything was started" before "$(entered no-network.service)" "$(entered sealiftd.service)"
    for target in network-pre network network-online time-sync; do
        ok "no network: $target.target is waited for" is_unit inactive $target.target
        like "$(systemctl list-jobs --plain --no-legend)" "$target.target +start +waiting" "no network: by whoever wants it"
    done
    condition "no network" "(unreachable|connect)" ""
    ok "no network: what has a timer is started, too" await 60 state_is mixed running
    ok "no network: and that waits for its time" is_unit active sealift-mixed.never.timer
    before=$(invocations)
    ip rule add pref 0 lookup local
    is "$(web_page)" 1 "with a network, it answers"
    is "$(mixed_page)" mixed "so does what is behind a proxy"
    is "$(invocations)" "$before" "and is what was started without"
    systemctl disable --quiet no-network.service never.service
    systemctl unmask --quiet systemd-user-sessions.service
}

DAY=86400
# next_condition CLOCK: the machine is started again, with its clock off by so many seconds.
next_condition() {
    echo "$1" >/etc/clock
    rm -f /srv/after-web
    next_boot reboot
}
# condition NAME REGEX [PAGE]: nothing can be installed, which the check says so, and yet all is as it was.
condition() {
    local page=${3-1}
    ok "$1: what it ran is started" await_active 60 after-web.service
    like "$(cat /srv/after-web)" "${page:+^$page$'\n'.*}web +running" "$1: and does so for what is ordered after it"
    ok "$1: so is the other one" await_active 60 sealift-bundle@slow.target
    not_ok "$1: a check fails" sealift check
    like "$(sealift check 2>&1)" "$2" "$1: and says why"
    is "$(bundle_state web version) $(bundle_state web state) $(bundle_state slow state)" "1 running running" "$1: status knows both"
    is "$(web_page)" "$page" "$1: it runs on"
}

case $PHASE in
    1)
        web_begin
        agent_enable
        slow_publish
        sealift check --no-wait
        await 30 test -d "${GO%/*}"
        touch "$GO"
        ok "a second bundle" sealift wait --timeout=1min slow
        waiting
        mixed_begin
        needs_no_network
        programs_change
        mixed_end
        formats_change
        after_unit web
        after_unit slow
        after_unit nothing
        mkdir -p /etc/systemd/system/sealift-bundle-wait@nothing.service.d /etc/systemd/system/sealiftd.service.d
        printf '[Service]\nTimeoutStartSec=2s\n' >/etc/systemd/system/sealift-bundle-wait@nothing.service.d/short.conf
        printf '[Service]\nEnvironment=LD_PRELOAD=/usr/lib/clock.so\n' >/etc/systemd/system/sealiftd.service.d/clock.conf
        echo $((3650 * 24 * 3600)) >/etc/clock
        rm -f "$GO"
        bucket_stop
        next_boot reboot
        ;;
    2)
        # "slow" comes before "web", in every order there is.
        ok "what is ordered after a bundle is started once that runs" await_active 60 after-web.service
        is "$(head -n 1 /srv/after-web)" 1 "and finds it there"
        ok "while another bundle is not ready yet" is_unit activating 'sealift-bundle-wait@slow.service'
        ok "nor what is ordered after that" test ! -e /srv/after-slow
        is "$(bundle_state slow state)" starting "status says that it is being started"
        touch "$GO"
        ok "which then is" await_active 60 after-slow.service
        like "$(cat /srv/after-slow)" "slow +running" "when the agent knows it to run"
        ok "a bundle that is not there keeps nobody" await_active 60 after-nothing.service
        ok "its target was not reached" is_unit inactive sealift-bundle@nothing.target
        ok "the agent has looked for more, in vain" await 60 has_looked
        diag "$(sealift status || true)"
        next_condition 0
        ;;
    3)
        condition "the bucket is gone" "(refused|connect)"
        no_network
        next_condition 0
        ;;
    4)
        without_network
        next_condition $((3650 * DAY))
        ;;
    5)
        bucket_start
        condition "a clock ten years ahead" "clock looks wrong: it says .*, [0-9]+ years past"
        next_condition $((-3650 * DAY))
        ;;
    6)
        bucket_start
        condition "a clock ten years behind" "clock looks wrong: it says .*(behind|was made)"
        next_condition $((4 * DAY))
        ;;
    7)
        bucket_start
        condition "metadata has expired" "^timestamp.json version [0-9]+ expired"
        echo 0 >/etc/clock
        ok "a clock that is right: a check succeeds" sealift check
        bucket_stop
        rm -f /srv/after-web
        next_boot cut
        ;;
    8)
        ok "a power cut: both are started again" await_active 60 after-web.service
        ok "also the slow one" await_active 60 after-slow.service
        stopped_in_order
        # One that does not come up any more.
        rm /etc/systemd/system/sealiftd.service.d/clock.conf
        chmod a-r "$STORE"/releases/web/*/tree/Caddyfile
        next_boot reboot
        ;;
    9)
        ok "one that fails: what only wants it is started" await_active 60 after-web.service
        ok "its target is not reached" is_unit inactive sealift-bundle@web.target
        ok "the other one is" await_active 60 sealift-bundle@slow.target
        done_testing
        ;;
esac
