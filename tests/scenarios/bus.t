#!/usr/bin/env bash
# sealiftd as a unit: it comes up behind its walls, and on the bus anybody may look, but only root may ask for a check.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# A source that is not there will do: what is asked here has its answer without one.
systemd-sysusers
systemd-tmpfiles --create sealift.conf
systemctl reload dbus.service
mkdir -p /etc/sealift/policy.d
printf '[Agent]\nChannel=stable\nPollSec=1h\n[Source main]\nURL=https://nowhere.invalid/\n' >/etc/sealift/sealift.conf
agent_start

pid=$(systemctl show -P MainPID sealiftd.service)
status_of() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"; }
call() { busctl --timeout=20 call org.sealift.Agent1 /org/sealift/Agent1 "$@"; }
as_nobody() { setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
nobody_calls() { as_nobody busctl --timeout=20 call org.sealift.Agent1 /org/sealift/Agent1 "$@"; }

is "$(systemctl is-active sealiftd.service)" active "sealiftd says that it is ready"
is "$(status_of Uid | cut -f1)" "$(id -u sealift)" "it is sealift, not root"
is "$(status_of CapEff)$(status_of CapBnd)" 00000000000000000000000000000000 "it has no capability and can get none"
is "$(status_of NoNewPrivs)$(status_of Seccomp)" 12 "no new privileges and a filter"
unlike "$(readlink "/proc/$pid/ns/net")" "$(readlink /proc/1/ns/net | tr -cd 0-9)" "no network"

ok "anybody may introspect" as_nobody busctl introspect org.sealift.Agent1 /org/sealift/Agent1
like "$(as_nobody busctl get-property org.sealift.Agent1 /org/sealift/Agent1 org.sealift.Agent1 Channel 2>&1)" stable "anybody may read what there is"
ok "anybody may list bundles" nobody_calls org.sealift.Agent1 ListBundles
like "$(nobody_calls org.sealift.Agent1 Why s nothing 2>&1)" "no such bundle" "anybody may ask why"
like "$(nobody_calls org.sealift.Agent1 CheckNow 2>&1)" "Access denied" "nobody else than root may ask for a check"
like "$(call org.sealift.Agent1 CheckNow 2>&1)" "^bs " "root may"
like "$(as_nobody busctl set-property org.sealift.Agent1 /org/sealift/Agent1 org.sealift.Agent1 Channel s x 2>&1)" "Access denied" "and nobody sets anything"
done_testing
