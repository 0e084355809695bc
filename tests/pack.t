#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sealift pack, lint, show: the same tree gives the same bytes, what tar(1), zstd(1) and sha256sum(1) think of
# them, and every refusal with its reason. Needs no privilege; what root alone can make is skipped without it.
set -u
LC_ALL=C
export LC_ALL
unset SOURCE_DATE_EPOCH
sealift=${top_builddir:-.}/sealift
[ -x "$sealift" ] || { echo "1..0 # SKIP no $sealift"; exit 0; }
dir=$(mktemp -d) || exit 99
trap 'chmod -R u+rwx "$dir"; rm -rf "$dir"' EXIT
umask 022
n=0

# Redirects nothing: use with commands that are quiet.
ok() { # DESCRIPTION COMMAND...
        n=$((n + 1))
        what=$1
        shift
        if "$@" >"$dir/log" 2>&1; then
                echo "ok $n - $what"
        else
                echo "not ok $n - $what"
                sed 's/^/# /' "$dir/log"
        fi
}
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
not() { ! "$@"; }

# A tree that shows what matters: order, modes, links, long and foreign names.
make_tree() { # DIR
        mkdir -p "$1/bin" "$1/a/b" "$1/empty"
        printf '#!/bin/sh\nexec sleep inf\n' >"$1/bin/web"
        chmod 755 "$1/bin/web"
        ln -s web "$1/bin/web-current"
        printf 'between a and a/b\n' >"$1/a-b"
        printf 'deep\n' >"$1/a/b/c"
        : >"$1/nothing"
        printf 'accent\n' >"$1/caf$(printf '\303\251')"
        printf 'decomposed\n' >"$1/cafe$(printf '\314\201')"
        printf 'space\n' >"$1/two words"
        printf 'backslash\n' >"$1/back\\slash"
        long=$(printf '%0200d' 0)
        mkdir -p "$1/$long"
        printf 'long\n' >"$1/$long/$long"
}

cat >"$dir/web.manifest" <<'END'
[Bundle]
Name=web
Version=1.0

[Service main]
ExecStart=/bundle/bin/web
END

pack() { # DIR OUTDIR [OPTION...]
        tree=$1
        out=$2
        shift 2
        "$sealift" pack "$tree" --manifest "$dir/web.manifest" --output "$out" "$@"
}

# ---- the same bytes
make_tree "$dir/one"
mkdir "$dir/out1" "$dir/out2" "$dir/out3" "$dir/x"
ok 'a tree is packed' pack "$dir/one" "$dir/out1"
bundle=$dir/out1/web-1.0.tar.zst
manifest=$dir/out1/web-1.0.manifest

# made in another order, at another time, with other modes
mkdir -p "$dir/two/empty" "$dir/two/bin"
ln -s web "$dir/two/bin/web-current"
cp -r "$dir/one/." "$dir/two.files"
(cd "$dir/two.files" && find . -type d -exec mkdir -p "$dir/two/{}" ';' &&
        find . -type f | sort -r | while read -r f; do cat "$f" >"$dir/two/$f"; done) 2>/dev/null
cat "$dir/one/back\\slash" >"$dir/two/back\\slash"
chmod 700 "$dir/two/bin/web"
chmod 666 "$dir/two/a-b"
chmod 700 "$dir/two/a"
find "$dir/two" -exec touch -h -d '2001-02-03 04:05:06.789' '{}' +
ok 'the other tree is packed, in another locale and time zone' \
        env LC_ALL=C.UTF-8 TZ=Asia/Tokyo "$sealift" pack "$dir/two" --manifest "$dir/web.manifest" -o "$dir/out2"
ok 'the bundles are the same' cmp "$bundle" "$dir/out2/web-1.0.tar.zst"
ok 'the manifests are the same' cmp "$manifest" "$dir/out2/web-1.0.manifest"
ok 'SOURCE_DATE_EPOCH is packed' env SOURCE_DATE_EPOCH=1000000000 "$sealift" pack "$dir/one" \
        --manifest "$dir/web.manifest" -o "$dir/out3"
stamps() { tar -tvf "$1" --full-time --utc | grep -vc "$2"; }
ok 'every time stamp is SOURCE_DATE_EPOCH' [ "$(stamps "$dir/out3/web-1.0.tar.zst" '2001-09-09 01:46:40')" = 0 ]
ok 'or the epoch' [ "$(stamps "$bundle" '1970-01-01 00:00:00')" = 0 ]
ok 'nothing is left beside the release' [ "$(find "$dir/out1" -mindepth 1 | wc -l)" = 2 ]

# ---- what others think of them
ok 'tar unpacks it' tar -C "$dir/x" -xf "$bundle"
ok 'to the same tree' diff -r --no-dereference "$dir/one" "$dir/x"
ok 'owned by root, by number' [ "$(tar --numeric-owner -tvf "$bundle" | awk '{ print $2 }' | sort -u)" = 0/0 ]
ok 'the owner decides what is executable' [ "$(tar -tvf "$bundle" | awk '{ print $1 }' | sort | uniq -c |
        awk '{ printf "%s ", $2 }')" = '-rw-r--r-- -rwxr-xr-x drwxr-xr-x lrwxrwxrwx ' ]
list() { tar --quoting-style=literal -tf "$1" | sed 's,/$,,'; }
listed=$(list "$bundle")
ok 'in bytewise order' [ "$listed" = "$(printf '%s\n' "$listed" | sort)" ]
ok 'the intent stands first, byte for byte' cmp -n "$(wc -c <"$dir/web.manifest")" "$dir/web.manifest" "$manifest"
ok 'the bundle has the sum that the manifest says' [ "$(sed -n 's/^SHA256=//p' "$manifest")" = \
        "$(sha256sum <"$bundle" | cut -d' ' -f1)" ]
ok 'and the size' grep -qx "Size=$(wc -c <"$bundle")" "$manifest"
ok 'and as many entries' grep -qx "Inodes=$(tar -tf "$bundle" | wc -l)" "$manifest"
"$sealift" show --sums "$manifest" >"$dir/SHA256SUMS"
check_sums() { (cd "$dir/x" && sha256sum --check --strict --quiet "$1"); }
ok 'sha256sum checks show --sums' check_sums "$dir/SHA256SUMS"
ok 'which names every file' [ "$(wc -l <"$dir/SHA256SUMS")" = "$(find "$dir/one" -type f | wc -l)" ]
sed -n 's/^File=[0-7]* [0-9]* \([0-9a-f]*\) /\1  /p' "$manifest" >"$dir/SED"
ok 'sha256sum checks what the documented sed line makes' check_sums "$dir/SED"
ok 'of every file' [ "$(wc -l <"$dir/SED")" = "$(find "$dir/one" -type f | wc -l)" ]
printf x >>"$dir/x/a-b"
ok 'a changed file is found' not check_sums "$dir/SHA256SUMS"
ok 'lint likes the sealed manifest' "$sealift" lint "$manifest"
ok 'show shows it' "$sealift" show "$manifest"

if command -v zstd >/dev/null; then
        head -c 20000000 /dev/zero >"$dir/one/zeros"
        ok 'the highest level' pack "$dir/one" "$dir/out3" --level 19
        ok 'asks for a window of 8 MiB at most' sh -c "zstd -lv '$dir/out3/web-1.0.tar.zst' | grep -q 'Window Size: 8.00 MiB'"
        rm "$dir/one/zeros"
else
        skip 'the highest level' 'no zstd'
        skip 'asks for a window of 8 MiB at most' 'no zstd'
fi
ok 'gzip' pack "$dir/one" "$dir/out3" --compression gzip
ok 'is gzip' gzip -t "$dir/out3/web-1.0.tar.gz"
ok 'with no time stamp in it' [ "$(od -An -tx1 -j4 -N4 "$dir/out3/web-1.0.tar.gz" | tr -d ' ')" = 00000000 ]
ok 'and nothing behind its end' sh -c "gzip -dc '$dir/out3/web-1.0.tar.gz' 2>&1 >/dev/null | wc -c | grep -qx 0"
ok '--json is JSON' sh -c "'$sealift' pack '$dir/one' -m '$dir/web.manifest' -o '$dir/out3' --json |
        python3 -m json.tool | grep -q '\"sha256\": \"$(sha256sum <"$bundle" | cut -d' ' -f1)\"'"

# ---- refusals: each says which path and what to do, and leaves nothing behind
refuse() { # STATUS WORDS DESCRIPTION TREE [OPTION...]
        want=$1
        words=$2
        what=$3
        shift 3
        rm -rf "$dir/none"
        mkdir "$dir/none"
        pack "$1" "$dir/none" >"$dir/said" 2>&1
        status=$?
        n=$((n + 1))
        if [ "$status" = "$want" ] && grep -qF -- "$words" "$dir/said" && [ -z "$(ls -A "$dir/none")" ]; then
                echo "ok $n - refused: $what"
        else
                echo "not ok $n - refused: $what"
                echo "# status $status, want $want, and '$words'; left: $(ls -A "$dir/none")"
                sed 's/^/# /' "$dir/said"
        fi
}
fresh() { chmod -R u+rwx "$dir/bad" 2>/dev/null; rm -rf "$dir/bad"; make_tree "$dir/bad"; }

fresh; mkfifo "$dir/bad/a/pipe"
refuse 2 'a/pipe: is a FIFO' 'a FIFO' "$dir/bad"
fresh
if mknod "$dir/bad/null" c 1 3 2>/dev/null; then
        refuse 2 'null: is a character device' 'a device' "$dir/bad"
else
        skip 'refused: a device' 'not root'
fi
fresh
if python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$dir/bad/s" 2>/dev/null; then
        refuse 2 's: is a socket' 'a socket' "$dir/bad"
else
        skip 'refused: a socket' 'no python3'
fi
fresh; chmod 4755 "$dir/bad/bin/web"
refuse 2 'bin/web: is setuid or setgid' 'a setuid file' "$dir/bad"
fresh; chmod 2755 "$dir/bad/bin/web"
refuse 2 'bin/web: is setuid or setgid' 'a setgid file' "$dir/bad"
fresh
if setcap cap_net_raw+ep "$dir/bad/bin/web" 2>/dev/null; then
        refuse 2 'bin/web: has file capabilities' 'a file with capabilities' "$dir/bad"
else
        skip 'refused: a file with capabilities' 'no setcap, or not root'
fi
fresh; ln -s /etc/passwd "$dir/bad/a/passwd"
refuse 2 "a/passwd: leads to '/etc/passwd'" 'an absolute link' "$dir/bad"
fresh; ln -s ../../x "$dir/bad/a/up"
refuse 2 "a/up: leads to '../../x'" 'a link out of the tree' "$dir/bad"
fresh; ln -s b/../.. "$dir/bad/a/up"
refuse 2 "a/up: leads to 'b/../..'" 'a link that climbs behind a name' "$dir/bad"
fresh; : >"$dir/bad/$(printf 'new\nline')"
refuse 2 'not a name for a bundle' 'a newline in a name' "$dir/bad"
fresh; : >"$dir/bad/$(printf 'esc\033[31m')"
refuse 2 'esc?[31m: not a name for a bundle' 'an escape in a name, not repeated to the terminal' "$dir/bad"
fresh; : >"$dir/bad/$(printf 'latin\351')"
refuse 2 'not a name for a bundle' 'a name that is not UTF-8' "$dir/bad"
fresh; : >"$dir/bad/space "
refuse 2 'space : not a name for a bundle' 'a space at the end of a name' "$dir/bad"
fresh; : >"$dir/bad/BIN"
refuse 2 'differ in upper and lower case only' 'names that differ in case' "$dir/bad"
fresh; (cd "$dir/bad" && for _ in 1 2 3 4 5 6 7 8; do mkdir -p d/d/d/d && cd d/d/d/d || exit; done; mkdir d)
refuse 2 'at most 32 directories deep' 'a tree too deep' "$dir/bad"
fresh; rm "$dir/bad/bin/web"
refuse 2 'web.manifest:6: ExecStart= names /bundle/bin/web, which the bundle does not have' 'no program' "$dir/bad"
fresh; chmod 644 "$dir/bad/bin/web"
refuse 2 'no executable file; chmod +x it' 'a program that cannot be executed' "$dir/bad"
refuse 1 'no-such-tree: cannot open the directory' 'a tree that is not there' "$dir/no-such-tree"
if [ "$(id -u)" != 0 ]; then
        fresh; chmod 0 "$dir/bad/a-b"
        refuse 1 'a-b: cannot read' 'a file that cannot be read' "$dir/bad"
else
        skip 'refused: a file that cannot be read' 'root reads everything'
fi

# A writer that never rests: whatever it does meanwhile, the release must not be made of two states.
fresh
head -c 10000000 /dev/urandom >"$dir/bad/log"
while :; do printf x >>"$dir/bad/log"; done &
writer=$!
refuse 1 'log: changed while it was packed; pack again when nothing writes there' 'a file that grows' "$dir/bad"
kill "$writer"
wait "$writer" 2>/dev/null
fresh
head -c 30000000 /dev/urandom >"$dir/bad/log"
while :; do printf x | dd of="$dir/bad/log" conv=notrunc status=none; done &
writer=$!
refuse 1 'log: changed while it was packed' 'a file that changes in place, its size the same' "$dir/bad"
kill "$writer"
wait "$writer" 2>/dev/null

mkdir "$dir/one/out"
ok 'the output folder is made' pack "$dir/one" "$dir/new"
ok 'and holds the release' test -s "$dir/new/web-1.0.manifest"
ok 'refused: an output folder two levels of which are missing' not pack "$dir/one" "$dir/newer/one"
ok 'refused: output inside the tree' not pack "$dir/one" "$dir/one/out"
ok 'refused: output into the tree' not pack "$dir/one" "$dir/one"
rmdir "$dir/one/out"
ok 'refused: a sealed manifest as intent' not "$sealift" pack "$dir/one" -m "$manifest" -o "$dir/out3"
ok 'refused: no manifest' not "$sealift" pack "$dir/one" -o "$dir/out3"
ok 'refused: xz' not pack "$dir/one" "$dir/out3" --compression xz
ok 'refused: a level with a window over 8 MiB' not pack "$dir/one" "$dir/out3" --level 20
ok 'refused: a time that is none' not env SOURCE_DATE_EPOCH=now "$sealift" pack "$dir/one" -m "$dir/web.manifest" \
        -o "$dir/out3"
ok 'a failed pack leaves an earlier release alone' cmp "$bundle" "$dir/out2/web-1.0.tar.zst"

# no room: what was begun is removed again, and it is a failure, not a usage error
if [ -e /dev/full ]; then
        ok 'sums on a full disk are a failure' not sh -c "'$sealift' show --sums '$manifest' >/dev/full"
else
        skip 'sums on a full disk are a failure' 'no /dev/full'
fi
head -c 1000000 /dev/urandom >"$dir/one/big"
mkdir "$dir/full"
(trap '' XFSZ; ulimit -f 100; pack "$dir/one" "$dir/full") >"$dir/said" 2>&1
ok 'a bundle that cannot be written is a failure' [ $? = 1 ]
ok 'that says so' grep -q 'cannot write the bundle' "$dir/said"
ok 'and leaves nothing' [ -z "$(ls -A "$dir/full")" ]

# ---- lint and show
sed 's/ExecStart/ExecStrat/' "$dir/web.manifest" >"$dir/bad.manifest"
"$sealift" lint "$dir/web.manifest" "$dir/bad.manifest" >"$dir/said" 2>&1
ok 'lint: status 2' [ $? = 2 ]
ok 'lint: file, line and what was meant' grep -qF \
        "bad.manifest:6: unknown key 'ExecStrat' in [Service main]; did you mean 'ExecStart'?" "$dir/said"
ok 'lint: the good one is good' grep -qF 'web.manifest: web 1.0 is good, not packed yet' "$dir/said"
ok 'show --sums of an intent is refused' not "$sealift" show --sums "$dir/web.manifest"

# ---- the program
"$sealift" pakc >"$dir/said" 2>&1
ok 'an unknown verb: status 2' [ $? = 2 ]
ok 'an unknown verb: the nearest' grep -qF "unknown verb 'pakc'; did you mean 'pack'?" "$dir/said"
ok '--help names the verbs' sh -c "'$sealift' --help | grep -q '^  pack '"
ok 'a verb has --help of its own' sh -c "'$sealift' pack --help | grep -q -- --manifest"
ok 'no verb is wrong usage' not "$sealift"

echo "1..$n"
