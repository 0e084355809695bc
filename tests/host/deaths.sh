# shellcheck shell=bash
# sealift-unitd dies, of somebody's kill or of a release: the tools of scenarios about that (sourced behind scenario.sh).

unitd_pid() { pid_of sealift-unitd.service; }
unitd_is_up() { [ "$(unitd_pid)" -gt 0 ]; }
# unitd_kill: as it is, or as it comes up; its process is in $killed.
unitd_kill() {
    killed=0
    until [ "$killed" -gt 0 ] && kill -KILL "$killed"; do
        await 60 unitd_is_up
        killed=$(unitd_pid)
    done
}

# deadly BUNDLE VERSION: from now on sealift-unitd dies of that release whenever it is to place or start it; harmless: no longer.
deadly() {
    rm -f /srv/deaths
    systemd-run --quiet --unit=deadly --property=Type=notify --property=StandardOutput=file:/srv/deaths --service-type=notify \
        /tests/host/deadly.py "$STORE/releases/$1" "$2-" sealift-unitd
    journal_mark
}
deaths() { wc --bytes </srv/deaths; }
harmless() { systemctl stop deadly.service; }

# connected: sealift-unitd has taken a call of sealiftd's, which has a network of its own.
connected() { nsenter --net --target "$(pid_of sealiftd.service)" ss -Hx | awk '$2 == "ESTAB" && /unitd.sock/' | grep -q .; }
# called: sealift-unitd as it is now has.
called() {
    local pid
    pid=$(unitd_pid)
    [ "$pid" -gt 0 ] && nsenter --net --target "$(pid_of sealiftd.service)" ss -Hxp | grep -q "ESTAB.*unitd.sock.*pid=$pid,"
}
called_again() { [ "$(unitd_pid)" != "$1" ] && called; }
another_unitd() { [ "$(unitd_pid)" != "$1" ] && [ "$(unitd_pid)" != 0 ]; }

# unitd_dies: in the middle of what it was asked for, and is there again.
unitd_dies() {
    await 20 connected
    unitd_kill
    await 60 another_unitd "$killed"
}

# unitd_is_killed: while nothing is asked of it, and sealiftd has done all that it does when it has found it again. An order that
# changes nothing is carried out after that.
unitd_is_killed() {
    await 60 called
    unitd_kill
    await 60 called_again "$killed" && sealift unhold "$1"
}
