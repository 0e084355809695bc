# shellcheck shell=bash
# Waiting for what happens, with an end to the patience and no guesses (sourced by lib.sh). All return 1 when it did not.
# A test says how many seconds that takes a machine that has nothing else to do. One that is emulated, or has ten other things
# to do, gets as many times that; no test says that something takes long, so only a failure waits for it all.
PATIENCE=8

# journal_mark: await_journal and journal_since look at what is written after this; at first, at all of this boot.
# A time, since --after-cursor passes over the first entry that fits when it is used with matches (systemd 252).
journal_mark() { command journalctl --sync; journal_from=@$EPOCHREALTIME; }
journal_from=

# journalctl: what has been sent is in it, also where journald had not come to write it yet.
journalctl() { command journalctl --sync; command journalctl "$@"; }

# journal_since FIELD=VALUE...: the lines since the mark that match, as journalctl prints them.
journal_since() {
    journalctl --quiet --no-pager --output=cat --boot ${journal_from:+--since="$journal_from"} "$@"
}

# await_journal SECONDS FIELD=VALUE...: until such an entry stands in the journal, be it written before or after this
# call but after the mark; prints its message.
await_journal() {
    local limit=$(($1 * PATIENCE)) line='' reader status=0
    shift
    exec {reader}< <(exec journalctl --follow --no-tail --quiet --output=cat --boot \
        ${journal_from:+--since="$journal_from"} "$@" 2>&1)
    IFS= read -r -t "$limit" -u "$reader" line || status=1
    kill $! 2>/dev/null || true
    exec {reader}<&-
    [ "$status" -eq 0 ] && printf '%s\n' "$line" && return 0
    diag "no such journal entry within $limit s: $*" >&2
    return 1
}

# await SECONDS COMMAND...: until the command succeeds. For what sends no event; asks twenty times a second.
await() {
    local limit=$(($1 * PATIENCE)) end
    shift
    end=$((${EPOCHREALTIME//./} + limit * 1000000))
    until "$@" >/dev/null 2>&1; do
        if [ "${EPOCHREALTIME//./}" -ge "$end" ]; then
            diag "not within $limit s: $*" >&2
            return 1
        fi
        sleep 0.05
    done
}

# await_active SECONDS UNIT, await_inactive SECONDS UNIT
await_active() { await "$1" systemctl --quiet is-active "$2"; }
await_inactive() { await "$1" unit_is_down "$2"; }
unit_is_down() { case $(systemctl show --property=ActiveState --value "$1") in inactive | failed) ;; *) return 1 ;; esac; }
