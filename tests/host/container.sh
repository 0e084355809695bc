# shellcheck shell=bash
# A machine that is a container (sourced by tests/host/machine): systemd-nspawn over a tree of tests/host/tree, with a real
# systemd in half a second, and this computer's kernel.
# shellcheck disable=SC2154 # here, work, root, talk are tests/host/machine's

# host_root: the tree, with a layer over it that takes what the machine writes.
host_root() {
    mkdir "$work"/{upper,scratch,store}
    mount -t overlay -o "lowerdir=$MACHINE_TREE,upperdir=$work/upper,workdir=$work/scratch" sealift-test "$root"
    # nspawn wants a tmpfs at /run/systemd/nspawn to prepare its mounts in; nothing else of /run is looked at.
    mount -t tmpfs -o mode=0755 sealift-test /run
}

host_furnished() {
    [ -n "$MACHINE_INSTALL" ] || return 0
    chroot "$root" systemd-sysusers 2>/dev/null
    chroot "$root" journalctl --update-catalog
}

# nspawn ARGUMENT...: becomes systemd-nspawn (run it in a subshell), with what every boot shares. Loopback only; with a
# network of its own, systemd 257 makes one for a service too rather than going on without. The store gets a plain directory,
# as on real machines: an overlay has its own ideas of renames, inode numbers and free space.
nspawn() {
    exec systemd-nspawn --quiet --directory="$root" --boot --register=no --keep-unit --private-network --resolv-conf=off \
        --timezone=off --link-journal=no --hostname=sealift-test --bind-ro="$here/..:/tests" --bind="$talk:/talk" \
        --bind="$work/store:/var/lib/sealift" "$@" systemd.unit=multi-user.target systemd.wants=scenario.service
}

host_boot() { nspawn --console=pipe; }

# A getty would hang up on whoever has the console already. What PID 1 says before there is a journal would go there too;
# tests/host/shell.sh has it speak up again.
host_shell() {
    nspawn --console=interactive quiet systemd.show_status=no systemd.log_level=crit systemd.mask=console-getty.service
}

# host_kill NSPAWN: a power cut, and also the end of the time. PID 1 inside first, since it would outlive nspawn.
host_kill() {
    local init
    read -r init <"/proc/$1/task/$1/children" || true
    # shellcheck disable=SC2086 # none yet, or one
    kill -KILL $init "$1"
}

# host_gone: the last process of a machine whose nspawn was killed is gone a moment after nspawn. Ours have our PID namespace.
host_gone() {
    local process ours busy=yes limit=$((SECONDS + 10))
    ours=$(readlink /proc/self/ns/pid)
    while [ "$busy" = yes ]; do
        [ "$SECONDS" -lt "$limit" ] || die "the machine's processes outlived it"
        busy=no
        for process in /proc/[0-9]*; do
            case $(readlink "$process/ns/pid" 2>/dev/null) in '' | "$ours") ;; *) busy=yes ;; esac
        done
        [ "$busy" = no ] || sleep 0.01
    done
}

host_journal() { chroot "$root" journalctl --no-pager --quiet --lines=2000 --output=short-monotonic; }

host_keep() { cp -a "$work/upper" "$work/store" "$1/"; }
