#!/usr/bin/env bash
# The way to the bucket: a proxy for source and reports, with its credentials as a credential of the unit; a limit; and nginx, from
# which a download that broke off is gone on with.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

a_megabyte_is_here() { [ "$(find "$STORE/incoming" -type f -size +1M | wc -l)" = 1 ]; }
proxied() { grep -c '"CONNECT", "path": "bucket.test:443", "status": 200' /srv/proxy.log || true; }

# The evil server as an honest proxy, over TLS and with the certificate of bucket.test.
proxy_start() {
    echo "* login fleet:a-secret" >/srv/proxy.rules
    : >/srv/proxy.log
    cat >/etc/systemd/system/proxy.service <<UNIT
[Service]
Type=notify
NotifyAccess=main
ExecStart=/usr/bin/python3 /tests/host/evil.py --root /srv --rules /srv/proxy.rules --log /srv/proxy.log --bodies /srv \\
    --certificate $TLS/server.pem --key $TLS/server.key --listen 127.0.0.1:3128
UNIT
    systemctl daemon-reload
    systemctl start proxy.service
}

# configure KEY=VALUE: in each section that is about a way.
configure() {
    sed -i "/^${1%%=*}=/d; s/^\\[Source main\\]\$/&\\n$1/; s/^\\[Report\\]\$/&\\n$1/" /etc/sealift/sealift.conf
    [[ $1 != RateLimit* ]] || sed -i "/^\\[Report\\]/,\$ { /^RateLimit=/d }" /etc/sealift/sealift.conf
    systemctl restart sealiftd.service
}

web_begin
proxy_start
configure 'Proxy=https:\/\/bucket.test:3128'
web_publish 2
before=$(proxied)
like "$(sealift check 2>&1)" "the proxy asks for credentials" "a proxy that wants to know who we are"
is "$(web_page)" 1 "release 1 runs on"
mkdir -p /etc/systemd/system/sealift-fetch@.service.d
install -m 0600 /dev/null /etc/sealift/proxy.cred
echo fleet:a-secret >/etc/sealift/proxy.cred
printf '[Service]\nLoadCredential=sealift.proxy:/etc/sealift/proxy.cred\n' >/etc/systemd/system/sealift-fetch@.service.d/proxy.conf
systemctl daemon-reload
is "$before" "$(proxied)" "opens no way"
requests_mark
ok "with a credential" sealift check
is "$(web_page)" 2 "release 2 comes through it"
[ "$(proxied)" -gt "$before" ]
ok "so do reports" await_report 45 'any(.bundles[]; .version == "2")'
is "$(journalctl --quiet --no-pager --boot | grep -c a-secret)" 0 "nobody has told the password"
systemctl stop proxy.service
not_ok "without the proxy there is no other way" sealift check
configure 'Proxy=none'
ok "unless the configuration has one" sealift check

# Broken off for good: nginx is killed in the middle of it, which the limit gives time for.
configure 'RateLimit=4M'
web_write 3
head -c 64M /dev/urandom >"$WEB/ballast"
publish_release 3 "$WEB" /srv/web.manifest
sealift check --no-wait
await 20 a_megabyte_is_here
systemctl kill --signal=KILL bucket.service
ok "the line breaks: the check fails" await 20 sh -c '! systemctl is-active sealift-fetch@*.service'
await 20 sh -c 'sealift status --json | jq -e ".last_result | test(\"web.tar.zst\")"'
here=$(partials)
systemctl stop sealiftd.service # its own next poll may come any time
bucket_start
requests_mark
configure 'RateLimit='
ok "with nginx back, the next check installs it" sealift check
is "$(web_page)" 3 "which answers"
is "$(tail -n "+$((requests_seen + 1))" "$BUCKET_LOG" | jq -r 'select(.path | endswith(".tar.zst")) | "\(.range) \(.status)"')" \
    "bytes=$here- 206" "nginx was asked for the rest"

# goes NAME: what is left of the release that the channel has, as where the disk did not let it be removed.
goes() {
    local bundle
    bundle=$(find "$BUCKET" -name '*.web.tar.zst' -size +1M -printf '%f\n')
    : >"$STORE/incoming/${bundle%%.*}"
    sealift check >/srv/said 2>&1 || true
    is "$(find "$STORE/incoming" -type f)" "" "a download is of no use, since that release $1: it goes"
}
goes "runs"
sealift rollback web >/srv/said
goes "is quarantined"
is "$(web_page)" 2 "release 2 answers"
done_testing
