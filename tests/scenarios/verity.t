#!/usr/bin/env bash
# A file system that offers fs-verity: each file of a release is sealed before anything runs from it; nobody can write to it, and what
# the disk has changed is not handed out, which the scrub finds and a repair puts right. What the kernel measures is what was noted
# when the bytes were first summed after that, and is asked for in place of a sum from then on. That it is never required, every
# other scenario shows. In a virtual machine, since the kernel that tests run on may be without.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_HOST=vm
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

tree() { echo "$STORE/releases/web/$1-"*/tree; }
unsealed() { find "$(tree "$1")" -type f -exec lsattr {} + | awk '$1 !~ /V/' | wc -l; }
good() { sealift verify web >/dev/null 2>&1; }
files() { find "$(tree 1)" "$(tree 2)" -type f | wc -l; }

# unnoted DIR: files whose attribute is not the sum of the two: the SHA-256 of the bytes, and the digest that the kernel measures.
unnoted() {
    python3 - "$1" <<'PYTHON'
import fcntl, hashlib, os, struct, sys
for at, _, names in os.walk(sys.argv[1]):
    for name in names:
        with open(os.path.join(at, name), "rb") as f:
            digest = bytearray(struct.pack("HH", 0, 32) + bytes(32))
            fcntl.ioctl(f, 0xC0046686, digest)  # FS_IOC_MEASURE_VERITY
            both = hashlib.sha256(f.read()).digest() + digest[4:]
            noted = "user.sealift" in os.listxattr(f.fileno())
            if not noted or os.getxattr(f.fileno(), "user.sealift") != hashlib.sha256(both).digest():
                print(f.name)
PYTHON
}

truncate -s 256M /srv/disk
mkfs.ext4 -q -O verity -b 4096 /srv/disk
mount -o loop /srv/disk "$STORE"
systemd-tmpfiles --create /usr/lib/tmpfiles.d/sealift.conf
web_begin
like "$(journal_since "MESSAGE_ID=${EVENT[installed]}")" "every file as signed, and sealed with fs-verity" "the journal says that it is sealed"
is "$(unsealed 1)" 0 "every file is"
not_ok "root cannot write to one" sh -c "echo x >>'$(tree 1)/page.html'"
is "$(unnoted "$(tree 1)" | wc -l)" "$(find "$(tree 1)" -type f | wc -l)" "of none it stands there that it was summed since"
ok "all is as signed" sealift verify web
is "$(unnoted "$(tree 1)")" "" "beside each stands what the kernel measures of what was signed"
head -c "$(stat -c %s "$WEB/zeros")" /dev/zero | tr '\0' 1 >"$WEB/ones"
web_publish 2
ok "release 2 is installed, sealed too" sealift check
ok "and summed" sealift verify web
trace_begin -f -p "$(pid_of sealiftd.service)" -e trace=ioctl,fgetxattr
ok "all is as signed" sealift verify web
trace_end
is "$(grep -c 'FS_IOC_MEASURE_VERITY.* = 0$' /srv/trace) $(grep -c 'fgetxattr(.* = 32$' /srv/trace)" "$(files) $(files)" "which each file was measured for"

# What is good, but elsewhere.
mv "$(tree 2)/zeros" "$(tree 2)/kept"
mv "$(tree 2)/ones" "$(tree 2)/zeros"
mv "$(tree 2)/kept" "$(tree 2)/ones"
like "$(sealift verify web 2>&1)" "web 2-[0-9a-f]{12} is damaged: (zeros|ones): its SHA-256 is not what was signed" "a sealed file in the place of another is found"
ok "it is put right" await 60 good

# What a failing disk does, below the file system, to what the kernel still remembers.
sync "$(tree 2)/zeros"
block=$(filefrag -v "$(tree 2)/zeros" | awk '$1 == "0:" { sub(/\.\..*/, "", $4); print $4 }')
cat "$(tree 2)/zeros" >/dev/null
printf x | dd of=/srv/disk bs=1 seek=$((block * 4096 + 5)) conv=notrunc status=none
like "$(sealift verify web 2>&1)" "web 2-[0-9a-f]{12} is damaged: zeros: cannot read" "the scrub finds what the disk has changed"
ok "it is put right" await 60 good
is "$(unsealed 2) $(unnoted "$(tree 2)") $(web_page)" "0  2" "and sealed again, while release 2 answers"
sync "$(tree 2)/zeros"
block=$(filefrag -v "$(tree 2)/zeros" | awk '$1 == "0:" { sub(/\.\..*/, "", $4); print $4 }')
printf x | dd of=/srv/disk bs=1 seek=$((block * 4096 + 5)) conv=notrunc status=none
echo 3 >/proc/sys/vm/drop_caches
not_ok "nor does the kernel hand it out to others" cat "$(tree 2)/zeros"
done_testing
