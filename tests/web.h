/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* A throw-away web for tests, all on 127.0.0.1: a CA, nginx serving DIR/bucket and, on a port of its own,
 * only over TLS 1.1, and three servers of tests/host/evil.py that misbehave (one with its proper
 * certificate, one with another name's, one with an expired one). Servers get a listening socket that exists
 * already, so that nobody waits or guesses a port.
 */
struct web {
        char dir[64]; /* made by web_start, removed by web_stop; holds ca.pem and stranger.pem (tests/certs)
                       */
        unsigned nginx_port, old_port, evil_port, other_port, expired_port, closed_port;
        pid_t pids[4];
        size_t n_pids;
};

/* 0, or -ENOENT with the name of the program that is not installed in *ret_missing. Other trouble ends the
 * test. */
int web_start(struct web *w, const char **ret_missing);
void web_stop(struct web *w); /* exit() does it too */

/* Ends the test program, in TAP's words, and the web with it. */
_Noreturn void web_bail_out(const char *what);

/* Runs a program to its end; its wait status. */
int web_run(const char *const argv[]);

/* Writes DIR/name. */
void web_write(const struct web *w, const char *name, const char *format, ...) _printf_(3, 4);
