#!/usr/bin/env bash
# From inside of running services: all that a broken-in program would try next (host/escapes.py), for several kinds of
# sandbox, and none of it works but what the kind was granted. The same attempts are made outside of every sandbox first,
# where they must succeed: one that fails there would prove nothing here.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh
# shellcheck source=tests/host/escapes.sh
. /tests/host/escapes.sh

NOT_HERE=$OF_A_KERNEL # that it is held inside shows nothing here; escapes-kernel.t shows it

# facts_of_host: what a start as root could be led to change.
facts_of_host() { stat -c '%n %U %G %a %F' / /etc /etc/shadow /root /root/secret /usr/bin/id /run/systemd /var/lib /run; }

# planted: links in its own directories against the next start, which goes through them as root where the owner is another.
planted() {
    local before
    # shellcheck disable=SC2016 # the service's own
    install planter 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sh -c "for d in /var/lib/sealift-planter /var/cache/sealift-planter /run/sealift-planter /var/log/sealift-planter; do cd $$d && ln -s /etc/shadow shadow && ln -s / root && ln -s ../../../etc up && mkdir in && ln -s /root in/root && chmod 0777 in; ln /usr/bin/id id; mv $$d $$d-x; rmdir $$d; ln -sfn /etc $$d; done; exec sleep infinity"
StateDirectory=yes
CacheDirectory=yes
RuntimeDirectory=yes
LogsDirectory=yes
INTENT
    before=$(facts_of_host)
    ok "planter: it starts, and plants links in its directories" unitd start "$sealed"
    is "$(readlink /var/lib/sealift-planter/shadow /var/lib/sealift-planter/in/root)" "/etc/shadow"$'\n'"/root" "planter: they are there"
    unitd stop "$sealed"
    chown -h 1234:1234 /var/lib/private/sealift-planter /var/cache/private/sealift-planter /var/log/private/sealift-planter
    ok "planter: started again over them, as another user" unitd start "$sealed"
    is "$(facts_of_host)" "$before" "planter: nothing of the host's has another owner or mode"
    is "$(stat -c %U:%G /var/lib/private/sealift-planter/in)" "$(stat -c %U:%G /var/lib/private/sealift-planter)" "planter: though what is its own has"
    unitd stop "$sealed"
}

units_begin
useradd --system shared
others
outside
network='an internet socket|connect to the host( by IPv6| by a listener)?|connect to an abstract socket of the host.s'
kind strict "Network=none" ""
# What no kernel that Debian has keeps anybody from who has a socket of the host's network (sealift.manifest(5), Network=socket).
kind behind "[Socket main];ListenStream=8088" "connect to the host by a listener"
kind together "Network=bundle" "an internet socket"
kind jit "WriteExecute=yes" "memory to write and execute|memory to write, then execute|shared memory to execute"
kind out "Network=outbound;Outbound=any" "$network"
kind rootless "Root=bundle" ""
kind bind "Network=bind;Bind=tcp:8081" "$network"
kind low "Network=bind;Bind=tcp:8081;Capability=CAP_NET_BIND_SERVICE" "$network|listen on a port below 1024"
kind shared "User=shared" ""
kind spaces "UserNamespaces=yes" "make a user namespace|a netlink socket"
# Root of a namespace of its own making is root of nothing else: what it mounts, who it is and what it is capable of is there alone.
kind nested "UserNamespaces=yes" "make an? .* namespace|a netlink socket|mount a tmpfs|mount over the bundle|open a file system|\
take a tree of mounts|chroot|pivot_root|a set-user-ID program of the host.s|passwd|become root|have any capability|add capabilities" --nested
planted
units_end
