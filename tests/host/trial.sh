# shellcheck shell=bash
# Releases on trial: the tools of scenarios whose releases are asked after their health (sourced behind scenario.sh). The
# service is tests/host/service.py, as well as it is told to be; nothing of it can be reached from outside.

APP=/srv/app
APP_STATE=/var/lib/private/sealift-app

# app_write VERSION [WORD]: the tree of a release, which does WORD where its state says nothing else. The intent goes on
# standard input behind [Bundle]; "-" there: the usual one, with the lines in $app_service, $app_health and $app_more.
app_write() {
    mkdir -p "$APP"
    cp /tests/host/service.py "$APP/"
    echo "${2:-200}" >"$APP/does"
    cat >/srv/app.manifest <<INTENT
[Bundle]
Name=app
Version=$1
SoakSec=${app_soak:-1h}

[Service main]
ExecStart=/usr/bin/python3 /bundle/service.py 8080
Type=notify
Environment=VERSION=$1
StateDirectory=yes
RestartSec=1s
${app_service:-}

[Sandbox main]
Network=bundle

[Health main]
HTTP=8080/well
IntervalSec=${app_interval:-200ms}
TimeoutSec=${app_timeout:-5s}
StartSec=${app_start:-60s}
${app_health:-}
${app_more:-}
INTENT
}

app_publish() {
    app_write "$@"
    publish_release "$1" "$APP" /srv/app.manifest
}

app_begin() {
    bucket_start
    publisher_init
    agent_configure
    agent_start
}

# app_does WORD [DIRECTORY]: from now on, the service that has it. "": what the release says.
app_does() {
    local file="${2:-$APP_STATE}/does"
    if [ -n "$1" ]; then echo "$1" >"$file.new" && mv "$file.new" "$file"; else rm -f "$file"; fi
}
app_unit() { systemctl list-units --plain --no-legend --state=running 'sealift-app.main@*' | awk '{ print $1; exit }'; }
app_runs() { [ "$(systemctl list-units --plain --no-legend --state=running 'sealift-app.*@*.service' | grep -vc -- -probe@)" = "${2:-1}" ] && [[ $(app_unit) = *@"$1"-* ]]; }
app_is() { [ "$(bundle_state app version) $(bundle_state app state)" = "$1" ]; }
app_state() { sed -n "s/^$1=\([^ ]*\) .*/\1/p" "$STORE/state/app"; }
gate() { sealift why --json app | jq -r --arg gate "$1" '.gates[] | select(.gate == $gate) | .verdict'; }
on_trial() { sealift status --json | jq -e '.bundles[] | select(.name == "app") | .trial.until != null' >/dev/null; }

# app_was_well: the process that runs now has answered well often enough for the agent to know. Before that, a bad answer is no
# failure of a trial: whoever has not been well yet has StartSec= for it. Four: two in a row are wanted, the first may have been
# asked for a trial that is over, and the last is not known yet.
app_was_well() { app_was_asked 4 4; }
# app_was_asked COUNT [WELL]: by the process that runs now so many questions were answered, and so many of them well.
app_was_asked() {
    local pid asked well
    read -r pid asked well <"$APP_STATE/asked" && [ "$pid" = "$(systemctl show -P MainPID "$(app_unit)")" ] &&
        [ "$asked" -ge "$1" ] && [ "$well" -ge "${2:-0}" ]
}

# expect_proven NAME VERSION
expect_proven() {
    ok "$1: it is proven" await_journal 60 "MESSAGE_ID=${EVENT[proven]}" "SEALIFT_VERSION=$2"
    is "$(app_state Current) $(app_state Proven)" "$2 $2" "$1: the state says so"
}

# expect_back NAME BAD GOOD: since the mark.
expect_back() {
    ok "$1: the journal says that it is quarantined" await_journal 60 "MESSAGE_ID=${EVENT[failed]}" "SEALIFT_VERSION=$2"
    ok "$1: and that the old release is back" await_journal 60 "MESSAGE_ID=${EVENT[restored]}" "SEALIFT_VERSION=$3"
    ok "$1: which runs, alone" await 20 app_runs "$3"
    ok "$1: status says so" await 10 app_is "$3 running"
    is "$(app_state Current) $(app_state Proven)" "$3 $3" "$1: and the state"
    ok "$1: with the verdict" grep -q "^Version=$2$" "$STORE/state/app"
}
