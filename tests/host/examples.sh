# shellcheck shell=bash
# The examples of manifests/, which say in their comments how to make their tree, what policy the host needs, and how to ask
# the running service; and how exposed each may be (sourced by lib.sh).

# shellcheck disable=SC2034 # for scenarios
EXAMPLES=/usr/share/doc/sealift/manifests

# example_says FILE HEADING: the indented lines of the comment that stand below the line that begins so.
example_says() {
    awk -v heading="# $2" '
        /^# [^ ]/ { on = index($0, heading) == 1; next }
        !/^#/ { exit }
        on && /^#       / { print substr($0, 9) }' "$1"
}

# example_tree FILE DIR
example_tree() {
    mkdir -p "$2"
    bash -ec "cd $2; umask 022; $(example_says "$1" 'The tree')"
}

# example_grant FILE NAME
example_grant() { example_says "$1" "What the host's policy" >"/etc/sealift/policy.d/$2.conf"; }

# example_world: what examples connect out to; here it is this machine's own, at an address that nothing else has.
example_world() {
    mkdir -p /srv/world
    echo "from elsewhere" >/srv/world/index.html
    ip address add 192.0.2.10/32 dev lo
    systemd-run --quiet --unit=world python3 -m http.server 80 --bind 192.0.2.10 --directory /srv/world
    await 60 curl --silent --fail --output /dev/null http://192.0.2.10/
}

# example_let_out FILE NAME: where this host cannot hold a service to its list of addresses, its own configuration says that any will
# do. kernel.t has one that is held to it.
example_let_out() {
    local said
    grep -q '^Outbound=[0-9]' "$1" || return 0
    said=$(sealift check 2>&1 || true)
    like "$said" "^up to date|cannot hold it to them" "$2: is held to its list of addresses, or refused"
    [[ $said = *"cannot hold it to them"* ]] || return 0
    echo Outbound=any >>"/etc/sealift/policy.d/$2.conf"
    mkdir -p /etc/sealift/bundles.d
    printf '[Sandbox main]\nOutbound=any\n' >"/etc/sealift/bundles.d/$2.conf"
}

# example_ask FILE: prints what the service answers.
example_ask() { bash -o pipefail -c "$(example_says "$1" Then)"; }

# What systemd-analyze security says at most, by what the service has of the network.
declare -A EXAMPLE_EXPOSURE=([none]=0.1 [socket]=0.1 [bundle]=0.4 [bind]=1.0 [outbound]=1.0)
# And more, for each line in [Sandbox NAME] that begins so.
declare -A EXAMPLE_COST=([WriteExecute=yes]=0.2 [SystemCalls=]=0.2 [HostPath=]=0)

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

example_rests() { [ -z "$(example_units "$1")" ]; }
example_units() { systemctl list-units --plain --no-legend --state=running "sealift-$1.*.service" | awk '{ print $1 }'; }
example_unit() { example_units "$1" | head -n 1; }
example_answers() { [ -n "$(example_ask "$1")" ]; }

# example_most FILE SERVICE NETWORK
example_most() {
    local most=${EXAMPLE_EXPOSURE[$3]} line
    for line in "${!EXAMPLE_COST[@]}"; do
        most=$(awk -v section="[Sandbox $2]" -v line="$line" -v most="$most" -v cost="${EXAMPLE_COST[$line]}" '
            /^\[/ { on = $0 == section }
            on && index($0, line) == 1 { most += cost }
            END { print most }' "$1")
    done
    echo "$most"
}

# example_service NAME UNIT: which of its services, of whatever instance
example_service() {
    local service=${2#"sealift-$1."}
    service=${service%%@*}
    echo "${service##*.}"
}

# example_exposure FILE NAME WHEN: each of its services, which run; what rests is woken by being asked.
example_exposure() {
    local unit service network most said units
    example_rests "$2" && example_ask "$1" >/dev/null
    units=$(example_units "$2")
    ok "$2: all its services run$3: $(wc -w <<<"$units")" [ "$(wc -w <<<"$units")" -ge "$(grep -c '^\[Service ' "$1")" ]
    for unit in $units; do
        service=$(example_service "$2" "$unit")
        network=$(example_network "$1" "$service")
        most=$(example_most "$1" "$service" "$network")
        said=$(exposure "$unit")
        ok "$2: exposure of $service $said, network $network$3: at most $most" at_most "$said" "$most"
    done
}

example_is_job() { grep -q '^\[Timer' "$1"; }
# job_last NAME KEY: of its job, in the newest report.
job_last() { reports | tail -n 1 | jq -r --arg name "$1" --arg key "$2" '.bundles[] | select(.name == $name).jobs[0][$key]'; }
job_is_told() { [ "$(job_last "$1" exit_status)" -ge 0 ]; }
# example_said FILE: what its job has said, which is looked for as the file itself says.
example_said() {
    command journalctl --sync
    sh -ec "$(example_says "$1" 'When it has run')"
}
job_has_run() { [ "$(sealift status --json | jq -r --arg name "$1" '.bundles[] | select(.name == $name).jobs[0].ended')" != null ]; }
