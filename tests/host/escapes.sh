# shellcheck shell=bash
# Attempts to get out of running services (sourced by scenarios/escapes.t and scenarios/escapes-kernel.t, behind units.sh):
# what they are after, that they succeed outside of every sandbox, and that they do not inside. escapes.py makes them.
#
# shellcheck disable=SC2154 # sealed is units.sh's
#
# Regular expressions: $NOT_HERE names those that this machine cannot do even outside, $ONLY those to make.
NOT_HERE='^$'
ONLY='.*'

# What only root of a machine with a kernel of its own can do: a container has not those powers itself.
# shellcheck disable=SC2034 # for scenarios
OF_A_KERNEL='read a disk|make a loop device|open /dev/mem|open /dev/kmsg|open /proc/kcore|read the kernel.s log|'\
'load a module.*|modprobe|load another kernel|restart the machine|set the clock|date --set|'\
'account for processes|swap|bpf|measure with perf|watch all files|reach ports of the hardware|'\
'handle page faults|io_uring|open by handle|write to /sys|write to /proc/sys|write to /proc/sysrq-trigger|'\
'make the kernel spare it|a socket to the hypervisor|a socket of the kernel.s ciphers|'\
'call the kernel as another ABI|set a quota|run in real time|chrt|ping|set the host name|make a time namespace|'\
'unmount what hides /proc|read root.s key|take a descriptor.*'

# Others on this machine: a bundle, a unit with a credential, somebody's files, sockets, memory and a key.
others() {
    mkdir -p /srv/victim /home/somebody /root/secret /var/spool/secret /run/credstore
    echo secret >/srv/victim/secret
    echo secret >/run/credstore/other
    touch /tmp/host-was-here
    echo secret >/dev/shm/victim
    chmod 0666 /dev/shm/victim
    chmod 0755 /home/somebody /var/spool/secret
    touch /dev/mqueue/victim
    mkdir /bundle
    mount --bind /usr /usr
    mountpoint --quiet /proc/sys || mount --bind /proc/sys /proc/sys
    command install -m 4755 /usr/bin/id /usr/lib/set-user-id
    command install -m 4755 /usr/bin/mount /usr/lib/set-user-id-mount
    command install -m 0755 "$(readlink -f /usr/bin/python3)" /usr/lib/capable-python3
    setcap cap_net_raw+ep /usr/lib/capable-python3
    cat >/run/systemd/system/other.service <<'UNIT'
[Service]
LoadCredential=secret:/run/credstore/other
ExecStart=/usr/bin/sleep infinity
UNIT
    cat >/srv/listen.py <<'PYTHON'
import ctypes, os, signal, socket
libc = ctypes.CDLL(None)
s = socket.create_server(("127.0.0.1", 0)); t = socket.create_server(("::1", s.getsockname()[1]), family=socket.AF_INET6)
u = socket.socket(socket.AF_UNIX); u.bind("/run/victim.sock"); os.chmod("/run/victim.sock", 0o666); u.listen()
v = socket.socket(socket.AF_UNIX); v.bind("\0victim"); v.listen()
libc.shmget(0x5EA11F7, 4096, 0o1666)
key = libc.syscall(248, b"user", b"victim", b"secret", 6, -3)
libc.syscall(250, 5, key, 0x3f3f3f3f)  # everybody may
open("/run/victim.facts", "w").write(f"PORT={s.getsockname()[1]}\nKEY={key}\n")
os.rename("/run/victim.facts", "/run/victim.known")
signal.pause()
PYTHON
    systemd-run --quiet --unit=listen /usr/bin/python3 /srv/listen.py
    systemctl start other.service
    install victim 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sh -c "echo secret >/var/lib/sealift-victim/secret; exec sleep infinity"
StateDirectory=yes
INTENT
    unitd start "$sealed"
    printf '[Policy *]\nUser=shared\n' >/etc/sealift/policy.d/mate.conf
    install mate 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
[Sandbox main]
User=shared
INTENT
    unitd start "$sealed"
    await 10 test -e /run/victim.known
    facts="$(tr '\n' ' ' </run/victim.known)VICTIM=$(pid_of "$(unit_of victim)") PEER=$(pid_of "$(unit_of mate)") OTHER=other.service"
}

# outside [COUNT]: every attempt succeeds where nothing stops it, and so many there are.
# shellcheck disable=SC2086 # words
outside() {
    local name verdict why
    while IFS=$'\t' read -r name verdict why; do
        case $verdict in
            out) tap_pass "outside: $name: $why" ;;
            held) if [[ $name =~ ^($NOT_HERE)$ ]]; then diag "outside, too: $name: $why"; else tap_fail "outside: $name" "$why"; fi ;;
            *) tap_fail "outside: $name" "$why" ;;
        esac
    done < <(env $facts ONLY="$ONLY" /tests/host/escapes.py | tee /srv/outside)
    attempts=$(wc -l </srv/outside)
    ok "there are $attempts attempts" [ "$attempts" -ge "${1:-100}" ]
}

# grants SANDBOX-LINES: what policy has to say for them
grants() { tr ';' '\n' <<<"$1" | sed -n 's/^ListenStream=/Listen=tcp:/p; /^\(Network\|Root\|Proxy\|ListenStream\|\[\)/!p'; }

# own_root TREE: what the attempts are made with, where there is no /usr: python3 with its library, and busybox for a shell.
own_root() {
    local tree=$1 python version name
    python=$(readlink --canonicalize /usr/bin/python3)
    version=${python##*/python}
    mkdir -p "$tree/lib" "$tree/bin"
    cp "$python" "$tree/bin/python3"
    find "/usr/lib/python$version/lib-dynload" \( -name '_ctypes.*' -o -name 'mmap.*' \) -exec cp -t "$tree/lib" {} +
    (cd "/usr/lib/python$version" && python3 -m zipfile -c "$tree/lib/python${version/./}.zip" ./*.py collections ctypes encodings importlib re)
    ldd "$python" "$tree/lib/"*.so | sed -n 's/^\t\(.* => \)\{0,1\}\(\/[^ ]*\) .*/\2/p' | sort -u | xargs cp --dereference -t "$tree/lib"
    for name in sh cat ls mount umount unshare nsenter chroot modprobe date hostname busybox; do
        cp /usr/bin/busybox "$tree/bin/$name"
    done
}

# kind NAME SANDBOX-LINES GRANTED [OPTION]: the attempts from inside of a service of that kind. The lines, parted by ';', may go on
# with other sections. GRANTED, a regular expression, is what its sandbox is for; all else is held.
kind() {
    local name=$1 sandbox=${2//;/$'\n'} granted="^($3)$" attempt verdict why start=/bundle/escapes.py more=
    printf '[Policy %s]\n%s\n' "$name" "$(grants "$2")" >"/etc/sealift/policy.d/$name.conf"
    mkdir -p "/srv/$name"
    cp /tests/host/escapes.py "/srv/$name"
    chmod 755 "/srv/$name/escapes.py"
    case ";$2;" in
        *";Root=bundle;"*)
            own_root "/srv/$name"
            start="/bundle/lib/$(basename /lib*/ld-linux*.so*) --library-path /bundle/lib /bundle/bin/python3 $start"
            more="PATH=/bundle/bin PYTHONHOME=/bundle PYTHONPATH=/bundle/lib PYTHONDONTWRITEBYTECODE=1"
            ;;
    esac
    install "$name" 1 <<INTENT
[Service main]
ExecStart=$start --serve ${4:-}
Type=notify
TimeoutStartSec=10min
StateDirectory=yes
Environment=$facts "ONLY=$ONLY" $more
[Sandbox main]
$sandbox
INTENT
    ok "$name: it starts (exposure as below)" unitd start "$sealed"
    diag "$name: exposure $(exposure "$(unit_of "$name.main")")"
    while IFS=$'\t' read -r attempt verdict why; do
        if [[ $attempt =~ $granted ]]; then is "$verdict" out "$name: $attempt: granted ($why)"; else is "$verdict" held "$name: $attempt: $why"; fi
    done <"/var/lib/sealift-$name/said"
    is "$(wc -l <"/var/lib/sealift-$name/said")" "$attempts" "$name: all attempts were made"
    unitd stop "$sealed"
}
