#!/usr/bin/env bash
# What it takes to start a hardened service: sealift-unitd, asked to start an installed release, until the service says that it
# is ready; against systemd-run with the properties of the unit that sealift made.
# shellcheck source=tests/benchmarks/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

PAIRS=30

units_begin
ready_install
unitd start "$sealed"
unit=$(unit_of ready)
# Its root directory is removed with it.
cp -a "/run/sealift/root/$unit" /srv/root
sed "s|/run/sealift/root/$unit|/srv/root|" "/run/systemd/system/$unit.d/"*.conf >/srv/dropin
python3 /tests/benchmarks/start.py "$sealed" "$PAIRS" /srv/dropin >/srv/figures
start_row "start of a hardened service, $PAIRS pairs" systemd-run "1.2 or less"
