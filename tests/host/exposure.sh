# shellcheck shell=bash
# How exposed a unit is (sourced by lib.sh).

# exposure UNIT [OPTION...]: what systemd-analyze says of it; nothing where it says nothing
exposure() { systemd-analyze security --no-pager "$@" 2>/dev/null | sed -n 's/.*xposure level for .*: \([0-9.]*\) .*/\1/p' || true; }

# at_most FIGURE MOST: it is one, and no more than that
at_most() { awk -v got="$1" -v most="$2" 'BEGIN { exit !(got != "" && got <= most) }'; }
