# shellcheck shell=bash
# Downloads that stall, and what is done meanwhile (sourced behind scenario.sh).

# stall: from now on the server sends the first bytes of a bundle; flows: and now the rest.
stall() {
    evil_start
    rm -f /srv/flows
    evil_rule '*.tar.zst' hold 20 /srv/flows
}
flows() {
    evil_clear
    touch /srv/flows
}
some_is_here() { [ -n "$(find "$STORE/incoming" -type f -size +0)" ]; }

# told NAME WORDS ORDER...: which is answered while the server is silent.
told() {
    local name=$1 words=$2
    shift 2
    like "$(timeout 100 sealift "$@" 2>&1)" "$words" "$name: sealift $*"
}
state_is() { [ "$(bundle_state "$1" state)" = "$2" ]; }
nothing_of() { [ -z "$(systemctl list-units --plain --no-legend --state=running "sealift-$1.*@*.service")" ]; }
