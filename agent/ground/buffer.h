/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* A growing byte buffer with a hard bound, always followed by a NUL that is not counted. Start with
 * BUFFER_INIT(max) and free with buffer_free() or _cleanup_(buffer_done). Errors stick: after the first
 * failure every further append returns the same error, so that a writer may check once at its end. */
struct buffer {
        char *data; /* owned; NULL while empty */
        size_t len;
        size_t allocated;
        size_t max;
        int error; /* 0, -ENOMEM, or -EFBIG past max bytes */
};

#define BUFFER_INIT(max_) ((struct buffer){ .max = (max_) })

int buffer_append(struct buffer *b, const void *data, size_t len);
int buffer_append_text(struct buffer *b, const char *text);
/* Percent-encodes (RFC 3986): unreserved characters and those in keep stay. */
int buffer_append_url(struct buffer *b, const char *text, size_t len, const char *keep);
int buffer_printf(struct buffer *b, const char *format, ...) _printf_(2, 3);
void buffer_done(struct buffer *b); /* frees; the buffer is empty and usable again, its error forgotten */
