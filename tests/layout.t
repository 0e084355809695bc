#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every C file looks as .clang-format has it. Only version 14 is asked (Debian 12's): each version has ideas of its own.
set -u
cd "${top_srcdir:-.}" || exit 99
# shellcheck source=tests/tap.sh
. tests/tap.sh
case $(clang-format --version 2>/dev/null) in
    *"version 14."*) ;;
    *)
        echo "1..0 # SKIP clang-format 14 is not installed"
        exit 0
        ;;
esac
said=$(mktemp) || exit 99
trap 'rm -f "$said"' EXIT
for file in $(find agent tests -name '*.[ch]' | LC_ALL=C sort); do
    clang-format --dry-run -Werror "$file" >"$said" 2>&1
    ok $? "$file (else: clang-format -i $file)" "$said"
done
done_testing
