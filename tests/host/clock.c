/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* For LD_PRELOAD: a wall clock that is off by the seconds in /etc/clock, as they are at each look, as if
 * somebody had set it; and a clock of the time since the boot that is ahead by those in /etc/clock-boot, as
 * after a sleep of the machine, or in /etc/clock-monotonic, without one, though timers that are due by it
 * are noticed only once something else wakes the program up. (libfaketime shifts the absolute times of every
 * timerfd too, to before the boot, which the kernel refuses.) */

#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long offset(const char *path)
{
        int saved = errno;
        FILE *file = fopen(path, "re");
        long long seconds = 0;

        if (file && fscanf(file, "%lld", &seconds) != 1)
                seconds = 0;
        if (file)
                (void)fclose(file);
        errno = saved;
        return seconds;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
        int r = (int)syscall(SYS_clock_gettime, id, ts);

        if (r == 0 && id == CLOCK_REALTIME)
                ts->tv_sec += offset("/etc/clock");
        if (r == 0 && id == CLOCK_BOOTTIME)
                ts->tv_sec += offset("/etc/clock-boot");
        if (r == 0 && id == CLOCK_MONOTONIC)
                ts->tv_sec += offset("/etc/clock-monotonic");
        return r;
}

/* glibc's own does not come by here. */
time_t time(time_t *ret)
{
        struct timespec ts = { 0 };

        (void)clock_gettime(CLOCK_REALTIME, &ts);
        if (ret)
                *ret = ts.tv_sec;
        return ts.tv_sec;
}
