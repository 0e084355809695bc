#!/usr/bin/env bash
# What it takes to start a service, in a virtual machine: through sealift, hardened, until it says that it is ready; against
# `podman run` of the same program in an image that has it, with no network, until it has said so and ended.
# shellcheck disable=SC2034 # for lib.sh
SCENARIO_HOST=vm SCENARIO_OPTIONS=(--with podman --with crun --with conmon --timeout 900)
# shellcheck source=tests/benchmarks/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

PAIRS=10

# An image of what there is: perl and what it is linked against.
make_image() {
    local image=/srv/image
    mkdir -p "$image"/{bundle,proc,sys,dev,tmp,etc}
    # The program says READY=1 to nobody there, and ends: what is measured is podman until then.
    echo 'print "ready"' >"$image/bundle/ready.pl"
    # shellcheck disable=SC2046 # words
    cp --parents -L /usr/bin/perl $(ldd /usr/bin/perl | grep -o '/[^ ]*') "$image"
    tar -C "$image" -cf - . | podman import - ready >/dev/null
}

units_begin
ready_install
make_image
python3 /tests/benchmarks/start.py "$sealed" "$PAIRS" -- podman run --rm --network=none ready /usr/bin/perl /bundle/ready.pl >/srv/figures
start_row "start of a hardened service, in a virtual machine" "podman run" "0.33 or less"
