# shellcheck shell=bash
# The bucket of a scenario (sourced by lib.sh): https://bucket.test/ serves /srv/bucket, and takes reports at /reports/.
#
# Two servers can stand there, one at a time, with the same certificate, request log and place for reports: nginx, which
# is what people use, and tests/host/evil.py, which lies, stalls and breaks off as it is told.

BUCKET=/srv/bucket
BUCKET_LOG=/var/log/bucket/requests # one JSON object a request
BUCKET_BODIES=/var/log/bucket/bodies
TLS=/srv/tls
EVIL_RULES=/srv/evil.rules

# ---- who the bucket says it is --------------------------------------------------------------------------------------

# make_authority NAME: a throw-away CA.
make_authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$1" \
        -addext 'basicConstraints=critical,CA:TRUE' -keyout "$TLS/$1.key" -out "$TLS/$1.pem" 2>/dev/null
}

# make_identity NAME HOST AUTHORITY: a server's key and certificate.
make_identity() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" \
        -keyout "$TLS/$1.key" -out "$TLS/$1.csr" 2>/dev/null
    openssl x509 -req -in "$TLS/$1.csr" -CA "$TLS/$3.pem" -CAkey "$TLS/$3.key" -days 30 \
        -extfile <(echo "subjectAltName=DNS:$2") -out "$TLS/$1.pem" 2>/dev/null
}

# bucket_prepare: once a machine. `bucket` is right; `wrong-name` is another's certificate of the same CA; `unknown-ca` has
# the right name from a CA that nobody here trusts.
bucket_prepare() {
    [ ! -e "$TLS/bucket.pem" ] || return 0
    mkdir -p "$TLS" "$BUCKET" "$BUCKET_BODIES"
    chown www-data: "$BUCKET_BODIES"
    make_authority ca
    make_authority stranger
    make_identity bucket bucket.test ca
    make_identity wrong-name other.test ca
    make_identity unknown-ca bucket.test stranger
    : >"$BUCKET_LOG"
    : >"$EVIL_RULES"
    bucket_write_config
}

# The CA that an agent is to trust.
ca_pem() { echo "$TLS/ca.pem"; }

# ---- nginx ----------------------------------------------------------------------------------------------------------

# A report's body goes to a file of its own and the "sink" says 204: dav_methods would overwrite a second delivery, and
# knows no POST. The log and the evil server's have the same form.
bucket_write_config() {
    mkdir -p /etc/bucket
    cat >/etc/bucket/nginx.conf <<CONF
user www-data;
worker_processes 1;
pid /run/bucket.pid;
error_log /var/log/bucket/error;
events {}
http {
    log_format requests escape=json '{"method":"\$request_method","path":"\$uri","status":\$status,"sent":\$body_bytes_sent,'
        '"if_none_match":"\$http_if_none_match","if_modified_since":"\$http_if_modified_since","range":"\$http_range",'
        '"agent":"\$http_user_agent","type":"\$content_type","server":"nginx","body":"\$request_body_file"}';
    access_log $BUCKET_LOG requests;
    client_body_temp_path $BUCKET_BODIES;
    server {
        listen 127.0.0.1:443 ssl;
        server_name bucket.test;
        ssl_certificate $TLS/server.pem;
        ssl_certificate_key $TLS/server.key;
        root $BUCKET;
        location /reports/ {
            client_body_in_file_only on;
            client_max_body_size 1m;
            proxy_pass http://unix:/run/bucket.sink:;
        }
    }
    server {
        listen unix:/run/bucket.sink;
        access_log off;
        return 204;
    }
}
CONF
    cat >/etc/systemd/system/bucket.service <<UNIT
[Unit]
Description=The bucket, served by nginx
[Service]
Type=forking
PIDFile=/run/bucket.pid
ExecStartPre=/bin/rm -f /run/bucket.sink
ExecStart=/usr/sbin/nginx -c /etc/bucket/nginx.conf
UNIT
    cat >/etc/systemd/system/evil.service <<UNIT
[Unit]
Description=The bucket, served by an evil server
[Service]
Type=notify
NotifyAccess=main
ExecStart=/usr/bin/python3 /tests/host/evil.py --root $BUCKET --rules $EVIL_RULES --log $BUCKET_LOG --bodies $BUCKET_BODIES \\
    --certificate $TLS/server.pem --key $TLS/server.key --listen 127.0.0.1:443
UNIT
    systemctl daemon-reload
}

# bucket_start [IDENTITY]: nginx, as `bucket` unless said.
bucket_start() {
    bucket_prepare
    bucket_stop
    bucket_identity "${1:-bucket}"
    systemctl start bucket.service
}

bucket_identity() {
    ln -sf "$1.pem" "$TLS/server.pem"
    ln -sf "$1.key" "$TLS/server.key"
}

bucket_stop() { systemctl stop bucket.service evil.service; }

# ---- the evil server ------------------------------------------------------------------------------------------------

# evil_start [IDENTITY]: in nginx's place; serves /srv/bucket honestly but for the rules.
evil_start() {
    bucket_prepare
    bucket_stop
    bucket_identity "${1:-bucket}"
    systemctl start evil.service
}

# evil_rule PATH-GLOB MODE [ARG]: from now on; see tests/host/evil.py --help for the modes. The last rule is looked at first.
evil_rule() {
    echo "$*" | cat - "$EVIL_RULES" >"$EVIL_RULES.new"
    mv "$EVIL_RULES.new" "$EVIL_RULES"
}
evil_clear() { : >"$EVIL_RULES"; }

# in_bucket END: the newest file whose name ends so, as the path that is asked for.
in_bucket() { (cd "$BUCKET" && find . -name "*$1" -printf '%T@ /%P\n' | sort -rn | awk 'NR == 1 { print $2 }'); }

# ---- what the bucket saw --------------------------------------------------------------------------------------------

# requests_mark: requests and reports count from here.
requests_mark() { requests_seen=$(wc -l <"$BUCKET_LOG"); }
requests_seen=0

# requests [JQ-CONDITION]: one line a request since the mark, "METHOD PATH STATUS"; e.g. requests '.status == 304'.
requests() {
    tail -n "+$((requests_seen + 1))" "$BUCKET_LOG" | jq -r "select(${1:-true}) | \"\\(.method) \\(.path) \\(.status)\""
}
requests_count() { requests "$@" | wc -l; }

# await_requests SECONDS COUNT [JQ-CONDITION]: a request is logged when its answer has been sent, a moment after the client
# has read it.
await_requests() { await "$1" requests_reach "$2" "${3:-true}"; }
requests_reach() { [ "$(requests_count "$2")" -ge "$1" ]; }

# reports: the bodies of all reports taken since the mark, as they came, one JSON object a line.
reports() {
    local body
    tail -n "+$((requests_seen + 1))" "$BUCKET_LOG" |
        jq -r 'select((.path | startswith("/reports/")) and .status < 300 and .body != "") | .body' |
        while read -r body; do jq -c . "$body"; done
}

# await_report SECONDS JQ-CONDITION: until a report since the mark says so; prints it.
await_report() {
    await "$1" report_says "$2" && reports | jq -c "select($2)" | tail -n 1
}
report_says() { [ -n "$(reports | jq -c "select($1)")" ]; }
