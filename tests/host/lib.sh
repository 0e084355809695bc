# shellcheck shell=bash
# The tools of a scenario, inside the test machine. A scenario sources this and then says what happens and what must be true:
#
#   . /tests/host/lib.sh
#   bucket_start; publisher_init; agent_start       # bucket.sh, publisher.sh
#   publish_release web 1 "$tree" "$manifest"
#   ok "the agent installs it" sealift check --wait # tap.sh
#   await_journal 10 MESSAGE_ID=...                 # await.sh
#   next_boot reboot                                # or: power_cut; the scenario goes on from the top with PHASE=2
#   done_testing
#
# A command that fails outside of ok and its like ends the scenario as failed, and says where.
set -Eeuo pipefail

# Which boot of this machine this is: 1 at first, one more after each next_boot.
PHASE=${PHASE:-1}

# shellcheck source=tests/host/tap.sh
. /tests/host/tap.sh
# shellcheck source=tests/host/await.sh
. /tests/host/await.sh
# shellcheck source=tests/host/systemd.sh
. /tests/host/systemd.sh
# shellcheck source=tests/host/trace.sh
. /tests/host/trace.sh
# shellcheck source=tests/host/exposure.sh
. /tests/host/exposure.sh
# shellcheck source=tests/host/bucket.sh
. /tests/host/bucket.sh
# shellcheck source=tests/host/publisher.sh
. /tests/host/publisher.sh
# shellcheck source=tests/host/examples.sh
. /tests/host/examples.sh
# shellcheck source=tests/host/refusal.sh
. /tests/host/refusal.sh
# shellcheck source=tests/host/attack.sh
. /tests/host/attack.sh

# next_boot reboot|cut [WORD...]: go down in an orderly way, or as if the power had failed, and run the scenario again with
# the next PHASE. The words are for that boot's kernel command line, in a virtual machine. Test numbers go on counting. Does
# not return.
next_boot() {
    tap_save
    diag "--- $* ---"
    echo "$*" >/talk/requests
    [ "$1" = cut ] || systemctl poweroff
    exec sleep infinity
}
