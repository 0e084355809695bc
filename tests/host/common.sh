# shellcheck shell=bash
# What the scripts that run outside the container share: the cache, messages, Debian packages.
#
# Sourced, never run. Nothing here touches the machine but need_packages, which installs Debian packages.

# The one directory that stays behind: trees, builds, and what a running test needs on disk.
SEALIFT_CACHE=${SEALIFT_CACHE:-/var/cache/sealift-tests}

# What a virtual machine is made with, beside what makes its disk.
# shellcheck disable=SC2034 # for those who source this
VIRTUAL_PACKAGES=(qemu-system-x86 qemu-utils cpio util-linux)

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }

# die MESSAGE: the caller could not do its work at all; 99 is what TAP and automake take for "hard error".
die() {
    warn "${0##*/}: $*"
    exit 99
}

# print_help: the comment block at the top of the calling script is its --help.
print_help() {
    awk 'NR > 1 && /^#/ { sub(/^# ?/, ""); print; next } NR > 1 { exit }' "$0"
}

need_root() {
    [ "$(id -u)" -eq 0 ] || die "must be run as root: it boots a container and mounts file systems (try: sudo $0)"
}

package_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null)" = "ii " ]
}

# need_packages NAME...: install those that are missing. apt-get update runs only when something is missing,
# and DPkg::Lock::Timeout waits for another apt-get (unattended-upgrades, a second test run) instead of failing.
need_packages() {
    local name missing=() log
    command -v apt-get >/dev/null || die "needs Debian 12 or later: there is no apt-get here to install: $*"
    for name; do
        package_installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" -eq 0 ] || die "these packages are missing, and installing them needs root: ${missing[*]}"

    say "# installing ${missing[*]}"
    log=$(mktemp)
    if ! { apt-get -qq -o DPkg::Lock::Timeout=600 update &&
        DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 \
            install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "apt-get could not install: ${missing[*]} (its last words are above; is there a package mirror?)"
    fi
    rm -f "$log"
}
