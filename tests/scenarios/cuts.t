#!/usr/bin/env bash
# The power fails in an update, at random moments all over it or just when the agent has said that the new release is current,
# and what the machine had not made durable is lost: after the boot the old release or the new one runs from disk, without a
# network, every file of it is what its manifest says and sealed with fs-verity, the next poll ends as it should, and the bucket
# was told of each event once. Five times at random, forty with `tests/check --long`, and after each second of these at a commit.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_HOST=vm
SCENARIO_LONG=trixie
SCENARIO_OPTIONS=(--disk --timeout 3600)
LONG=60
SCENARIO_ARGUMENTS=(7)
if [ -n "${SEALIFT_LONG:-}" ]; then
    SCENARIO_OPTIONS=(--disk --timeout 14400)
    SCENARIO_ARGUMENTS=("$LONG")
fi
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

cuts() { PYTHONDONTWRITEBYTECODE=1 /tests/host/cuts.py "$@"; }
answer() { timeout 5 bash -c 'cat </dev/tcp/127.0.0.1/8090' 2>/dev/null || true; }
answers() { [[ $(answer) =~ ^($1)$ ]]; }
milliseconds() { echo $((${EPOCHREALTIME//./} / 1000)); }

# is_commit CUT: each third is when the new release has just become current.
is_commit() { [ $(($1 % 3)) = 0 ]; }
# choose_moment: each of the others has a part of an update of its own to be in, at random; together these are all of it.
choose_moment() {
    local takes before random
    takes=$(cat /srv/takes)
    before=$((PHASE - 1 - (PHASE - 1) / 3))
    random=$(od -An -N4 -tu4 /dev/urandom)
    echo $(((before * takes + random % takes) / (times - times / 3))) >/srv/moment
}
unsealed() { find "$STORE/releases/step/$1-"*/tree -type f -exec lsattr {} + | awk '$1 !~ /V/' | wc -l; }

# cut NEW: in the update to it.
cut() {
    local moment
    if ! is_commit "$PHASE"; then
        moment=$(cat /srv/moment)
        diag "the power fails after $moment ms"
        cuts wait "$moment" >/dev/null
    else
        cuts commit "$1" >/dev/null
        diag "the power fails when release $1 is current"
    fi
    next_boot cut
}

# survived OLD NEW: what there is after the boot. Who was told that the new one is current may rely on it. How long a whole
# update takes is measured anew where there is one.
survived() {
    local want="$1|$2" found started
    ! is_commit $((PHASE - 1)) || want=$2
    ok "cut $((PHASE - 1)): release $want answers" await 120 answers "$want"
    found=$(cuts check 2>&1) || true
    like "$found" "^($want)$" "cut $((PHASE - 1)): release $found is current, and each file of it as signed"
    is "$(unsealed "$found")" 0 "cut $((PHASE - 1)): and sealed"
    cuts boot >/dev/null
    bucket_start
    started=$(milliseconds)
    ok "cut $((PHASE - 1)): the next poll ends as it should" sealift check
    [ "$found" != "$1" ] || echo $(($(milliseconds) - started)) >/srv/takes
    is "$(cuts rest "$2" 2>&1)" "$2" "cut $((PHASE - 1)): release $2 runs, nothing is half-made, and each event was told once"
    is_commit $((PHASE - 1)) || echo "$(cat /srv/moment) ms: $([ "$found" = "$1" ] && echo before || echo after)" >>/srv/moments
}

times=$1
if [ "$PHASE" = 1 ]; then
    tune2fs -O verity "$(findmnt --noheadings --output SOURCE /)" >/dev/null
    bucket_start
    publisher_init
    agent_configure
    agent_grant step Listen=tcp:127.0.0.1:8090
    mkdir -p /srv/step
    cuts publish >/dev/null
    agent_enable
    agent_start
    ok "release 1 is installed" sealift check
    cuts publish >/dev/null
    started=$(milliseconds)
    ok "release 2 is installed" sealift check
    echo $(($(milliseconds) - started)) >/srv/takes
    diag "an update takes $(cat /srv/takes) ms"
    is "$(cuts rest 2 2>&1)" 2 "each event was told once"
    sync
else
    new=$(cat /srv/step/published)
    survived $((new - 1)) "$new"
fi
if [ "$PHASE" -gt "$times" ]; then
    figure "the power failed $times times, $((times / 3)) just after the commit; at random, before or after it: $(paste -sd, /srv/moments)"
    figure "$(awk '{ told += $1; lost += $2 } END { printf "%d reports looked at; %d more were on their way in the instant of a cut", told, lost }' /srv/step/reports)"
    [ "$times" -ge "$LONG" ] || skip "$((LONG - times)) more cuts: two minutes each; tests/check --long"
    done_testing
fi
choose_moment
cut "$(cuts publish)"
