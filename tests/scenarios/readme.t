#!/usr/bin/env bash
# README.md's "Your own first release", typed by a newcomer: its five commands, as they stand there, at the terminal that
# `tests/demo --shell` gives. Runs outside; the machine is on the other end of a terminal made by script(1). And HACKING.md's
# example of a scenario is one.
set -Eeuo pipefail
here=$(cd "${0%/*}" && pwd)
# shellcheck source=tests/host/tap.sh
. "$here/../host/tap.sh"

PROMPT='root@sealift-test:~# '
ESCAPE=$'\e''\[[0-9;?]*[a-zA-Z]'
PATIENCE=120 # seconds for one command; what it takes is two

# commands_of README: the indented lines of that section.
commands_of() { awk '/^## / { on = $0 == "## Your own first release" } on && /^    / { print substr($0, 5) }' "$1"; }

# read_screen: all that comes until the prompt is there again, without what colours it; in $screen.
read_screen() {
    local piece
    screen=
    until [[ $screen == *"$PROMPT" ]]; do
        IFS= read -r -t "$PATIENCE" -d ' ' -u "${terminal[0]}" piece || return 1
        screen+="${piece//$'\r'/} "
    done
    while [[ $screen =~ $ESCAPE ]]; do screen=${screen/"${BASH_REMATCH[0]}"/}; done
}

# type_line LINE: as a person would, and waits for what it says.
type_line() {
    printf '%s\n' "$1" >&"${terminal[1]}"
    read_screen
}

# The shell is what tests/demo starts once it has built; here it was built already.
open_terminal() {
    local boot
    boot=$(printf '%q ' "$here/../host/boot" --suite "${SEALIFT_SUITE:-bookworm}" ${SEALIFT_INSTALL:+--install "$SEALIFT_INSTALL"} \
        --shell host/shell.sh)
    terminal_PID=
    coproc terminal { exec env TERM=dumb script --quiet --return --command "$boot" /dev/null; }
    script=$terminal_PID
}

is "$(awk '/^```bash/ { on = 1; next } /^```/ { on = 0 } on' "$here/../../HACKING.md")" "$(cat "$here/broken-off.t")" \
    "HACKING.md shows broken-off.t as it is"
mapfile -t commands < <(commands_of "$here/../../README.md")
is "${#commands[@]}" 5 "README.md has five commands"
is "${commands[0]}" "tests/demo --shell" "the first one gives a shell in a machine"
open_terminal
if ! read_screen; then
    tap_fail "and greets" "$screen"
    done_testing
fi
tap_pass "and greets"
diag "$screen"
for command in "${commands[@]:1}"; do
    type_line "$command" || true
    diag "$screen"
    said=$screen
    type_line "echo \"ended with \$?\"" || true
    like "$screen" $'\nended with 0\n' "it works: $command"
done
like "$said" "hello 1: running" "the check says what runs"
like "$said" "Hello from my own release" "and the release answers"
type_line "sealift status" || true
like "$screen" "hello +running +1 " "sealift status knows it"
type_line "journalctl --no-pager -x -t sealiftd" || true
like "$screen" "hello now runs release 1" "the journal explains it with the catalog's text"
type_line "systemctl cat --no-pager 'sealift-hello.*'" || true
like "$screen" "ExecStart=.*/bundle/caddy" "systemctl cat shows the walls"
printf 'exit\n' >&"${terminal[1]}"
status=0
wait "$script" || status=$?
is "$status" 0 "leaving the shell ends it well"
done_testing
