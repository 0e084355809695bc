# shellcheck shell=bash
# How much memory sealift's processes had at most, all of them, while something went on (sourced behind scenario.sh).

PEAKS=/srv/peaks

# watch_peaks: notes "PROGRAM KIB" of all of sealift's processes until it is killed. VmHWM only grows, so the last note of a
# process is within an instant of its peak.
watch_peaks() {
    local status
    while true; do
        for status in /proc/[0-9]*/status; do
            awk '/^Name:/ { name = $2 } /^VmHWM:/ && name ~ /^sealift/ { print name, $2 }' "$status" 2>/dev/null || true
        done
        sleep 0.02
    done >"$PEAKS"
}

peak() { awk -v name="$1" '$1 == name && $2 > most { most = $2 } END { print most + 0 }' "$PEAKS"; }

# peaks_seen: the names of all that were seen.
peaks_seen() { cut -d ' ' -f 1 "$PEAKS" | sort -u; }

peaks_begin() {
    watch_peaks &
    watcher=$!
}
peaks_end() { kill "$watcher"; }
