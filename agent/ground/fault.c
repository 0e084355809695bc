/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one way in which sealift says why: fixed memory, so that running out of memory can be said too. Error
 * text repeats hostile input (file names, header lines) on its way to terminals, the journal and JSON, so it
 * is made printable UTF-8 here, once. */

#include "ground/fault.h"

#include <stdarg.h>

#include "ground/text.h"

/* The text, and behind it ": tail" where there is one. What does not fit is cut. */
static void _printf_(3, 0) fault_write(struct fault *f, const char *tail, const char *format, va_list ap)
{
        size_t n;

        (void)vsnprintf(f->text, sizeof(f->text), format, ap);
        n = strlen(f->text);
        if (tail)
                (void)snprintf(f->text + n, sizeof(f->text) - n, ": %s", tail);
        text_make_printable(f->text);
}

int fault_set(struct fault *f, int error, const char *format, ...)
{
        va_list ap;

        if (!f)
                return error;
        f->error = error;
        va_start(ap, format);
        fault_write(f, NULL, format, ap);
        va_end(ap);
        return error;
}

int fault_set_errno(struct fault *f, int error, const char *format, ...)
{
        va_list ap;

        if (!f)
                return error;
        f->error = error;
        va_start(ap, format);
        fault_write(f, strerror(-error), format, ap);
        va_end(ap);
        return error;
}

int fault_prefix(struct fault *f, const char *format, ...)
{
        char old[FAULT_TEXT_MAX];
        va_list ap;

        if (!f)
                return -EINVAL;
        memcpy(old, f->text, sizeof(old));
        va_start(ap, format);
        fault_write(f, old, format, ap);
        va_end(ap);
        return f->error;
}

int fault_keep(struct fault *f, const struct fault *mine)
{
        if (f->error == 0 || (fault_transient(mine->error) && !fault_transient(f->error)))
                *f = *mine;
        return f->error;
}

bool fault_transient(int error)
{
        return error == -EHOSTUNREACH || error == -ETIMEDOUT || error == -ECONNRESET || error == -EPROTO ||
               error == -EPIPE || error == -EDOM || error == -EADDRINUSE;
}
