#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every C file is laid out as .clang-format says. `clang-format -i FILE` puts one right.
set -u
top=${top_srcdir:-.}
# shellcheck source=tests/tap.sh
. "$top/tests/tap.sh"
if ! command -v clang-format >/dev/null; then
    echo "1..0 # SKIP clang-format is not installed"
    exit 0
fi
for file in "$top"/agent/*/*.[ch] "$top"/tests/*.[ch] "$top"/tests/fuzz/*.c; do
    clang-format --style="file:$top/.clang-format" --dry-run -Werror "$file" 2>/dev/null
    ok $? "${file#"$top"/}"
done
done_testing
