#!/usr/bin/env bash
# Every example of manifests/ does what it says of itself, on a real systemd and with real programs: the tree is made, the
# policy granted and the service asked with the very lines of its own comments. Behind walls as high as they can be.
# What an example has of npm's is fetched outside, where there may be a network.
if [ ! -e /talk/scenario ]; then
    SCENARIO_OPTIONS=()
    ! brought=$("${0%/*}/../host/npm") || SCENARIO_OPTIONS+=(--bring "$brought")
fi
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# job_run FILE: a job has no unit between its runs, so its exposure is computed from the unit's text (tests/exposure.t holds that
# against what systemd says of the running ones).
job_run() {
    local file=$1 name said
    name=$(basename "$file" .manifest)
    said=$(sealift lint "$file" | sed -n 's/.*: exposure \([0-9.]*\).*/\1/p')
    ok "$name: exposure $said, a job: at most 0.1" at_most "$said" 0.1
    ok "$name: its timer is armed" systemctl --quiet is-active "sealift-$name.*.timer"
    ok "$name: it can be run at once" sh -ec "$(example_says "$file" 'Then')"
    ok "$name: it runs to its end" await 60 job_has_run "$name"
    like "$(example_said "$file")" . "$name: and says what it did"
    sealift check
    ok "$name: which is in the report" await 20 job_is_told "$name"
}

# example_run FILE: from the comment to the answer.
example_run() {
    local file=$1 name tree
    name=$(basename "$file" .manifest)
    tree=/srv/examples/$name
    is "$(sed -n 's/^Name=//p' "$file")" "$name" "$name: the file is named after the bundle"
    ok "$name: the tree can be made" example_tree "$file" "$tree"
    example_grant "$file" "$name"
    ok "$name: the host can be told" sh -ec "$(example_says "$file" 'What the host says')"
    publish_release 1 "$tree" "$file"
    example_let_out "$file" "$name"
    ok "$name: comes up" sealift check
    if example_is_job "$file"; then
        job_run "$file"
        return
    fi
    ok "$name: does what it is for" await 10 example_answers "$file"
    example_exposure "$file" "$name" ''
    is "$(bundle_state "$name" state)" running "$name: is what this machine runs"
}

own_root() {
    local root
    root=/proc/$(pid_of "$(unit_of busybox)")/root
    ok "busybox: has its bundle" test -x "$root/bundle/busybox"
    not_ok "busybox: and no programs of the host" test -e "$root/usr/bin"
}

keeps_state() {
    local before
    before=$(example_unit redis)
    redis-cli set sealift "kept across releases" >/dev/null
    publish_release 2 /srv/examples/redis "$EXAMPLES/redis.manifest"
    ok "redis: release 2 comes up" sealift check
    unlike "$(example_unit redis)" "^$before$" "redis: as a unit of its own"
    is "$(redis-cli get sealift)" "kept across releases" "redis: and has what release 1 stored"
}

# What it answers is not its own.
reaches_out() {
    is "$(example_ask "$EXAMPLES/relay.manifest")" "from elsewhere" "relay: answers with what the server elsewhere has"
    systemctl stop world.service
    not_ok "relay: and with nothing where that is gone" example_ask "$EXAMPLES/relay.manifest"
}

# Each line below is by one service of the bundle, about another.
works_together() {
    local from=@$EPOCHREALTIME
    example_ask "$EXAMPLES/stack.manifest" >/dev/null
    ok "stack: the proxy's word of a request comes to the journal by way of the shipper" await 10 shipped "$from"
}
shipped() {
    journalctl --quiet --output=cat --since="$1" --unit='sealift-stack.shipper@*' |
        grep --quiet 'web app/app .* 200 .*"GET / HTTP/1.1"'
}

no_network() {
    local pid
    pid=$(pid_of "$(unit_of worker)")
    is "$(nsenter --net --target "$pid" ip -brief link | awk '{ print $1 }')" lo "worker: sees no network but its own loopback"
    ok "worker: keeps its count" await 15 test -s /var/lib/sealift-worker/count
}

# The list that certwatch made is the one that openssl makes here.
watches() {
    local list n
    list=$(find /var/lib/private/sealift-certwatch -name '*.xz')
    n=$(xz --decompress --stdout "$list" | wc -l)
    is "$(job_last certwatch exit_status)" "$([ "$n" = 0 ] && echo 0 || echo 3)" "certwatch: its exit status says what its list does: $n"
    n=$(for file in /etc/ssl/certs/*.pem; do openssl x509 -in "$file" -noout -checkend 2592000 >/dev/null || echo; done | wc -l)
    is "$(xz --decompress --stdout "$list" | wc -l)" "$n" "certwatch: which is right"
}

bucket_start
publisher_init
agent_configure
agent_start
example_world
mkdir /srv/adapted
for example in "$EXAMPLES"/*.manifest; do
    example_adapt "$example" >"/srv/adapted/${example##*/}"
    if grep -q '^#       npm ' "$example" && [ ! -e /brought ]; then
        skip "${example##*/}: npm could fetch no packages for it outside of this machine"
        continue
    fi
    example_run "/srv/adapted/${example##*/}"
done
systemctl daemon-reload
# One that rests is as if five minutes had passed (proxy.t waits for it).
systemctl stop 'sealift-docs.main-proxy@*' && await 60 example_rests docs
for example in "$EXAMPLES"/*.manifest; do
    name=$(basename "$example" .manifest)
    example_is_job "$example" || [ ! -e "/srv/examples/$name" ] || example_exposure "$example" "$name" ', after daemon-reload'
done
own_root
keeps_state
no_network
reaches_out
works_together
watches
is "$(sealift status --json | jq -r '.bundles[] | select(.state != "running") | .name')" "" "all of them run, side by side"
done_testing
