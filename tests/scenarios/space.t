#!/usr/bin/env bash
# A disk that is too small: what a release needs is signed, so the answer comes before the first byte of it, names figures, and
# leaves everything as it was. What retention would drop for the release is counted, and goes first. sealift gc.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

places() { find "$STORE/releases" -mindepth 2 -maxdepth 2 -printf '%f\n' | sed 's/-[^-]*$//' | LC_ALL=C sort | xargs; }
free_mib() { df --output=avail -B 1M "$STORE/incoming" | tail -n 1 | tr -d ' '; }

# publish_large VERSION: 10 MiB that do not compress, so it takes 20 while it is installed.
publish_large() {
    web_write "$1"
    head -c 10M /dev/urandom >"$WEB/ballast"
    publish_release "$1" "$WEB" /srv/web.manifest
}

# leave_inodes COUNT: files of others take the rest.
leave_inodes() {
    local n
    for ((n = $(df --output=iavail "$STORE/incoming" | tail -n 1) - $1; n > 0; n--)); do : >"$STORE/f$n"; done
}

# keep N: from now on.
keep() {
    sed -i '/^Keep=/d; s/^\[Agent\]$/&\nKeep='"$1"'/' /etc/sealift/sealift.conf
    systemctl restart sealiftd.service
}

# A store of its own, with what the agent always leaves free, and 38 MiB.
mount -t tmpfs -o "size=$((64 + 38))M,mode=0755,nr_inodes=4000" tmpfs "$STORE"
systemd-tmpfiles --create sealift.conf
web_begin
publish_large 2
ok "release 2 fits" sealift check

# What has come of it already, as where it could not be unpacked, takes no more room: not for a repair either.
bundle=$(in_bucket .web.tar.zst)
here=${bundle##*/}
here=$STORE/incoming/${here%%.*}
cp "$BUCKET$bundle" "$here"
chown --reference="$STORE/incoming" "$here"
head -c "$(( ($(free_mib) - 64 - 15) * 1024 * 1024 ))" /dev/urandom >"$STORE/foreign"
printf x | dd of="$(echo "$STORE/releases/web/2-"*/tree/page.html)" bs=1 conv=notrunc status=none
journal_mark
requests_mark
not_ok "release 2 is damaged, with 15 MiB left and its bundle here" sealift verify web
ok "it is put right" await_journal 60 "MESSAGE_ID=${EVENT[repaired]}" SEALIFT_BUNDLE=web
is "$(requests_count '.path | endswith(".tar.zst")') $(partials)" "0 " "nothing was fetched for that, and nothing is left over"
rm "$STORE/foreign"

publish_large 3
ok "release 3 fits" sealift check
publish_large 4
before=$(store_listing)
requests_mark
not_ok "release 4 does not, beside what is kept" sealift check
like "$(sealift why web)" "space +failed: store: needs [0-9]+ MiB and 64 MiB left over, free are [0-9]+ MiB" "it says what is missing"
is "$(requests_count '.path | endswith(".tar.zst")')" 0 "nothing of it was fetched"
is "$(store_listing)" "$before" "nothing was removed for what does not fit all the same"
is "$(web_page)" 3 "and release 3 runs on"

is "$(sealift gc)" "nothing to remove" "everything on disk is kept"
free=$(free_mib)
keep 1
ok "the agent runs again" await 20 web_is running
places_are() { [ "$(places)" = "$1" ]; }
ok "with Keep=1, one stays beside the one that runs" await 20 places_are "2 3"
[ "$(free_mib)" -ge "$free" ]
head -c "$(( ($(free_mib) - 64 - 15) * 1024 * 1024 ))" /dev/urandom >"$STORE/foreign"
not_ok "with 15 MiB left, release 4 does not fit" sealift check
is "$(places) $(web_page)" "2 3 3" "what there is to go back to does not go for what may fail"
keep 0
ok "the agent runs again" await 20 web_is running
ok "with Keep=0, which says that two are all there is room for, it does" sealift check
is "$(web_page) $(places)" "4 3 4" "it answers, and the one before it stays"

rm "$STORE/foreign"
keep 3
ok "the agent runs again" await 20 web_is running
rm "$WEB/ballast"
web_publish 5
ok "release 5 is installed" sealift check
is "$(places)" "3 4 5" "three are there"
cp -a "$STORE/releases/web/4-"* "$(echo "$STORE/releases/web/4-"* | sed 's|/4-|/9-|')"
like "$(sealift gc --dry-run)" "^web 9-[0-9a-f]{12}: [0-9]+ KiB would go$" "what nobody knows would go"
is "$(places)" "3 4 5 9" "and is there"
like "$(sealift gc --json | jq -c '[.releases[].release, .left]')" '^\["9-[0-9a-f]{12}",0\]$' "it goes"
is "$(places)" "3 4 5" "for good"
is "$(setpriv --reuid=nobody --clear-groups sealift gc 2>&1)" "sealift gc: Collect: not allowed; try as root" "nobody else may ask for it"

keep 2
ok "the agent runs again" await 20 web_is running
head -c "$(( ($(free_mib) - 64 - 15) * 1024 * 1024 ))" /dev/urandom >"$STORE/foreign"
publish_large 6
ok "with Keep=2 and 15 MiB left, release 6 is installed: what it drops goes first" sealift check
is "$(web_page) $(places)" "6 4 5 6" "it answers, and those before it stay"
rm "$STORE/foreign" "$WEB/ballast"

# Inodes: of a release with two hundred files, and for another one.
mkdir "$WEB/many"
for i in {1..200}; do : >"$WEB/many/$i"; done
web_publish 7
ok "release 7 of many files is installed" sealift check
mv "$WEB/many" /srv/many
for i in 8 9; do
    web_publish "$i"
    ok "release $i is installed" sealift check
done
is "$(places)" "7 8 9" "three are there"
mv /srv/many "$WEB/many"
web_publish 10
leave_inodes $((1024 + 100))
keep 3
ok "the agent runs again" await 20 web_is running
requests_mark
not_ok "100 inodes are too few for release 10" sealift check
like "$(sealift why web)" "store: needs 2[0-9][0-9] inodes and 1024 left over, free are 1[0-9]{3}; make room" "which is said"
is "$(requests_count '.path | endswith(".tar.zst")')" 0 "nothing of it was fetched"
is "$(web_page) $(places)" "9 7 8 9" "nothing went for it, and release 9 runs on"
keep 2
ok "the agent runs again" await 20 web_is running
ok "with the inodes of what goes for it, it is installed" sealift check
is "$(web_page) $(places)" "10 10 8 9" "it answers"
done_testing
