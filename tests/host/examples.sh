# shellcheck shell=bash
# The examples of manifests/, which say in their comments how to make their tree, what policy the host needs, and how to ask
# the running service (sourced by lib.sh).

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

# example_ask FILE: prints what the service answers.
example_ask() { bash -o pipefail -c "$(example_says "$1" Then)"; }
