# shellcheck shell=bash
# What a scenario asks systemd about units of a bundle, and how it says something to systemd as the host (sourced by lib.sh).

# units_of BUNDLE[.INSTANCE][.SERVICE]: those that are up, or on their way; unit_of: the first of them.
units_of() {
    systemctl list-units --plain --no-legend --state=active,activating "sealift-$1[.@]*.service" | awk '{ print $1 }'
}
unit_of() { units_of "$1" | sed -n 1p; }

# property UNIT NAME
property() { systemctl show --property="$2" --value "$1"; }
pid_of() { property "$1" MainPID; }
# another_pid UNIT PID: it runs again, in another process
another_pid() { [ "$(pid_of "$1")" != "$2" ] && [ "$(pid_of "$1")" -gt 0 ] && systemctl --quiet is-active "$1"; }

# site_dropin NAME SECTION LINE...: this host's own drop-in for the services of that name, SERVICE@ for all units of a service, or
# "service" for every one there is; in the place of an earlier one. site_dropin_gone NAME: it is taken away. Both reload systemd.
site_dropin() {
    local folder
    folder=$(site_dropin_folder "$1")
    mkdir -p "$folder"
    printf '%s\n' "[$2]" "${@:3}" >"$folder/90-site.conf"
    systemctl daemon-reload
}
site_dropin_gone() {
    rm -r "$(site_dropin_folder "$1")"
    systemctl daemon-reload
}
site_dropin_folder() { if [ "$1" = service ]; then echo /etc/systemd/system/service.d; else echo "/etc/systemd/system/$1.service.d"; fi; }
