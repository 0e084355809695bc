# shellcheck shell=bash
# Updates of "web" that go no further than into the middle of their tree (sourced behind scenario.sh, with --strike).

# Small files, and behind them more than sealift-unpack reads at once.
publish_long() {
    local n
    web_write "$1"
    mkdir -p "$WEB/many"
    for n in {1..100}; do echo "$1 $n" >"$WEB/many/$n"; done
    head -c 1M /dev/urandom >"$WEB/rest"
    publish_release "$1" "$WEB" /srv/web.manifest
}

# What runs: which start of which unit, in which process, and that it answers.
service() { echo "$(web_unit) $(web_invocation) $(pid_of "$(web_unit)") $(web_page)"; }
staging_begins() { [ -n "$(find "$STORE/releases/web" -path "*/$1-*/tree/*" -print -quit)" ]; }

# unpacker_stops: the next one, in the middle of its bundle, whoever is quicker; for all that are started after unpacker_prepare.
unpacker_stops() { python3 /tests/host/strike.py stop sealift-unpack 4; }
unpacker_prepare() {
    unpacker_stops
    mkdir -p /run/systemd/system/sealift-unpack@.service.d
    printf '[Service]\nEnvironment=LD_PRELOAD=/usr/lib/strike.so\nBindPaths=/run/strike\n' \
        >/run/systemd/system/sealift-unpack@.service.d/strike.conf
    systemctl daemon-reload
}
unpacker_has_stopped() { unpacker=$(pgrep --exact sealift-unpack) && grep -q '^State:.*stopped' "/proc/$unpacker/status"; }

# unpackers_go_on: whichever is held, and no other one will be.
unpackers_go_on() {
    python3 /tests/host/strike.py stop sealift-unpack 0
    pkill --exact --signal CONT sealift-unpack || true
}

# unpacker_holds VERSION: its process is $unpacker, until kill -CONT.
unpacker_holds() {
    await 60 unpacker_has_stopped
    await 60 staging_begins "$1"
    unpacker=$(pgrep --exact sealift-unpack)
}

# update_to VERSION: it is on its way, and held.
update_to() {
    unpacker_stops
    publish_long "$1"
    sealift check --no-wait
    unpacker_holds "$1"
}
