# shellcheck shell=bash
# What processes ask of the kernel, and what the kernel is made to answer (sourced by lib.sh).

# trace_begin OPTION...: strace has attached to each -p PID, and from now on writes /srv/trace. One at a time; trace_end takes it away.
trace_begin() {
    rm -f /srv/strace # of an earlier one, which had attached, too
    strace -o /srv/trace "$@" 2>/srv/strace &
    tracer=$!
    await 60 trace_attached "$(printf '%s\n' "$@" | grep -cx -e -p)"
}
trace_attached() { [ "$(grep -c attached /srv/strace)" -ge "$1" ]; }
trace_end() {
    kill "$tracer" 2>/dev/null || true # it ends with what it was attached to
    wait "$tracer" || true
}
