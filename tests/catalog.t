#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every MESSAGE_ID that a program can send has a catalog text with a subject and advice, and no text explains an id that nobody sends.
set -u
top=${top_srcdir:-.}
ids=$(sed -n 's/.*\[JOURNAL_[A-Z_]*\] = "\([0-9a-f]\{32\}\)".*/\1/p' "$top/agent/doors/journal.c")
texts=$(sed -n 's/^-- \([0-9a-f]\{32\}\)$/\1/p' "$top/units/sealift.catalog")
# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"

[ -n "$ids" ]
ok $? "there are message ids"
[ "$(printf '%s\n' "$ids" | sort)" = "$(printf '%s\n' "$texts" | sort)" ]
ok $? "ids in journal.c and in the catalog are the same"
[ -z "$(printf '%s\n' "$ids" | sort | uniq -d)" ]
ok $? "no id stands twice"
# Else systemd takes the entry for a part of the text before it.
[ -z "$(awk '/^-- / && before != "" { print } { before = $0 }' "$top/units/sealift.catalog")" ]
ok $? "each text begins behind an empty line"
for id in $texts; do
    body=$(awk -v id="-- $id" '$0 == id { on = 1; next } /^-- / { on = 0 } on' "$top/units/sealift.catalog")
    printf '%s\n' "$body" | grep -q '^Subject: .' && printf '%s\n' "$body" | grep -q '^Documentation: man:' &&
        [ "$(printf '%s\n' "$body" | sed '1,/^$/d' | wc -w)" -ge 12 ]
    ok $? "$id has a subject, documentation and advice"
done
if command -v journalctl >/dev/null; then
    root=$(mktemp -d)
    mkdir -p "$root/usr/lib/systemd/catalog" "$root/var/lib/systemd/catalog"
    cp "$top/units/sealift.catalog" "$root/usr/lib/systemd/catalog/"
    journalctl --root="$root" --update-catalog 2>"$root/log" && [ ! -s "$root/log" ]
    ok $? "systemd compiles the catalog without complaint"
    rm -rf "$root"
else
    skip "systemd compiles the catalog" "no journalctl here"
fi
done_testing
