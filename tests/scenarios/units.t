#!/usr/bin/env bash
# sealift-unitd on a real systemd: what it starts is behind every wall, and is found again by a unitd that starts anew.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

web_intent() {
    cat <<'INTENT'
[Service main]
ExecStart=/usr/bin/caddy file-server --root /bundle --listen :8080
Restart=always
[Sandbox main]
Network=bind
Bind=tcp:8080
INTENT
}

refusals() {
    mkdir -p /etc/sealift/policy.d /srv/web
    echo "hello from release 1" >/srv/web/index.html
    seal web 1.0 < <(web_intent)
    like "$(unitd prepare "$sealed" /srv/web || true)" "EPERM.*Bind=tcp:8080" "without a grant there is no place in the store"
    printf '[Policy web]\nBind=tcp:8080\nMaxExposure=0.9\n' >/etc/sealift/policy.d/web.conf
    like "$(unitd prepare "$sealed" /srv/web || true)" "EPERM.*exposure 1\.0 is above MaxExposure=0\.9" "nor above the host's limit of exposure"
    printf '[Policy web]\nBind=tcp:8080\n' >/etc/sealift/policy.d/web.conf
    sed 's/8080/8081/' "$sealed" >/srv/other.manifest
    like "$(unitd swap "$sealed" /srv/other.manifest || true)" "EBADMSG" "a manifest that is not what its sum says is refused"
    is "$(find /var/lib/sealift/releases -mindepth 1)" "" "and none of it left anything behind"
    like "$(unitd start "$sealed" || true)" "ENOENT" "what is not installed cannot be started"
    like "$(unitd raw 00112233 2>&1 || true)" "closed" "rubbish ends the conversation"
    like "$(unitd raw "$(printf '701fa15e0200000040000000%08d' 0)" 2>&1 || true)" "closed" "a request of the wrong length too"
}

web() {
    local unit pid before
    unitd prepare "$sealed" /srv/web
    is "$(stat -c '%U %a' /var/lib/sealift/releases/web/1.0-*/tree)" "sealift 755" "the tree is sealiftd's to fill"
    is "$(stat -c '%U %a' /var/lib/sealift/releases/web /var/lib/sealift/releases/web/1.0-* /var/lib/sealift/releases/web/1.0-*/manifest | sort -u | tr '\n' ' ')" \
        "root 644 root 755 " "all above it is root's"
    ok "caddy starts" unitd start "$sealed"
    unit=$(unit_of web)
    is "$(curl --silent --max-time 5 localhost:8080)" "hello from release 1" "and answers"
    ok "the same START again is no error" unitd start "$sealed"
    is "$(unitd list | wc -l)" 1 "and starts nothing"
    ok "exposure $(exposure "$unit") is 1.0 at most" at_most "$(exposure "$unit")" 1.0
    like "$(journalctl --quiet --output=cat SEALIFT_BUNDLE=web SEALIFT_VERSION=1.0 _SYSTEMD_UNIT="$unit")" "serv" \
        "its lines carry its bundle and version"
    like "$(unitd remove "$sealed" || true)" "EBUSY" "a release that runs is not removed"

    pid=$(pid_of "$unit")
    before=$(walls "$pid")
    systemctl daemon-reload
    ok "after daemon-reload exposure is $(exposure "$unit")" at_most "$(exposure "$unit")" 1.0
    is "$(pid_of "$unit")" "$pid" "and the service was not touched"
    kill -KILL "$pid"
    ok "killed, it is restarted" await 10 another_pid "$unit" "$pid"
    is "$(walls "$(pid_of "$unit")")" "$before" "behind the very same walls"
    ok "and answers again" await 10 curl --silent --fail --max-time 1 localhost:8080
    like "$(unitd list)" "^running web" "and unitd is content"
}

unitd_dies() {
    local unit pid daemon
    unit=$(unit_of web)
    pid=$(pid_of "$unit")
    daemon=$(pid_of sealift-unitd.service)
    kill -KILL "$daemon"
    ok "unitd comes back" await 10 another_pid sealift-unitd.service "$daemon"
    is "$(unitd list)" "running web 1.0 main $pid $unit" "and knows the unit again"
    is "$(pid_of "$unit")" "$pid" "which never noticed"
    kill -KILL "$pid"
    ok "a restart is still watched" await 10 another_pid "$unit" "$pid"
    await 10 sh -c '/tests/host/unitd.py list | grep -q "^running web 1.0 main '"$(pid_of "$unit")"' "'
    ok "it can be stopped" unitd stop "$sealed"
    is "$(unitd list)$(leftovers web)" "" "and nothing is left of it"
    ok "a stopped release is stopped" unitd stop "$sealed"
    like "$(unitd remove "$sealed" || true)" "ENOTEMPTY" "while there are files, its place stays"
    rm /var/lib/sealift/releases/web/1.0-*/tree/*
    ok "then it goes" unitd remove "$sealed"
    is "$(ls /var/lib/sealift/releases)" "" "with all its folders"
}

# What unitd has not the means to look at is not what it stops.
short_of_means() {
    local unit pid dropin
    printf '[Policy short]\nListen=tcp:8099\n' >/etc/sealift/policy.d/short.conf
    install short 1 < <(printf '[Service main]\nExecStart=/usr/bin/sleep infinity\n[Socket main]\nListenStream=8099\n')
    unitd start "$sealed"
    unit=$(unit_of short)
    pid=$(pid_of "$unit")
    dropin=$(sha256sum "/run/systemd/system/$unit.d/50-sealift.conf")
    starts_short /run/sealift/units
    like "$(await_journal 20 _SYSTEMD_UNIT=sealift-unitd.service PRIORITY=3)" "$unit cannot be taken over now: .*Too many open files" "a unitd that can open no record says so"
    enough_again
    is "$(unitd list)" "running short 1 main $pid $unit" "and is started again, and finds the unit as it was"
    is "$(pid_of "$unit") $(sha256sum "/run/systemd/system/$unit.d/50-sealift.conf")" "$pid $dropin" "which never noticed"
    starts_short /run/sealift/wakes
    like "$(await_journal 20 _SYSTEMD_UNIT=sealift-unitd.service PRIORITY=3)" "sealift-short.main.socket cannot be taken over now: .*Too many open files" "nor is a socket forgotten that it cannot look at"
    enough_again
    is "$(unitd list)" "running short 1 main $pid $unit" "all is as it was"
    unitd stop "$sealed"
    rm /var/lib/sealift/releases/short/*/tree/* 2>/dev/null || true
    ok "the socket is known, and goes with its release" unitd remove "$sealed"
    is "$(systemctl is-active sealift-short.main.socket)" inactive "and is closed"
}

no_network() {
    local unit
    install quiet 2.0+a~1 <<'INTENT'
[Service one]
ExecStart=/usr/bin/sleep infinity
StateDirectory=yes
CacheDirectory=yes
RuntimeDirectory=yes
Environment=GREETING="100%% true $$x"
[Service two]
ExecStart=/usr/bin/sleep infinity
INTENT
    ok "two services without a network start" unitd start "$sealed"
    is "$(unitd list | sort | awk '{ print $1, $3, $4 }' | tr '\n' ' ')" "running 2.0+a~1 one running 2.0+a~1 two " "and are listed under their true version"
    for unit in $(units_of quiet); do
        ok "exposure $(exposure "$unit") is 0.1" at_most "$(exposure "$unit")" 0.1
        like "$(walls "$(pid_of "$unit")")" "net of its own" "with a network namespace of its own"
    done
    touch /dev/shm/of-the-host
    is "$(ls -A "/proc/$(pid_of "$unit")/root/dev/shm")" "" "and shared memory of its own"
    is "$(stat --format=%a "/proc/$(pid_of "$unit")/root/run")" 755 "its /run is not to be written to"
    unit=$(unit_of quiet.one)
    # shellcheck disable=SC2016 # what the file says
    like "$(tr '\0' '\n' <"/proc/$(pid_of "$unit")/environ")" 'GREETING=100% true \$\$x' "the environment is what was meant"
    ok "one is killed" kill -KILL "$(pid_of "$unit")"
    ok "both are stopped" unitd stop "$sealed"
    is "$(leftovers quiet)" "" "and gone"
}

# looks NAME SHELL [LINE...]: a service that looks around starts, is done with it, and what it saw is in $said. The lines are of
# its sandbox.
looks() {
    local name=$1 shell=$2
    shift 2
    said=/var/lib/sealift-$name/said
    mkdir -p "/srv/$name"
    cat >"/srv/$name/look" <<'SHELL'
{
    for dir in / /etc /run /var /var/lib; do echo "$dir: $(echo $(ls -A "$dir"))"; done
    echo "name $(id -un) $(getent passwd "$(id -u)" | cut -d: -f1)"
    set -- /etc/ssl/certs/*.pem
    echo "time $(date +%Z), certificates $(openssl x509 -noout -in "$1" && echo yes)"
    echo "host $(getent hosts somewhere.test), resolver $(cat /etc/resolv.conf), port $(getent services sealift-test/tcp)"
} >"$STATE_DIRECTORY/said" 2>"$STATE_DIRECTORY/complaints"
echo all >>"$STATE_DIRECTORY/said"
# Whose words they are the journal asks the kernel, which knows while the sender lives.
{ echo "by syslog"; exec sleep infinity; } | logger --tag looks-test
exec sleep infinity
SHELL
    install "$name" 1 < <(printf '%s\n' '[Service main]' "ExecStart=$shell /bundle/look" StateDirectory=yes Environment=LC_ALL=C '[Sandbox main]' "$@")
    ok "$name: a service that looks around starts" unitd start "$sealed"
    ok "$name: and is done looking" await 60 grep -q ^all "$said"
}

# What a program needs of any Unix, and nothing else of the host: names, the time, certificates, syslog(3), directories of its own.
skeleton() {
    local said
    ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime
    looks plain /usr/bin/sh
    like "$(grep ^name "$said")" "^name (_du[0-9a-f]+) \1$" "the user that it is for now has a name"
    is "$(grep ^/ "$said")" "/: bin bundle dev etc lib lib32 lib64 proc root run sbin sys tmp usr var"$'\n'"\
/etc: alternatives ld.so.cache localtime nsswitch.conf ssl"$'\n'"/run: systemd"$'\n'"/var: lib tmp"$'\n'"/var/lib: sealift-plain" \
        "it sees what a program needs, what is its own, and nothing else of this host"
    is "$(grep ^time "$said")" "time JST, certificates yes" "it knows this host's time and whom it trusts"
    is "$(await_journal 60 SEALIFT_BUNDLE=plain SYSLOG_IDENTIFIER=looks-test)" "by syslog" "what it gives to syslog is in the journal, as its own"
    unitd stop "$sealed"
}

# With the machine's network, what names of it are known by, too, be it a link, as of systemd-resolved.
skeleton_with_network() {
    local said
    for said in gai.conf host.conf hosts protocols services; do touch "/etc/$said"; done
    echo '192.0.2.7 somewhere.test' >>/etc/hosts
    echo 'sealift-test 4711/tcp' >>/etc/services
    mkdir -p /run/systemd/resolve
    echo 'nameserver 192.0.2.53' >/run/systemd/resolve/stub-resolv.conf
    rm -f /etc/resolv.conf
    ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
    printf '[Policy connected]\nBind=tcp:8077\n' >/etc/sealift/policy.d/connected.conf
    looks connected /usr/bin/sh Network=bind Bind=tcp:8077
    is "$(grep ^/ "$said")" "/: bin bundle dev etc lib lib32 lib64 proc root run sbin sys tmp usr var"$'\n'"\
/etc: alternatives gai.conf host.conf hosts ld.so.cache localtime nsswitch.conf protocols resolv.conf services ssl"$'\n'"\
/run: systemd"$'\n'"/var: lib tmp"$'\n'"/var/lib: sealift-connected" "with a network it sees what names are known by, and nothing else of this host"
    like "$(grep ^host "$said")" "^host 192.0.2.7 +somewhere.test, resolver nameserver 192.0.2.53, port sealift-test +4711/tcp$" \
        "it knows a host that this host knows, whom to ask for others, and a port by its name"
    unitd stop "$sealed"
    looks plain /usr/bin/sh
    is "$(grep ^host "$said")" "host , resolver , port " "without one it knows nothing of them"
    unitd stop "$sealed"
}

# Without /usr there is nothing of the host's that could be executed or linked to.
skeleton_of_its_own() {
    local said
    mkdir -p /srv/own
    cp /usr/bin/busybox /srv/own
    looks own "/bundle/busybox sh" Root=bundle
    is "$(grep ^/ "$said")" "/: bundle dev etc proc root run sys tmp usr var"$'\n'"\
/etc: alternatives ld.so.cache localtime nsswitch.conf ssl"$'\n'"/run: systemd"$'\n'"/var: lib tmp"$'\n'"/var/lib: sealift-own" \
        "with Root=bundle it has no links to programs and libraries"
    is "$(find "/proc/$(pid_of "$(unit_of own)")/root/usr" -mindepth 1)" "" "and nothing below /usr"
    unitd stop "$sealed"
}

# without_timers, with_timers: between them no time passes for unitd, since no timer that it sets ever elapses.
without_timers() {
    trace_begin -f -p "$(pid_of sealift-unitd.service)" -e trace=timerfd_settime -e inject=timerfd_settime:retval=0
}
with_timers() { trace_end; }

redis() {
    local unit pid round
    install redis 7 <<'INTENT'
[Service main]
ExecStart=/usr/bin/redis-server --supervised systemd --port 0 --unixsocket /run/sealift-redis/s --dir /var/lib/sealift-redis
Type=notify
RuntimeDirectory=yes
StateDirectory=yes
Restart=always
RestartSec=100ms
INTENT
    without_timers
    ok "redis-server starts, and is ready when it says so, not when some time is over" timeout 100 /tests/host/unitd.py start "$sealed"
    with_timers
    unit=$(unit_of redis)
    ok "exposure $(exposure "$unit") is 0.1" at_most "$(exposure "$unit")" 0.1
    listen
    for round in 1 2 3 4 5 6; do
        pid=$(pid_of "$unit")
        kill -KILL "$pid"
        [ "$round" = 6 ] || await 10 another_pid "$unit" "$pid"
    done
    heard "^failed redis 7 main $unit .*it died 6 times within a minute.*[(]own[)] [(]again[)]$" "one that dies again and again is stopped, and told of"
    is "$(unitd list)$(leftovers redis)" "" "and gone"
}

ends_by_itself() {
    install brief 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sh -c 'until [ -e "$$STATE_DIRECTORY/end" ]; do sleep 0.1; done'
StateDirectory=yes
Restart=no
INTENT
    ok "a service that will end starts" unitd start "$sealed"
    listen
    touch /var/lib/sealift-brief/end
    heard "^stopped brief 1 main .*it ended by itself, in order [(]own[)]$" "and its end is told, which nobody wanted"
    install polite 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sh -c 'trap "exit 0" TERM; while :; do sleep 1; done'
Restart=no
INTENT
    ok "one that ends in order when it is told to starts" unitd start "$sealed"
    listen
    systemctl stop "$(unit_of polite)"
    heard "^stopped polite 1 main .*it was stopped$" "systemctl does, and that is told of its end"
}

units_begin
refusals
web
unitd_dies
short_of_means
no_network
skeleton
skeleton_with_network
skeleton_of_its_own
redis
ends_by_itself
units_end
