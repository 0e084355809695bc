#!/usr/bin/env bash
# On a host whose policy requires AppArmor: every example of manifests/ does what it says of itself, and so does a service for
# each profile of the family. Each is under its profile and no more exposed than without, and the kernel had nothing to deny.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_HOST=vm
SCENARIO_LONG=trixie
if [ ! -e /talk/scenario ]; then
    SCENARIO_OPTIONS=(--timeout 3000)
    ! brought=$("${0%/*}/../host/npm") || SCENARIO_OPTIONS+=(--bring "$brought")
fi
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# ---- a bundle with a service for each profile ----------------------------------------------------------------------------------

# member PROFILE SANDBOX-LINES SCRIPT: the lines are parted by ';', and policy grants each. The script is what such a service
# would want its profile for; it says so with its label before it, and $b is busybox, with or without a /usr.
member() {
    local sandbox=${2//;/$'\n'} start=/bundle/$1
    [[ $1 != bundle* ]] || start="/bundle/busybox sh $start" sandbox+=$'\n'Root=bundle
    printf '%s\n' "[Service $1]" "ExecStart=$start" "[Sandbox $1]" "$sandbox" >>/srv/family.manifest
    sed -n '/^\(Bind\|Capability\|UserNamespaces\)=/p' <<<"$sandbox" >>/etc/sealift/policy.d/family.conf
    # shellcheck disable=SC2016 # the member's own
    printf '%s\n' '#!/bin/sh' 'b=/bundle/busybox' 'export b' "said=\$({ $3; } 2>&1)" \
        "echo \"$1: \$(\$b cat /proc/self/attr/current): \$said\"" 'exec $b sleep 1000000' >"/srv/family/$1"
    chmod 755 "/srv/family/$1"
}

# shellcheck disable=SC2016 # the member's own
family_publish() {
    # More than once, since there is nothing to read for a moment, while it becomes another program.
    local look='$b sleep 1000000 >/dev/null 2>&1 & for try in 1 2 3 4 5 6 7 8 9; do $b grep -q . </proc/$!/cmdline && { kill $!; echo works; break; }; done'
    local ping='$b ping -c 1 -W 20 127.0.0.1 >/dev/null && echo works'
    local address='$b ip address add 192.0.2.1/32 dev lo && echo works'
    local space="\$b mount -t tmpfs x /tmp && $address"
    local box='bwrap --ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/lib64 /lib64 --ro-bind /bundle /bundle --dev /dev --tmpfs /tmp'
    mkdir -p /srv/family
    cp /usr/bin/busybox /srv/family
    printf '%s\n' '[Bundle]' Name=family Version=1 >/srv/family.manifest
    echo '[Policy family]' >/etc/sealift/policy.d/family.conf
    member usr "" "$look"
    member usr-capabilities "Capability=CAP_NET_ADMIN" "$address"
    member usr-namespaces "UserNamespaces=yes" "$box --unshare-all /usr/bin/echo works"
    member usr-network "Network=bind;Bind=tcp:8101" '$b httpd -p 8101 && echo works'
    member usr-network-capabilities "Network=bind;Bind=tcp:8105;Capability=CAP_NET_RAW" "$ping"
    member usr-network-namespaces "Network=bind;Bind=tcp:8102;UserNamespaces=yes" \
        "$box --unshare-user --unshare-ipc /bundle/busybox httpd -p 8102 && echo works"
    member bundle "" "$look"
    member bundle-capabilities "Capability=CAP_NET_ADMIN" "$address"
    member bundle-namespaces "UserNamespaces=yes" "\$b unshare -U -r -m -n \$b sh -c '$space'"
    member bundle-network "Network=bind;Bind=tcp:8103" '$b httpd -p 8103 && echo works'
    member bundle-network-capabilities "Network=bind;Bind=tcp:8106;Capability=CAP_NET_RAW" "$ping"
    member bundle-network-namespaces "Network=bind;Bind=tcp:8104;UserNamespaces=yes" \
        "\$b unshare -U -r -m \$b sh -c '\$b mount -t tmpfs x /tmp && \$b httpd -p 8104 && echo works'"
    member job "" 'echo works'
    sed -i 's/^exec .*//' /srv/family/job
    sed -i 's/^\[Service job\]/&\nType=oneshot/' /srv/family.manifest
    printf '%s\n' '[Timer run]' Service=job 'OnCalendar=*-01-01' >>/srv/family.manifest
    publish_release 1 /srv/family /srv/family.manifest
}

family_said() { journalctl --quiet --output=cat SEALIFT_BUNDLE=family | grep "^$1: " | tail -n 1; }
family_look() {
    local member
    systemctl start 'sealift-wake@family.run:timer.service'
    for member in {usr,bundle}{,-network}{,-capabilities,-namespaces}; do
        await 120 family_said "$member" || true
        is "$(family_said "$member")" "$member: sealift-$member (enforce): works" "under sealift-$member a service does what it asked for"
    done
    await 120 family_said job || true
    is "$(family_said job)" "job: sealift-usr (enforce): works" "so does a job, behind what holds it"
}

# ---- the examples --------------------------------------------------------------------------------------------------------------

# example_publish FILE
example_publish() {
    local file=$1 name
    name=$(basename "$file" .manifest)
    ok "$name: the tree can be made" example_tree "$file" "/srv/examples/$name"
    example_grant "$file" "$name"
    ok "$name: the host can be told" sh -ec "$(example_says "$file" 'What the host says')"
    publish_release 1 "/srv/examples/$name" "$file"
}

# example_profile FILE SERVICE
example_profile() {
    local root=usr network
    [ "$(example_asks "$1" "$2" Root)" != bundle ] || root=bundle
    network=$(example_network "$1" "$2")
    case $network in none) echo "sealift-$root (enforce)" ;; *) echo "sealift-$root-network (enforce)" ;; esac
}

# example_labels FILE NAME
example_labels() {
    local unit service
    for unit in $(example_units "$2"); do
        service=$(example_service "$2" "$unit")
        is "$(cat "/proc/$(systemctl show --property=MainPID --value "$unit")/attr/current")" "$(example_profile "$1" "$service")" \
            "$2: $service is under its profile"
    done
}

# example_look FILE: what it says of itself, and what is said of it.
example_look() {
    local file=$1 name
    name=$(basename "$file" .manifest)
    if example_is_job "$file"; then
        ok "$name: it can be run" sh -ec "$(example_says "$file" 'Then')"
        ok "$name: it runs to its end" await 180 job_has_run "$name"
        like "$(example_said "$file")" . "$name: and says what it did"
        return
    fi
    ok "$name: does what it is for" await 180 example_answers "$file"
    example_labels "$file" "$name"
    example_exposure "$file" "$name" ', under AppArmor'
}

# A process for each certificate is a minute where the processor is emulated: three of them will do.
find /etc/ssl/certs -name '*.pem' | tail -n +4 | xargs rm
bucket_start
publisher_init
agent_configure
example_world
printf '[Policy *]\nAppArmor=required\n' >/etc/sealift/policy.d/all.conf
apparmor_parser --replace /etc/apparmor.d/sealift
mkdir /srv/adapted
family_publish
pack_options=--level=1
for example in "$EXAMPLES"/*.manifest; do
    if grep -q '^#       npm ' "$example" && [ ! -e /brought ]; then
        skip "${example##*/}: npm could fetch no packages for it outside of this machine"
        continue
    fi
    example_adapt "$example" >"/srv/adapted/${example##*/}"
    example_publish "/srv/adapted/${example##*/}"
done
agent_start
ok "all of them are installed" sealift check
for example in /srv/adapted/*.manifest; do example_look "$example"; done
family_look
is "$(sealift status --json | jq -r '.bundles[] | select(.state != "running") | .name')" "" "all of them run, side by side"
is "$(journalctl --quiet --dmesg --output=cat | grep -E 'apparmor="DENIED".* profile="sealift-' || true)" "" "and the kernel denied none of them anything"
done_testing
