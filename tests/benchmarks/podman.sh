#!/usr/bin/env bash
# What it takes to start a service, in a virtual machine: through sealift, hardened, until it says that it is ready; against
# `podman run` of the same program in an image that has it, with no network, in a unit of Type=notify, until it says so, too.
# shellcheck disable=SC2034 # for lib.sh
SCENARIO_HOST=vm SCENARIO_OPTIONS=(--with podman --with crun --with conmon --timeout 900)
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

# conmon passes READY=1 on, and systemd hears only who is in the unit.
units_begin
ready_install
make_image
python3 /tests/benchmarks/start.py "$sealed" "$PAIRS" "podman rm --force --ignore --time 0 ready" -- \
    podman run --rm --name ready --sdnotify=container --cgroups=no-conmon --network=none ready /usr/bin/perl /bundle/ready.pl >/srv/figures
start_row "start of a hardened service, in a virtual machine" "podman run, to READY=1" "0.33 or less"
