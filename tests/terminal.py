# SPDX-License-Identifier: LGPL-2.1-or-later
"""terminal.py ANSWER... -- COMMAND...: runs it on a terminal, answers each question (^C and ^Z as such) and prints
whether the terminal echoed then, and does in the end, and then what the command wrote. The status is the command's,
128+N for signal N."""
import os, pty, select, signal, sys, termios
split = sys.argv.index("--")
answers, command = sys.argv[1:split], sys.argv[split + 1:]
echo = lambda fd: "echo\n" if termios.tcgetattr(fd)[3] & termios.ECHO else "quiet\n"
def shell(notes):
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execvp(command[0], command)
    while True:
        status = os.waitpid(pid, os.WUNTRACED)[1]
        if not os.WIFSTOPPED(status):
            break
        os.write(notes, b"stopped, " + echo(0).encode())
        os.kill(pid, signal.SIGCONT)
    os.write(notes, b"ended, " + echo(0).encode())
    os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
notes, write_end = os.pipe()
pid, fd = pty.fork()
if pid == 0:
    shell(write_end)
os.close(write_end)
seen = b""
asked = 0
while True:
    if not select.select([fd], [], [], 60)[0]:
        os.kill(pid, signal.SIGKILL)
        break
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if seen.endswith((b": ", b"] ")) and asked < len(answers):
        sys.stdout.write(echo(fd))
        answer = answers[asked]
        asked += 1
        os.write(fd, {"^C": b"\x03", "^Z": b"\x1a"}.get(answer, answer.encode() + b"\n"))
sys.stdout.write(os.read(notes, 4096).decode() + seen.decode().replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
