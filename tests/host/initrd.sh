# shellcheck shell=bash
# What a virtual machine starts from (sourced by tests/host/tree): modules and a script of ours instead of Debian's initramfs,
# which looks for everything that a computer could have, and under an emulated processor that takes longer than all the rest.

INITRD_MODULES=(virtio_pci virtio_blk virtio_console ext4)

# initrd_init: /init of it. tests/host/virtual.sh puts two files beside it: furnish.tar, at a machine's first boot, is what
# makes it this one; talk.tar is what the two sides share. Its other half, out of the machine, are serial ports.
initrd_init() {
    cat <<'INIT'
#!/bin/busybox sh
set -e
export PATH=/bin
/bin/busybox --install /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
grep -qw tests.probe /proc/cmdline && poweroff -f
for module in $(cat /modules/order); do insmod "/modules/$module"; done
mount -t ext4 /dev/vda /root
if [ -e /furnish.tar ]; then
    # /lib is a symbolic link in the tree, and must stay one whatever was installed below it.
    chroot /root tar --keep-directory-symlink --no-overwrite-dir -xf - </furnish.tar
    rm /furnish.tar
    chroot /root systemd-sysusers
    chroot /root journalctl --quiet --update-catalog
fi
mount -t tmpfs talk /root/talk
tar -C /root/talk -xf /talk.tar
# Ports come one by one, `requests` last.
until grep -qsx requests /sys/class/virtio-ports/*/name; do sleep 0.02; done
for name in /sys/class/virtio-ports/*/name; do
    port=${name%/name}
    ln -s "/dev/${port##*/}" "/root/talk/$(cat "$name")"
done
umount /proc /sys
mount --move /dev /root/dev
exec switch_root /root /sbin/init
INIT
}

# initrd_modules TREE DIR: those modules and what they depend on, unpacked, and `order` to load them in.
initrd_modules() {
    local tree=$1 dir=$2 file name
    while read -r file; do
        name=$(basename "$file" .xz)
        [ ! -e "$dir/$name" ] || continue
        case $file in *.xz) xz -dc "$tree$file" ;; *) cat "$tree$file" ;; esac >"$dir/$name"
        echo "$name"
    done < <(chroot "$tree" modprobe --set-version "$(ls "$tree/lib/modules")" --show-depends --all "${INITRD_MODULES[@]}" |
        sed -n 's/^insmod \([^ ]*\).*/\1/p') >"$dir/order"
}

# initrd_write TREE: an initrd for TREE's kernel, to standard output. Not compressed: unpacking costs the guest more.
initrd_write() {
    local tree=$1 dir=$1/initrd
    mkdir -p "$dir"/{bin,dev,modules,proc,root,sys}
    cp "$tree"/usr/bin/busybox "$dir/bin/busybox"
    initrd_init >"$dir/init"
    chmod +x "$dir/init"
    initrd_modules "$tree" "$dir/modules"
    chroot "$tree" busybox sh -c 'cd /initrd && find . | busybox cpio -o -H newc'
    rm -rf "$dir"
}
