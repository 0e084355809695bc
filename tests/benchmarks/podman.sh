#!/usr/bin/env bash
# What it takes to start a service, in a virtual machine: through sealift, hardened, until it says that it is ready; against
# `podman run` of the same program in an image that has it, in a unit of Type=notify, until it says so, too. And against a
# container that has no network, as our service has none: less than what anybody types, and nearer to what we do.
# shellcheck disable=SC2034 # for lib.sh
SCENARIO_HOST=vm SCENARIO_OPTIONS=(--with podman --with crun --with conmon --with netavark --with aardvark-dns --with iptables --timeout 900)
# shellcheck source=tests/benchmarks/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

PAIRS=10

# An image of what there is: the same program, perl, what it loads, and what that is linked against.
make_image() {
    local image=/srv/image
    local -a parts
    mkdir -p "$image"/{bundle,proc,sys,dev,tmp,run,etc}
    cp /srv/ready/ready.pl "$image/bundle"
    mapfile -t parts < <(perl -MSocket -e 'print "$_\n" for values %INC, @DynaLoader::dl_shared_objects')
    parts+=(/usr/bin/perl)
    mapfile -t parts < <({ printf '%s\n' "${parts[@]}"; ldd "${parts[@]}" 2>/dev/null | grep -o '/[^ :]*\.so[^ :]*'; } | sort -u)
    cp --parents -L "${parts[@]}" "$image"
    tar -C "$image" -cf - . | podman import - ready >/dev/null
}

# against OPTION...: pairs with `podman run` of these; conmon passes READY=1 on, and systemd hears only who is in the unit.
against() {
    python3 /tests/benchmarks/start.py "$sealed" "$PAIRS" "podman rm --force --ignore --time 0 ready" -- \
        podman run --rm --name ready --sdnotify=container --cgroups=no-conmon "$@" ready /usr/bin/perl /bundle/ready.pl >/srv/figures
}

units_begin
ready_install
make_image
against
start_row "start of a hardened service, in a virtual machine" "podman run, to READY=1" "0.33 or less"
against --network=none
start_row "the same" "podman run --network=none" ""
