/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Tar archives made byte by byte, so that a test can write what no tar program would. POSIX ustar headers,
 * pax records, GNU long names; then zstd. Failures of the test's own making abort. */

#include "ground/base.h"
#include "ground/buffer.h"
#include "ground/io.h"

#include <zstd.h>

#define TAPE_INIT BUFFER_INIT(SIZE_MAX / 2)

static inline void tape_bytes(struct buffer *t, const void *data, size_t len)
{
        if (buffer_append(t, data, len) < 0)
                abort();
}

static inline void tape_zeros(struct buffer *t, size_t len)
{
        static const char zeros[4096];

        for (; len > sizeof(zeros); len -= sizeof(zeros))
                tape_bytes(t, zeros, sizeof(zeros));
        tape_bytes(t, zeros, len);
}

static inline void tape_pad(struct buffer *t)
{
        tape_zeros(t, (512 - t->len % 512) % 512);
}

struct tape_entry {
        const char *name;
        char type; /* '0' file, '5' directory, '2' symbolic link ...; 0 means '0' */
        unsigned mode;
        uint64_t size; /* as the header says */
        const char *link;
        const char *data; /* as it comes; NULL: none */
};

static inline void tape_checksum(unsigned char header[512])
{
        unsigned sum = 0;

        memset(header + 148, ' ', 8);
        for (size_t i = 0; i < 512; i++)
                sum += header[i];
        (void)snprintf((char *)header + 148, 8, "%06o", sum);
}

static inline void tape_put_text(unsigned char *field, size_t size, const char *text)
{
        size_t len = text ? strlen(text) : 0;

        memcpy(field, text ? text : "", len < size ? len : size);
}

static inline void tape_header(struct buffer *t, const struct tape_entry *e)
{
        unsigned char h[512] = {};

        tape_put_text(h, 100, e->name);
        (void)snprintf((char *)h + 100, 8, "%07o", e->mode & 07777777);
        (void)snprintf((char *)h + 108, 8, "%07o", 0u);
        (void)snprintf((char *)h + 116, 8, "%07o", 0u);
        (void)snprintf((char *)h + 124, 12, "%011llo", (unsigned long long)e->size & 077777777777);
        (void)snprintf((char *)h + 136, 12, "%011o", 0u);
        h[156] = (unsigned char)(e->type ? e->type : '0');
        tape_put_text(h + 157, 100, e->link);
        memcpy(h + 257, "ustar\00000", 8);
        tape_checksum(h);
        tape_bytes(t, h, sizeof(h));
}

static inline void tape_add(struct buffer *t, const struct tape_entry *e)
{
        tape_header(t, e);
        if (e->data)
                tape_bytes(t, e->data, strlen(e->data));
        tape_pad(t);
}

static inline void tape_file(struct buffer *t, const char *name, unsigned mode, const char *data)
{
        tape_add(t, &(struct tape_entry){ .name = name, .mode = mode, .size = strlen(data), .data = data });
}

static inline void tape_directory(struct buffer *t, const char *name)
{
        tape_add(t, &(struct tape_entry){ .name = name, .type = '5', .mode = 0755 });
}

static inline void tape_symlink(struct buffer *t, const char *name, const char *target)
{
        tape_add(t, &(struct tape_entry){ .name = name, .type = '2', .mode = 0777, .link = target });
}

/* One pax record ("LEN KEY=VALUE\n"), to be collected for tape_pax_header(). */
static inline void tape_pax_record(struct buffer *records, const char *key, const void *value, size_t len)
{
        size_t rest = strlen(key) + len + 3, total = rest + 1; /* space, '=', newline; digits */
        char digits[32];

        while (total != rest + (size_t)snprintf(digits, sizeof(digits), "%zu", total))
                total = rest + strlen(digits);
        tape_bytes(records, digits, strlen(digits));
        tape_bytes(records, " ", 1);
        tape_bytes(records, key, strlen(key));
        tape_bytes(records, "=", 1);
        tape_bytes(records, value, len);
        tape_bytes(records, "\n", 1);
}

/* Type 'x' for the next entry, 'g' for all that follow. Empties records. */
static inline void tape_pax_header(struct buffer *t, char type, struct buffer *records)
{
        tape_header(t,
                    &(struct tape_entry){ .name = "pax", .type = type, .mode = 0644, .size = records->len });
        tape_bytes(t, records->data, records->len);
        tape_pad(t);
        buffer_done(records);
}

static inline void tape_pax(struct buffer *t, const char *key, const char *value)
{
        struct buffer records = TAPE_INIT;

        tape_pax_record(&records, key, value, strlen(value));
        tape_pax_header(t, 'x', &records);
}

static inline void tape_end(struct buffer *t)
{
        tape_zeros(t, 1024);
}

/* One frame with a window of 1 << window_log bytes (0: libzstd's choice); appended to out. */
static inline void tape_zstd(const void *data, size_t len, int window_log, struct buffer *out)
{
        size_t bound = ZSTD_compressBound(len), n;
        _cleanup_free_ void *packed = malloc(bound);
        ZSTD_CCtx *c = ZSTD_createCCtx();
        ZSTD_inBuffer in = { .src = data, .size = len };
        ZSTD_outBuffer to = { .dst = packed, .size = bound };

        if (!packed || !c)
                abort();
        (void)ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
        (void)ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
        n = ZSTD_compressStream2(c, &to, &in, ZSTD_e_continue); /* so that the frame does not say its size */
        while (!ZSTD_isError(n) && (n = ZSTD_compressStream2(c, &to, &in, ZSTD_e_end)) > 0)
                if (ZSTD_isError(n))
                        abort();
        (void)ZSTD_freeCCtx(c);
        tape_bytes(out, packed, to.pos);
}

/* The bytes as a file to be read from position 0. */
static inline int tape_publish(const struct buffer *b)
{
        int fd = io_memfd_sealed("bundle", b->data ? b->data : "", b->len);

        if (fd < 0)
                abort();
        return fd;
}
