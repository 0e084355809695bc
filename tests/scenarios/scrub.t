#!/usr/bin/env bash
# Is what is installed still what was signed? Each kind of damage is found, told, and put right while the service runs on; what
# cannot be put right now is so later; what is good is not touched.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_OPTIONS=(--clock)
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

tree() { echo "$STORE/releases/web/$1-"*/tree; }
sums() { (cd "$(tree "$1")" && find . -printf '%p %y %m %l\n' | LC_ALL=C sort && find . -type f -exec sha256sum {} + | LC_ALL=C sort); }
undamaged() { [ -z "$(sealift status --json | jq -r '.bundles[] | select(.name == "web") | .error')" ] && [ "$(sums 2)" = "$whole" ]; }

# damage NAME REGEX COMMAND...: done to release 2, which runs.
damage() {
    local name=$1 want=$2 said status=0 before
    shift 2
    journal_mark
    requests_mark
    before=$(stat -c %i "$(tree 2)/zeros")
    (cd "$(tree 2)" && "$@")
    said=$(sealift verify web 2>&1) || status=$?
    is "$status" 1 "$name: sealift verify fails"
    like "$said" "^sealift verify: web 2-[0-9a-f]{12} is damaged: $want" "$name: and says how"
    like "$(await_journal 20 "MESSAGE_ID=${EVENT[damaged]}" PRIORITY=2)" "^web: release 2-.*is fetched again: $want" "$name: so does the journal"
    like "$(await_journal 30 "MESSAGE_ID=${EVENT[repaired]}")" "^web: release 2 is as signed again, [1-9] files" "$name: it is put right"
    ok "$name: and all is as it was" await 20 undamaged
    is "$(web_invocation) $(web_page)" "$invocation 2" "$name: the service was not touched"
    is "$(stat -c %i "$(tree 2)/zeros")" "$before" "$name: nor was what is good"
    ok "$name: a report says so" await_report 45 'any(.bundles[]; .error != null and (.error | test("damaged on disk")))'
}

says_damaged() { sealift status --json | jq -e '.bundles[].error | test("release 2 is damaged on disk")'; }
flip() { printf x | dd of="$1" bs=1 seek=3 conv=notrunc status=none; }
cut_page() { truncate -s 1 page.html; }
remove_page() { rm page.html; }
add_file() { echo more >site/more.html; }
change_mode() { chmod 4755 page.html; }
link_out() { rm page.html && ln -s /etc/passwd page.html; }

web_begin
web_publish 2
ok "release 2 is installed" sealift check
whole=$(sums 2)
invocation=$(web_invocation)
like "$(sealift verify | xargs)" "^Good: web 1-[0-9a-f]{12} Good: web 2-[0-9a-f]{12}$" "both releases are as signed"
like "$(cat "$STORE/trust/scrub")" "Next=20" "the agent knows when it looked"
like "$(sealift verify web --json | jq -c '[.good, .releases[].state]')" '^\[true,"good","good"\]$' "as JSON"
is "$(sealift verify nobody 2>&1)" "sealift verify: Verify: nobody: this machine knows no such bundle" "a bundle that nobody knows"
is "$(setpriv --reuid=nobody --clear-groups sealift verify 2>&1)" "sealift verify: Verify: not allowed; try as root" "nobody else may ask"

damage "a byte" "page.html: its SHA-256 is not what was signed" flip page.html
damage "a file cut short" "page.html: has 1 bytes" cut_page
damage "a file that is gone" "page.html: missing" remove_page
damage "a file more" "site/more.html: not in the manifest" add_file
damage "a mode" "page.html: has mode 4755, signed was 0644" change_mode
damage "a link" "page.html: not of the type that was signed" link_out

# The same with nobody to fetch from.
bucket_stop
(cd "$(tree 2)" && flip page.html)
not_ok "without a bucket, a byte is found" sealift verify web
ok "it stands in status" await 20 says_damaged
systemctl restart sealiftd.service
ok "a new agent looks by itself, and finds it" await 20 says_damaged
bucket_start
ok "with the bucket back" sealift check
ok "it is put right" await 30 undamaged
is "$(web_invocation) $(web_page)" "$invocation 2" "and the service was not touched"

# What is short here is no damage, and what the disk does not give back is.
# struck CALL WHAT [PATH]: from now on, and until strike_over, that call of the agent's, or of its reader's, on that path.
struck() {
    trace_begin -f -p "$(pid_of sealiftd.service)" ${3:+-P "$3"} -e trace="$1,clock_nanosleep" -e inject="$1:$2"
}
strike_over() { trace_end; }
journal_mark
struck read error=ENOMEM "$(tree 2)/page.html"
like "$(sealift verify web 2>&1)" "web 2-[0-9a-f]{12} is unreadable: page.html: cannot read: Cannot allocate memory" "a reader without memory"
like "$(await_journal 20 "MESSAGE_ID=${EVENT[not-looked]}" PRIORITY=4)" "could not be compared" "is told"
is "$(journal_since "MESSAGE_ID=${EVENT[damaged]}")" "" "and is no damage"
strike_over
struck read error=EIO "$(tree 2)/page.html"
like "$(sealift verify web 2>&1)" "web 2-[0-9a-f]{12} is damaged: page.html: cannot read: Input/output error" "a disk that gives nothing back"
like "$(await_journal 20 "MESSAGE_ID=${EVENT[damaged]}" PRIORITY=2)" "page.html: cannot read" "is an alarm"
strike_over
sealift check || true # what puts it right may have been struck as well
ok "and is put right" await 30 undamaged
struck openat error=EMFILE "$STORE/releases"
is "$(sealift verify web 2>&1)" "sealift verify: Verify: web: cannot list: Too many open files" "not to have looked is no good news"
strike_over
struck pipe2 error=EMFILE
not_ok "nor is to have looked at nothing" sealift verify web
strike_over

# The timer; and who waits goes before what looks for nobody.
reader() { pgrep -P "$(systemctl show -P MainPID sealiftd.service)"; }
mkdir -p /run/systemd/system/sealiftd.service.d
printf '[Service]\nEnvironment=LD_PRELOAD=/usr/lib/clock.so\n' >/run/systemd/system/sealiftd.service.d/clock.conf
systemctl daemon-reload
sed -i 's/^\[Agent\]/&\nScrubSec=1h/' /etc/sealift/sealift.conf
ok "all is well" sealift verify
systemctl restart sealiftd.service
ok "an agent of its own clock" await 20 sealift status
not_ok "which does not look yet" reader
# Each read takes a twentieth of a second, so that what comes behind it is known however busy this machine is.
# rests: of how many seconds each, that were asked for in the trace.
rests() { sed -n 's/.*clock_nanosleep(.*{tv_sec=\([0-9]*\), tv_nsec=\([0-9]*\)}.*/\1 \2/p' /srv/trace | awk '{ print $1 + $2 / 1e9 }'; }
files=$(find "$STORE/releases" -type f -path '*/tree/*' | wc -l)
struck read delay_enter=50000
ok "whoever waits" sealift verify
is "$(rests)" "" "waits for no rest"
rm "$STORE/trust/scrub"
echo 7200 >/etc/clock-boot
ok "two hours pass" sealift status
ok "and it has looked" await 60 test -e "$STORE/trust/scrub"
strike_over
rm "$STORE/trust/scrub"
ok "a look at one bundle" sealift verify web
is "$(ls "$STORE/trust/scrub" 2>/dev/null)" "" "is none at all of them"
is "$(rests | awk '$1 >= 0.15' | wc -l) $(rests | wc -l)" "$files $files" "with a rest behind each piece, of three times as long as it took to read"
struck read delay_enter=1000000000 "$(tree 2)/page.html"
echo 14400 >/etc/clock-boot
ok "two more pass" sealift status
ok "and it looks" await 20 reader
await 20 grep -q 'read(' /srv/trace
slow=$(reader)
is "$(find "/proc/$slow/fd" -type l -printf '%f %l\n' | awk '$1 > 2 && $2 !~ /^pipe:/ && $2 !~ /\/releases\/web\/[^\/]*\/tree/' )" "" "the reader has nothing of the agent's open"
is "$(find "/proc/$slow/fd" -type l -printf '%f %l\n' | awk '$1 > 2 && $2 ~ /^pipe:/' | wc -l)" 1 "but for its pipe"
kill -STOP "$slow"
strike_over
ok "whoever asks does not wait for it" timeout 20 sealift verify web
is "$(stat -c %s "/proc/$slow/stat" 2>/dev/null)" "" "it has made way"
echo 14460 >/etc/clock-boot
ok "and" sealift status
ok "begins anew" await 20 test -e "$STORE/trust/scrub"

# One that nothing runs from.
journal_mark
(cd "$(tree 1)" && flip page.html)
like "$(sealift verify web 2>&1)" "web 1-[0-9a-f]{12} is damaged: page.html" "an earlier release is damaged"
like "$(await_journal 20 "MESSAGE_ID=${EVENT[damaged]}" PRIORITY=2)" "^web: release 1-.* and is fetched again: page.html" "which is told"
like "$(await_journal 60 "MESSAGE_ID=${EVENT[repaired]}")" "^web: release 1 is as signed again, 1 files.* may be gone back to" "it is put right"
ok "and as it was" sealift verify web
done_testing
