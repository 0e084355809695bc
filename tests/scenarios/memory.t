#!/usr/bin/env bash
# Memory does not grow with the bundle: while a bundle of 1 GiB is installed, each of our programs that runs stays under 24 MiB
# resident.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_OPTIONS=(--disk)
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

LIMIT_KIB=$((24 * 1024))
# shellcheck source=tests/host/peaks.sh
. /tests/host/peaks.sh

web_begin
web_write 2
head -c 1G /dev/urandom >"$WEB/ballast"
sed 's/^Version=.*/Version=2/' /srv/web.manifest >/tmp/web.manifest
publisher sealift pack "$WEB" --level 1 --manifest /tmp/web.manifest --output "$OUT" >/dev/null
rm "$WEB/ballast"
publish_sealed "$OUT/web-2.manifest"
rm "$OUT"/web-2.*

peaks_begin
started=$SECONDS
ok "a release of 1 GiB is installed" sealift check
diag "in $((SECONDS - started)) s"
peaks_end
is "$(web_page)" 2 "and answers"
for program in sealift sealiftd sealift-fetch sealift-unpack sealift-unitd; do
    ok "$program was seen" test "$(peak "$program")" -gt 0
done
for program in $(peaks_seen); do
    diag "$program: $(peak "$program") KiB at most"
    ok "$program stays under 24 MiB" test "$(peak "$program")" -lt "$LIMIT_KIB"
done
done_testing
