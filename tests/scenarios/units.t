#!/usr/bin/env bash
# sealift-unitd on a real systemd: what it starts is behind every wall, stays there, and is told of when it is not.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

unitd() { /tests/host/unitd.py "$@"; }

# seal NAME VERSION: the manifest from the intent on standard input and the tree /srv/NAME, as `sealift pack` would make it
# but for the bundle itself, which unitd never sees. Its path is in $sealed.
seal() {
    local tree=/srv/$1 path type mode size entries=''
    sealed=/srv/$1-$2.manifest
    mkdir -p "$tree"
    while IFS=' ' read -r type mode size path; do
        case $type in
            d) entries+="Directory=0755 $path"$'\n' ;;
            f) entries+="File=$mode $size $(sha256sum <"$tree/$path" | cut -d' ' -f1) $path"$'\n' ;;
        esac
    done < <(cd "$tree" && find . -mindepth 1 -printf '%y %#m %s %P\n' | LC_ALL=C sort -k4)
    {
        printf '[Bundle]\nName=%s\nVersion=%s\n' "$1" "$2"
        cat
        printf '[Content]\nFormat=tar.zst\nSHA256=%064d\nSize=1\nUnpackedSize=%d\nInodes=%d\n%s' 0 \
            "$(find "$tree" -type f -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }')" \
            "$(find "$tree" -mindepth 1 | wc -l)" "$entries"
    } >"$sealed"
}

unit_of() { unitd list | awk -v bundle="$1" '$2 == bundle { print $6 }'; }
pid_of() { systemctl show --property=MainPID --value "$1"; }
exposure() { systemd-analyze security "$1" 2>/dev/null | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p'; }

first_light() {
    mkdir -p /etc/sealift/policy.d /srv/web
    echo "hello from release 1" >/srv/web/index.html
    seal web 1.0 <<'INTENT'
[Service main]
ExecStart=/usr/bin/caddy file-server --root /bundle --listen :8080
[Sandbox main]
Network=bind
Bind=tcp:8080
INTENT
    like "$(unitd prepare "$sealed" /srv/web || true)" "EPERM.*Bind=tcp:8080" "without a grant there is no place in the store"
    printf '[Policy web]\nBind=tcp:8080\n' >/etc/sealift/policy.d/web.conf
    unitd prepare "$sealed" /srv/web
    unitd start "$sealed"
    unitd list
    systemctl cat "$(unit_of web)"
    exposure "$(unit_of web)"
    curl -s --max-time 5 localhost:8080
    systemctl status sealift-unitd.service
    exposure sealift-unitd.service
    grep Secc /proc/"$(pid_of "$(unit_of web)")"/status
    time unitd stop "$sealed"
    unitd list
    find /run/sealift /var/lib/sealift
}

systemctl start sealift-unitd.socket
first_light
done_testing
