#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every C file looks as .clang-format has it. Only version 14 is asked (Debian 12's): each version has ideas of its own.
set -u
cd "${top_srcdir:-.}" || exit 99
case $(clang-format --version 2>/dev/null) in
    *"version 14."*) ;;
    *)
        echo "1..0 # SKIP clang-format 14 is not installed"
        exit 0
        ;;
esac
n=0
status=0
for file in $(find agent tests -name '*.[ch]' | LC_ALL=C sort); do
    n=$((n + 1))
    if said=$(clang-format --dry-run -Werror "$file" 2>&1); then
        echo "ok $n - $file"
    else
        echo "not ok $n - $file (put it right with: clang-format -i $file)"
        printf '%s\n' "$said" | sed 's/^/# /'
        status=1
    fi
done
echo "1..$n"
exit $status
