/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* Who we are to a proxy: systemd's credential "sealift.proxy", one line "user:password". */
#define LOGIN_CREDENTIAL "sealift.proxy"

enum { LOGIN_SIZE = 256 };

struct login {
        char user[LOGIN_SIZE];
        char password[LOGIN_SIZE];
};

/* user has no colon (RFC 7617), password may. One line feed at the end is not part of it. -EINVAL; the text
 * never repeats what is in it. */
_must_check_ int login_parse(const char *text, size_t len, struct login *ret, struct fault *f);

/* From $CREDENTIALS_DIRECTORY. 1: there is one. 0: none was given. -EINVAL, or -errno. */
_must_check_ int login_read(struct login *ret, struct fault *f);
