#!/usr/bin/env bash
# A bundle that was signed and yet is not what its manifest says: whatever stands in the archive, no byte of it stays on disk
# and the release that runs goes on running.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# publish_hostile FAULT VERSION
publish_hostile() {
    web_write "$2"
    pack_release "$2" "$WEB" /srv/web.manifest
    publisher /tests/host/hostile.py "$1" "$sealed"
    publish_sealed "$sealed"
}

web_begin
version=1
while IFS='|' read -r fault want; do
    version=$((version + 1))
    publish_hostile "$fault" "$version"
    expect_refusal "$fault" refused "$want"
    expect_report "$fault" '.bundles[] | select(.name == "web") | .error != null and .error != ""'
done <<'FAULTS'
extra-entry|uninvited
missing-entry|page.html
wrong-mode|page.html
wrong-bytes|page.html
longer-entry|page.html
shorter-entry|page.html
absolute-path|/page.html
dotdot-path|\.\./uninvited
dotdot-inside|site/\.\./page.html
symlink-out|way-out
file-as-symlink|page.html
hard-link|page.html
device|page.html
fifo|page.html
setuid|page.html
sparse|zeros
duplicate|page.html
renamed-by-pax|elsewhere
no-tar|archive format
garbage|zstd
other-compression|not a zstd frame
cut-archive|Truncated
wide-window|window
FAULTS

# The bundle is what was signed, so it would be the same again.
is "$(partials)" "$(stat -c %s "$BUCKET$(in_bucket .web.tar.zst)")" "the bundle stays here while the channel has its release"
came=$(stat -c '%n %y' "$STORE/incoming/"*)
not_ok "the next check refuses it as well" sealift check
is "$(stat -c '%n %y' "$STORE/incoming/"*)" "$came" "and fetched nothing for that"
ok "nothing was written outside of the store" test -z "$(find / -xdev -name uninvited -o -xdev -name way-out)"
web_publish 100
ok "a good release after all that is installed" sealift check
is "$(web_page) $(partials)" "100 " "and answers, and nothing is left of those"
done_testing
