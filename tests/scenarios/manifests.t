#!/usr/bin/env bash
# Every example of manifests/ does what it says of itself, on a real systemd and with real programs: the tree is made, the
# policy granted and the service asked with the very lines of its own comments. Behind walls as high as they can be.
# What an example has of npm's is fetched outside, where there may be a network.
if [ ! -e /talk/scenario ]; then
    SCENARIO_OPTIONS=(--timeout 600)
    ! brought=$("${0%/*}/../host/npm") || SCENARIO_OPTIONS+=(--bring "$brought")
fi
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# What systemd-analyze security says at most, by what the service has of the network.
declare -A EXPOSURE=([none]=0.1 [socket]=0.1 [bundle]=0.4 [bind]=1.0 [outbound]=1.0)
# And more, for each line in [Sandbox NAME] that begins so.
declare -A COST=([WriteExecute=yes]=0.2 [SystemCalls=]=0.2 [HostPath=]=0)

# npm as the examples call it: nothing is fetched, but what was brought has to be what they ask for.
npm() {
    local last=${!#}
    [ "$(jq -r '.dependencies | to_entries[] | .key + "@" + .value' /brought/package.json)" = "$last" ] && cp -r /brought/node_modules .
}
export -f npm

# example_adapt FILE: as it stands, but for this machine's version of Java.
example_adapt() {
    local java
    java=$(readlink --canonicalize /usr/bin/java | grep --only-matching 'java-[0-9]*-openjdk')
    sed "s/java-17-openjdk/$java/g" "$1"
}

# example_asks FILE SERVICE KEY: the value in [Sandbox SERVICE]
example_asks() {
    awk -v section="[Sandbox $2]" -v key="$3=" '
        /^\[/ { on = $0 == section }
        on && index($0, key) == 1 { print substr($0, length(key) + 1); exit }' "$1"
}

# example_network FILE SERVICE: as the agent understands it
example_network() {
    local network
    network=$(example_asks "$1" "$2" Network)
    if [ -z "$network" ]; then
        network=none
        ! grep -q '^\[Socket' "$1" || network=socket
        ! grep -q '^Proxy=' "$1" || network=bundle
    fi
    echo "$network"
}

answers() { [ -n "$(example_ask "$1")" ]; }

# example_most FILE SERVICE NETWORK
example_most() {
    local most=${EXPOSURE[$3]} line
    for line in "${!COST[@]}"; do
        most=$(awk -v section="[Sandbox $2]" -v line="$line" -v most="$most" -v cost="${COST[$line]}" '
            /^\[/ { on = $0 == section }
            on && index($0, line) == 1 { most += cost }
            END { print most }' "$1")
    done
    echo "$most"
}

# example_exposure FILE NAME WHEN: each of its services that runs
example_exposure() {
    local unit service network most said
    for unit in $(units_of "$2"); do
        service=${unit#"sealift-$2."}
        service=${service%%@*}
        service=${service##*.} # behind the instance, where there is one
        network=$(example_network "$1" "$service")
        most=$(example_most "$1" "$service" "$network")
        said=$(exposure "$unit")
        ok "$2: exposure of $service $said, network $network$3: at most $most" at_most "$said" "$most"
    done
}

is_job() { grep -q '^\[Timer' "$1"; }
# last_run NAME KEY: of its job, in the newest report.
last_run() { reports | tail -n 1 | jq -r --arg name "$1" --arg key "$2" '.bundles[] | select(.name == $name).jobs[0][$key]'; }
has_run() { [ "$(sealift status --json | jq -r --arg name "$1" '.bundles[] | select(.name == $name).jobs[0].ended')" != null ]; }

# job_run FILE: a job has no unit between its runs, so its exposure is computed from the unit's text (tests/exposure.t holds that
# against what systemd says of the running ones).
job_run() {
    local file=$1 name said
    name=$(basename "$file" .manifest)
    said=$(sealift lint "$file" | sed -n 's/.*: exposure \([0-9.]*\).*/\1/p')
    ok "$name: exposure $said, a job: at most 0.1" at_most "$said" 0.1
    ok "$name: its timer is armed" systemctl --quiet is-active "sealift-$name.*.timer"
    ok "$name: it can be run at once" sh -ec "$(example_says "$file" 'Then')"
    ok "$name: it runs to its end" await 60 has_run "$name"
    like "$(sh -ec "$(example_says "$file" 'When it has run')")" . "$name: and says what it did"
    sealift check
    ok "$name: which is in the report: $(last_run "$name" result), exit status $(last_run "$name" exit_status)" \
        await 20 test "$(last_run "$name" exit_status)" -ge 0
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
    ok "$name: comes up" sealift check
    if is_job "$file"; then
        job_run "$file"
        return
    fi
    ok "$name: does what it is for" await 10 answers "$file"
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
    before=$(unit_of redis)
    redis-cli set sealift "kept across releases" >/dev/null
    publish_release 2 /srv/examples/redis "$EXAMPLES/redis.manifest"
    ok "redis: release 2 comes up" sealift check
    unlike "$(unit_of redis)" "^$before$" "redis: as a unit of its own"
    is "$(redis-cli get sealift)" "kept across releases" "redis: and has what release 1 stored"
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
    is "$(last_run certwatch exit_status)" "$([ "$n" = 0 ] && echo 0 || echo 3)" "certwatch: its exit status says what its list does: $n"
    n=$(for file in /etc/ssl/certs/*.pem; do openssl x509 -in "$file" -noout -checkend 2592000 >/dev/null || echo; done | wc -l)
    is "$(xz --decompress --stdout "$list" | wc -l)" "$n" "certwatch: which is right"
}

bucket_start
publisher_init
agent_configure
agent_start
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
for example in "$EXAMPLES"/*.manifest; do
    example_exposure "$example" "$(basename "$example" .manifest)" ', after daemon-reload'
done
own_root
keeps_state
no_network
works_together
watches
is "$(sealift status --json | jq -r '.bundles[] | select(.state != "running") | .name')" "" "all of them run, side by side"
done_testing
