/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one secret that sealift-fetch may hold, as systemd hands it over: never on a command line, in the
 * environment, in a message, or in what is said about it. */

#include "fetch/login.h"

#include "ground/io.h"
#include "ground/text.h"

int login_parse(const char *text, size_t len, struct login *ret, struct fault *f)
{
        struct login l = {};
        const char *colon;

        if (len > 0 && text[len - 1] == '\n')
                len--;
        colon = memchr(text, ':', len);
        /* A line feed would end the header that it goes into, and begin another. */
        if (!colon || colon == text || !text_printable(text, len))
                return fault_set(f, -EINVAL, "credential " LOGIN_CREDENTIAL ": not one line user:password");
        if ((size_t)(colon - text) >= LOGIN_SIZE || len - (size_t)(colon - text) > LOGIN_SIZE)
                return fault_set(f, -EINVAL,
                                 "credential " LOGIN_CREDENTIAL
                                 ": user name or password longer than 255 bytes");
        memcpy(l.user, text, (size_t)(colon - text));
        memcpy(l.password, colon + 1, len - (size_t)(colon - text) - 1);
        *ret = l;
        return 0;
}

int login_read(struct login *ret, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int dir = -EBADF;
        const char *path = getenv("CREDENTIALS_DIRECTORY");
        size_t len;
        int r;

        if (!path)
                return 0;
        dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                return fault_set_errno(f, -errno, "credential " LOGIN_CREDENTIAL ": cannot open its folder");
        r = io_read_file_at(dir, LOGIN_CREDENTIAL, (size_t)2 * LOGIN_SIZE, &text, &len, f);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return fault_prefix(f, "credential");
        r = login_parse(text, len, ret, f);
        return r < 0 ? r : 1;
}
