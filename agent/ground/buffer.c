/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Text is put together here and nowhere else: bounded, and with one place where growth can overflow. */

#include "ground/buffer.h"

#include <stdarg.h>

enum { BUFFER_FIRST = 256 };

static int buffer_reserve(struct buffer *b, size_t more)
{
        size_t want, size;
        char *p;

        if (b->error < 0)
                return b->error;
        if (more > b->max || b->len > b->max - more)
                return b->error = -EFBIG;
        want = b->len + more + 1;
        if (want <= b->allocated)
                return 0;
        size = b->allocated ? b->allocated : BUFFER_FIRST;
        while (size < want)
                size *= 2; /* cannot overflow: want <= max + 1, and max is a named limit far below SIZE_MAX /
                              2 */
        p = realloc(b->data, size);
        if (!p)
                return b->error = -ENOMEM;
        b->data = p;
        b->allocated = size;
        return 0;
}

int buffer_append(struct buffer *b, const void *data, size_t len)
{
        int r;

        r = buffer_reserve(b, len);
        if (r < 0)
                return r;
        if (len > 0)
                memcpy(b->data + b->len, data, len);
        b->len += len;
        b->data[b->len] = '\0';
        return 0;
}

int buffer_append_text(struct buffer *b, const char *text)
{
        return buffer_append(b, text, strlen(text));
}

int buffer_append_url(struct buffer *b, const char *text, size_t len, const char *keep)
{
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)text[i];
                bool alphanumeric = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

                if (alphanumeric || (c >= '0' && c <= '9') || (c && (strchr("-._~", c) || strchr(keep, c))))
                        (void)buffer_append(b, text + i, 1);
                else
                        (void)buffer_printf(b, "%%%02X", c);
        }
        return b->error;
}

int buffer_printf(struct buffer *b, const char *format, ...)
{
        _cleanup_free_ char *s = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&s, format, ap);
        va_end(ap);
        if (n < 0) {
                s = NULL;
                return b->error = -ENOMEM;
        }
        return buffer_append(b, s, (size_t)n);
}

void buffer_done(struct buffer *b)
{
        free(b->data);
        *b = BUFFER_INIT(b->max);
}
