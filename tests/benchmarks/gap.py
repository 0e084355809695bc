#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gap.py PORT: connects to 127.0.0.1:PORT again and again, once a millisecond. SIGUSR1: a time of interest begins; SIGUSR2: it
is over, and the longest time in it in which nobody listened is printed, in milliseconds."""

import signal
import socket
import sys
import time

wanted = []
signal.signal(signal.SIGUSR1, lambda *_: wanted.append("begin"))
signal.signal(signal.SIGUSR2, lambda *_: wanted.append("end"))
last, longest = time.monotonic(), 0.0
while True:
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=1).close()
        longest = max(longest, time.monotonic() - last)
        last = time.monotonic()
        if wanted:
            if wanted.pop(0) == "end":
                print(round(longest * 1000, 1), flush=True)
            longest = 0.0
    except OSError:
        pass
    time.sleep(0.001)
