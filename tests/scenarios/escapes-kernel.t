#!/usr/bin/env bash
# From inside of running services, on a kernel of the machine's own: what a container could not do even outside of every sandbox,
# so that escapes.t, which has all the rest, cannot show that it is held inside. Root makes each attempt first, and succeeds.
# AppArmor's profiles are not loaded: apparmor.t is about what they add.
# shellcheck disable=SC2034 # for scenario.sh and escapes.sh
SCENARIO_HOST=vm
SCENARIO_LONG=trixie
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh
# shellcheck source=tests/host/escapes.sh
. /tests/host/escapes.sh
ONLY=$OF_A_KERNEL

units_begin
# Debian's 3 wants CAP_SYS_ADMIN of whoever measures, which no service can have.
echo 2 >/proc/sys/kernel/perf_event_paranoid
useradd --system shared
others
outside 39
kind strict "Network=none" ""
kind shared "User=shared" ""
kind capable "Capability=CAP_SYS_TIME;Capability=CAP_SYSLOG;Capability=CAP_BPF;Capability=CAP_PERFMON;Capability=CAP_SYS_RESOURCE" \
    "set the clock|date --set|read the kernel.s log|bpf|measure with perf|make the kernel spare it"
kind nested "UserNamespaces=yes" "make a time namespace" --nested
units_end
