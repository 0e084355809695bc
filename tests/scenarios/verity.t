#!/usr/bin/env bash
# A file system that offers fs-verity: each file of a release is sealed before anything runs from it; nobody can write to it, and what
# the disk has changed is not handed out, which the scrub finds and a repair puts right. That it is never required, every other
# scenario shows. In a virtual machine, since the kernel that tests run on may be without.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_HOST=vm
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

tree() { echo "$STORE/releases/web/$1-"*/tree; }
unsealed() { find "$(tree "$1")" -type f -exec lsattr {} + | awk '$1 !~ /V/' | wc -l; }
good() { sealift verify web >/dev/null 2>&1; }

truncate -s 256M /srv/disk
mkfs.ext4 -q -O verity -b 4096 /srv/disk
mount -o loop /srv/disk "$STORE"
systemd-tmpfiles --create /usr/lib/tmpfiles.d/sealift.conf
web_begin
like "$(journal_since "MESSAGE_ID=${EVENT[installed]}")" "every file as signed, and sealed with fs-verity" "the journal says that it is sealed"
is "$(unsealed 1)" 0 "every file is"
not_ok "root cannot write to one" sh -c "echo x >>'$(tree 1)/page.html'"
ok "all is as signed" sealift verify web

# What a failing disk does: below the file system.
web_publish 2
ok "release 2 is installed, sealed too" sealift check
sync "$(tree 2)/zeros"
block=$(filefrag -v "$(tree 2)/zeros" | awk '$1 == "0:" { sub(/\.\..*/, "", $4); print $4 }')
printf x | dd of=/srv/disk bs=1 seek=$((block * 4096 + 5)) conv=notrunc status=none
echo 3 >/proc/sys/vm/drop_caches
not_ok "what the disk has changed is not handed out" cat "$(tree 2)/zeros"
like "$(sealift verify web 2>&1)" "web 2-[0-9a-f]{12} is damaged: zeros: cannot read" "the scrub finds it"
ok "it is put right" await 60 good
is "$(unsealed 2) $(web_page)" "0 2" "and sealed again, while release 2 answers"
done_testing
