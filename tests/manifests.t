#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every example in manifests/ is what it claims to be: the parser likes it, and it packs with a tree that has the
# programs it names. (That they run is for the tests on a real systemd.)
set -u
sealift=${top_builddir:-.}/sealift
[ -x "$sealift" ] || { echo "1..0 # SKIP no $sealift"; exit 0; }
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
n=0
for manifest in "${top_srcdir:-.}"/manifests/*.manifest; do
        name=$(basename "$manifest")
        mkdir "$dir/$name" "$dir/$name/tree" "$dir/$name/out"
        sed -n 's,^Exec[A-Za-z]*=/bundle/\([^ ]*\).*,\1,p' "$manifest" | sort -u | while read -r program; do
                mkdir -p "$(dirname "$dir/$name/tree/$program")"
                printf '#!/bin/sh\n' >"$dir/$name/tree/$program"
                chmod 755 "$dir/$name/tree/$program"
        done
        n=$((n + 1))
        if "$sealift" lint "$manifest" >"$dir/log" 2>&1; then echo "ok $n - $name is good"; else
                echo "not ok $n - $name is good"
                sed 's/^/# /' "$dir/log"
        fi
        n=$((n + 1))
        if "$sealift" pack "$dir/$name/tree" --manifest "$manifest" --output "$dir/$name/out" >"$dir/log" 2>&1 &&
                "$sealift" lint "$dir/$name/out/"*.manifest >>"$dir/log" 2>&1; then echo "ok $n - $name packs"; else
                echo "not ok $n - $name packs"
                sed 's/^/# /' "$dir/log"
        fi
done
echo "1..$n"
