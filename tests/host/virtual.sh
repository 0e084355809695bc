# shellcheck shell=bash
# A machine that is a virtual one (sourced by tests/host/machine): qemu over a disk of tests/host/tree, with a kernel of its
# own. Slower by some twenty seconds a boot where the processor has to be emulated, and with everything that a container
# has not: AppArmor, cgroup limits, BPF address lists.
# shellcheck disable=SC2154 # here, work, root, talk and kernel are tests/host/machine's

# host_root: $root is only what is laid over the disk at the first boot (furnish.tar), the layer that takes what the machine
# writes is qemu's.
host_root() {
    mkdir -p "$root/etc/systemd/"{system,journald.conf.d} "$root/usr/lib"
    qemu-img create -q -f qcow2 -F raw -b "$MACHINE_TREE/disk" "$work/disk"
    # The way out for what one wants to read of a machine that went down badly.
    printf '[Journal]\nForwardToConsole=yes\nTTYPath=/dev/hvc0\nMaxLevelConsole=debug\n' \
        >"$root/etc/systemd/journald.conf.d/60-tests.conf"
}

host_furnished() {
    tar -C "$here/../.." --owner=0 --group=0 -cf "$work/furnish.tar" tests
    tar -C "$root" --owner=0 --group=0 -rf "$work/furnish.tar" .
}

# fill_initrd: the kernel takes archives one behind the other, each padded to four bytes.
fill_initrd() {
    local -a files=(talk.tar)
    [ "$(cat "$talk/phase")" -gt 1 ] || files+=(furnish.tar)
    (cd "$talk" && find . -type f ! -name journal ! -name console -print0 | tar -cf "$work/talk.tar" --null -T -)
    (cd "$work" && printf '%s\n' "${files[@]}" | cpio --quiet -o -H newc | cat "$MACHINE_TREE/initrd" - >"$work/initrd")
}

# port NAME CHARDEV: a serial port that the machine sees as /talk/NAME.
port() { qemu+=(-chardev "$2,id=$1" -device "virtserialport,chardev=$1,name=$1"); }

# emulator CONSOLE APPEND...: becomes qemu (run it in a subshell). A power cut loses what the guest has not flushed.
emulator() {
    local console=$1 cache=writeback
    local -a qemu=(-nodefaults -no-reboot -display none -m 2048 -smp 2)
    shift
    # next_boot ... tests.clock=2036-01-01T00:00:00: what the machine's own clock says, from the kernel on.
    [[ ! "$*" =~ tests\.clock=([^ ]+) ]] || qemu+=(-rtc "base=${BASH_REMATCH[1]}")
    if [ "$MACHINE_KVM" = yes ]; then qemu+=(-accel kvm -cpu host); else qemu+=(-accel "tcg,thread=multi" -cpu max); fi
    # On disk there is a cache to do without, as a power cut does.
    [ "$MACHINE_DISK" = no ] || cache=none
    qemu+=(-drive "file=$work/disk,if=virtio,format=qcow2,cache=$cache" -device virtio-serial-pci
        -chardev "file,id=journal,path=$talk/journal,append=on" -device "virtconsole,chardev=journal"
        -chardev "$console" -serial chardev:console)
    port out "file,path=$talk/out"
    port err "file,path=$talk/err"
    port requests "file,path=$talk/requests"
    fill_initrd
    # clearcpuid=141: the kernel does without cmpxchg16b, after which qemu 7.2 once in a while leaves the guest with flags that are
    # none. Debian 13's allocates memory by it, and then panics; programs do not ask whether it is there (haproxy).
    exec qemu-system-x86_64 "${qemu[@]}" -kernel "$MACHINE_TREE/kernel" -initrd "$work/initrd" \
        -append "console=ttyS0 quiet panic=-1 no_timer_check clearcpuid=141 systemd.unit=multi-user.target systemd.wants=scenario.service $*"
}

# The kernel's last words are what next_boot said.
host_boot() { emulator "file,id=console,path=$talk/console,append=on" systemd.show_status=no systemd.getty_auto=no "$kernel"; }

host_shell() {
    emulator stdio,id=console,signal=off systemd.show_status=no systemd.log_level=crit systemd.getty_auto=no
}

host_kill() { kill -KILL "$1"; }
host_gone() { :; }
host_journal() { cat "$talk/journal"; }
host_keep() { cp -a "$work/disk" "$talk/journal" "$talk/console" "$1/"; }
