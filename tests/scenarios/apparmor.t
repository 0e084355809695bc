#!/usr/bin/env bash
# Which AppArmor profile confines a service, that it does, and what becomes of a host where policy wants one and there is none.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_HOST=vm
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

BOX=/srv/box
STATE=/var/lib/private/sealift-box
PROFILES=/etc/apparmor.d

# box_publish VERSION [SANDBOX-LINE...]: a service that tries what its user's rights allow, and writes down how it went.
box_publish() {
    local version=$1
    shift
    mkdir -p "$BOX"
    cat >"$BOX/box.sh" <<'BOX'
try() { "${@:2}" >/dev/null 2>&1 && echo "$1 yes" || echo "$1 no"; }
cp /usr/bin/true /var/lib/sealift-box/mine
cp /usr/bin/true /tmp/mine
{
    try state bash -c 'echo >/var/lib/sealift-box/file'
    try bundle /usr/bin/bash /bundle/true.sh
    try mine /var/lib/sealift-box/mine
    try tmp /tmp/mine
    try library python3 -c 'import ctypes, shutil, glob
shutil.copy(glob.glob("/usr/lib/*/libz.so.1")[0], "/tmp/libz.so"); ctypes.CDLL("/tmp/libz.so")'
    try namespace unshare --user --map-root-user --mount mount -t tmpfs tmpfs /tmp
} >/var/lib/sealift-box/tried.new
mv /var/lib/sealift-box/tried.new /var/lib/sealift-box/tried
exec sleep infinity
BOX
    echo true >"$BOX/true.sh"
    {
        printf '%s\n' '[Bundle]' Name=box Version=1 '[Service main]' 'ExecStart=/usr/bin/bash /bundle/box.sh' \
            StateDirectory=yes '[Sandbox main]' "$@"
    } >/srv/box.manifest
    rm -f "$STATE/tried"
    publish_release "$version" "$BOX" /srv/box.manifest
}

# label BUNDLE: what the kernel says of its main process.
label() { cat "/proc/$(pid_of "$(unit_of "$1")")/attr/current"; }
box_runs() { [ "$(bundle_state box state)" = running ]; }
tried() { await 90 test -e "$STATE/tried" && xargs <"$STATE/tried"; }

# refused NAME REGEX: sealift check says so; nothing of the release is fetched.
refused() {
    requests_mark
    like "$(sealift check 2>&1 || true)" "$2" "$1"
    is "$(requests '.path | endswith(".tar.zst")')" "" "$1: nothing of it was fetched"
}

# site_profile: stricter than ours, as a site would write it.
site_profile() {
    cat >"$PROFILES/site-box" <<'PROFILE'
abi <abi/3.0>,
include <tunables/global>
profile site-box flags=(attach_disconnected) {
  include <abstractions/sealift>
  /usr/** mrix,
  deny /var/lib/sealift-box/file w,
}
PROFILE
}

# alone: what each profile lets root do with no other wall in the way, against what it should.
alone() {
    local name got want count=0
    printf '%s\n' 'profile sealift-other {' 'file,' 'signal,' 'ptrace,' '}' | apparmor_parser --replace
    while IFS=$'\t' read -r name got want; do
        count=$((count + 1))
        is "$got" "$want" "AppArmor alone, who may $name"
    done < <(/tests/host/confined.py)
    ok "so many rules were tried: $count" [ "$count" -ge 70 ]
}

case $PHASE in
    1)
        web_begin
        agent_enable
        is "$(label web)" unconfined "where the profiles are not loaded, a service runs without"
        agent_grant web Bind=tcp:8080 AppArmor=required
        web_publish 2
        refused "required, and not loaded" "policy wants AppArmor profile sealift-usr-network, and it is not loaded"
        ok "the profiles load" apparmor_parser --replace "$PROFILES/sealift"
        echo 0 >/proc/sys/kernel/printk_ratelimit # so many denials follow that the kernel would pass over some
        alone
        ok "then that very release is installed" sealift check
        is "$(label web)" "sealift-usr-network (enforce)" "and confined by the profile for what it asks for"

        box_publish 1
        ok "a service that asks for nothing is installed" sealift check
        is "$(label box)" "sealift-usr (enforce)" "and confined more narrowly"
        is "$(tried)" "state yes bundle yes mine no tmp no library no namespace no" "it executes nothing that it wrote itself"
        ok "which the kernel tells" await 20 sh -c \
            'journalctl -k --no-pager | grep -q "apparmor=\"DENIED\".*profile=\"sealift-usr\" name=\"/tmp/mine\""'
        rm "$STATE/tried"
        systemctl kill --signal=KILL "$(unit_of box)"
        is "$(tried)" "state yes bundle yes mine no tmp no library no namespace no" "nor after a restart"
        is "$(label box)" "sealift-usr (enforce)" "under the same label"
        like "$(sealift show --unit box)" 'AppArmorProfile=sealift-usr($|[^-])' "which show --unit has in the unit"
        unlike "$(sealift show --unit box)" "never counted on: AppArmor" "and counts on"
        systemctl stop "$(unit_of box)"
        like "$(sealift show --unit box)" 'does not run.*AppArmorProfile=sealift-usr($|[^-])' "also of a unit that would be"

        agent_grant box UserNamespaces=yes
        box_publish 2 UserNamespaces=yes
        ok "with namespaces it is installed" sealift check
        # What stands in a state directory cannot be executed on systemd 257 anyway.
        like "$(label box) $(tried)" \
            "^sealift-usr-namespaces \(enforce\) state yes bundle yes mine (yes|no) tmp yes library yes namespace yes$" "and makes them"

        agent_grant box AppArmorProfile=site-box
        site_profile
        box_publish 3
        refused "a site's own, and not loaded" "policy wants AppArmor profile site-box, and it is not loaded"
        apparmor_parser --replace "$PROFILES/site-box"
        ok "it loads, and the release is installed" sealift check
        is "$(label box) $(tried)" \
            "site-box (enforce) state no bundle yes mine no tmp no library no namespace no" "and the site's profile decides"
        # As if systemd had gone on without: it would not say so either. The directory is for units of another bundle.
        site_dropin sealift-loose.main@ Service AppArmorProfile=
        sed 's/^Name=.*/Name=loose/' /srv/box.manifest >/srv/loose.manifest
        publish_release 1 "$BOX" /srv/loose.manifest
        like "$(sealift check 2>&1 || true)" "AppArmor confines it by unconfined, and should by sealift-usr \(enforce\)" \
            "a profile that is not in force fails the release"
        site_dropin_gone sealift-loose.main@
        publish_release 2 "$BOX" /srv/loose.manifest
        ok "with it in force, the next is installed" sealift check
        next_boot reboot apparmor=0
        ;;
    2)
        is "$(cat /sys/module/apparmor/parameters/enabled)" N "AppArmor is off now"
        ok "a service that may do without runs" await 90 box_runs
        rm "$STATE/tried"
        systemctl kill --signal=KILL "$(unit_of box)"
        like "$(tried)" "^state yes bundle yes mine (yes|no) tmp yes library yes namespace no$" "and now does what the profile denied"
        ok "one that may not does not run" await 30 web_is failed
        like "$(bundle_state web error)" "policy wants AppArmor profile sealift-usr-network, and AppArmor is off on this host" "and says why"
        not_ok "it is not quarantined" grep Quarantined "$STORE/state/web"
        bucket_start
        web_publish 3
        refused "nor is a newer release installed" "AppArmor is off on this host"
        agent_grant web Bind=tcp:8080
        ok "without the demand, it is" sealift check
        is "$(web_page)" 3 "and runs"
        done_testing
        ;;
esac
