# shellcheck shell=bash
# TAP for scenarios (sourced by lib.sh). The count survives a reboot within a scenario.
#
#   ok NAME COMMAND...       passes when the command succeeds; what it printed is shown when it does not
#   not_ok NAME COMMAND...   passes when it fails
#   is GOT WANT NAME         like GOT REGEX NAME      unlike GOT REGEX NAME
#   skip REASON COUNT        diag TEXT...             done_testing
#   figure TEXT...           what tests/check prints also where all has passed

tap_count=0
tap_failed=0
[ ! -r /talk/tap ] || read -r tap_count tap_failed </talk/tap
[ "$tap_count" -gt 0 ] || echo "TAP version 13"

tap_save() { echo "tap $tap_count $tap_failed" >/talk/requests; }

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }
figure() { diag "figure: $*"; }

tap_pass() {
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s\n' "$tap_count" "$1"
}

# tap_fail NAME [DETAIL]: never fails itself, so that a scenario goes on after it.
tap_fail() {
    tap_count=$((tap_count + 1))
    tap_failed=$((tap_failed + 1))
    printf 'not ok %d - %s\n' "$tap_count" "$1"
    [ -z "${2:-}" ] || diag "$2"
    diag "at ${BASH_SOURCE[2]}:${BASH_LINENO[1]}"
}

ok() {
    local name=$1 output status=0
    shift
    output=$("$@" 2>&1 </dev/null) || status=$?
    if [ "$status" -eq 0 ]; then tap_pass "$name"; else tap_fail "$name" "'$*' ended with status $status: $output"; fi
}

not_ok() {
    local name=$1 output status=0
    shift
    output=$("$@" 2>&1 </dev/null) || status=$?
    if [ "$status" -ne 0 ]; then tap_pass "$name"; else tap_fail "$name" "'$*' succeeded: $output"; fi
}

is() {
    if [ "$1" = "$2" ]; then tap_pass "$3"; else tap_fail "$3" "got:  $1"$'\n'"want: $2"; fi
}

like() {
    if [[ $1 =~ $2 ]]; then tap_pass "$3"; else tap_fail "$3" "got: $1"$'\n'"does not match: $2"; fi
}

unlike() {
    if [[ ! $1 =~ $2 ]]; then tap_pass "$3"; else tap_fail "$3" "got: $1"$'\n'"matches: $2"; fi
}

skip() {
    local n
    for ((n = 0; n < ${2:-1}; n++)); do
        tap_count=$((tap_count + 1))
        printf 'ok %d # SKIP %s\n' "$tap_count" "$1"
    done
}

done_testing() {
    printf '1..%d\n' "$tap_count"
    [ "$tap_failed" -eq 0 ] || exit 1
    exit 0
}

# A scenario that dies halfway has no plan, which any TAP reader takes as failed; this says where it died. What fails in a
# $(...) does not end it.
tap_died() {
    [ "$BASH_SUBSHELL" -eq 0 ] || return 0
    diag "stopped at ${BASH_SOURCE[1]}:$1: '$2' ended with status $3" >&2
}
trap 'tap_died "$LINENO" "$BASH_COMMAND" "$?"' ERR
