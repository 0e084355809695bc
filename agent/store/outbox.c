/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The outbox: one file a report, named by its number, and a file "counters" that remembers the highest
 * number that left. Numbers come from the file names and that memory, whichever is higher, so that adding a
 * report is one durable write. */

#include "store/outbox.h"

#include "facts/ini.h"
#include "ground/buffer.h"
#include "ground/io.h"
#include "ground/text.h"
#include "store/directory.h"

#define COUNTERS_NAME "counters"
enum { COUNTERS_BYTES_MAX = 4096 };

struct outbox {
        int fd;        /* borrowed */
        uint64_t last; /* highest number that left */
        uint64_t next;
        uint64_t dropped;
        char damage[FAULT_TEXT_MAX]; /* of the counters; "": none */
};

struct outbox *outbox_free(struct outbox *o)
{
        free(o);
        return NULL;
}

static void report_name(uint64_t sequence, char ret[static OUTBOX_NAME_SIZE])
{
        (void)snprintf(ret, OUTBOX_NAME_SIZE, "%020llu.json", (unsigned long long)sequence);
}

static bool report_sequence(const char *name, uint64_t *ret)
{
        char digits[21], again[OUTBOX_NAME_SIZE];

        if (strlen(name) != STRLEN("00000000000000000000.json"))
                return false;
        memcpy(digits, name, 20);
        digits[20] = '\0';
        if (text_parse_u64(digits, UINT64_MAX - 1, ret) < 0)
                return false;
        report_name(*ret, again);
        return str_eq(name, again);
}

struct survey {
        uint64_t first, last;
        size_t n;
};

static int reports_survey(struct outbox *o, struct survey *ret, struct fault *f)
{
        _cleanup_directory_ DIR *d = NULL;
        struct survey s = {};
        uint64_t sequence;
        const char *name;
        int r;

        r = directory_open(o->fd, ".", &d);
        while (r >= 0 && (r = directory_next(d, &name)) > 0) {
                if (!report_sequence(name, &sequence))
                        continue;
                s.first = s.n == 0 || sequence < s.first ? sequence : s.first;
                s.last = sequence > s.last ? sequence : s.last;
                s.n++;
        }
        if (r < 0)
                return fault_set_errno(f, r, "outbox: cannot list");
        *ret = s;
        return 0;
}

static int counters_read(struct outbox *o, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        struct ini_item i;
        struct ini ini;
        size_t len;
        int r;

        r = io_read_file_at(o->fd, COUNTERS_NAME, COUNTERS_BYTES_MAX, &text, &len, f);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        ini_open(&ini, text, len, "outbox/" COUNTERS_NAME);
        while ((r = ini_next(&ini, &i, f)) > 0) {
                if (i.kind != INI_SETTING)
                        continue;
                if (str_eq(i.key, "Last"))
                        r = text_parse_u64(i.value, UINT64_MAX - 2, &o->last);
                else if (str_eq(i.key, "Dropped"))
                        r = text_parse_u64(i.value, UINT64_MAX - 1, &o->dropped);
                if (r < 0)
                        return fault_set(f, -EINVAL, "outbox/" COUNTERS_NAME ":%u: not a number", i.line);
        }
        return r;
}

static int counters_save(struct outbox *o, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(COUNTERS_BYTES_MAX);

        if (buffer_printf(&text, "# Written by sealiftd.\n[Outbox]\nLast=%llu\nDropped=%llu\n",
                          (unsigned long long)o->last, (unsigned long long)o->dropped) < 0)
                return fault_set_errno(f, text.error, "outbox/" COUNTERS_NAME ": cannot write");
        return io_replace_file_at(o->fd, COUNTERS_NAME, text.data, text.len, 0600, f);
}

/* What no report says any more is lost with them, but no release waits for that: what can be known goes on,
 * and is written anew, so that this is told once. */
static void counters_mend(struct outbox *o, const struct fault *damage)
{
        struct fault ignored = {};

        memcpy(o->damage, damage->text, sizeof(o->damage));
        o->last = o->next - 1;
        (void)!counters_save(o, &ignored);
}

int outbox_open(struct store *store, struct outbox **ret, struct fault *f)
{
        _cleanup_(outbox_freep) struct outbox *o = calloc(1, sizeof(*o));
        struct fault damage = {};
        struct survey s;
        int counted, r;

        if (!o)
                return fault_set_errno(f, -ENOMEM, "outbox: cannot open");
        o->fd = store_outbox_fd(store);
        counted = counters_read(o, &damage);
        if (counted == -ENOMEM)
                return fault_set_errno(f, counted, "outbox: cannot open");
        r = reports_survey(o, &s, f);
        if (r < 0)
                return r;
        o->next = (s.last > o->last ? s.last : o->last) + 1;
        if (counted < 0)
                counters_mend(o, &damage);
        *ret = TAKE_PTR(o);
        return 0;
}

const char *outbox_damage(const struct outbox *o)
{
        return *o->damage ? o->damage : NULL;
}

uint64_t outbox_next_sequence(const struct outbox *o)
{
        return o->next;
}

uint64_t outbox_dropped(const struct outbox *o)
{
        return o->dropped;
}

/* The counters go first: a power cut in between forgets no number and counts at most one loss too many. */
static int report_take_out(struct outbox *o, uint64_t sequence, bool dropped, struct fault *f)
{
        uint64_t last = o->last;
        char name[OUTBOX_NAME_SIZE];
        int r = 0;

        o->dropped += dropped;
        if (sequence > o->last || dropped) {
                o->last = sequence > o->last ? sequence : o->last;
                r = counters_save(o, f);
        }
        if (r < 0) { /* or the next try would find nothing to save */
                o->last = last;
                o->dropped -= dropped;
                return r;
        }
        report_name(sequence, name);
        if (unlinkat(o->fd, name, 0) < 0 && errno != ENOENT)
                return fault_set_errno(f, -errno, "outbox/%s: cannot remove", name);
        if (fsync(o->fd) < 0)
                return fault_set_errno(f, -errno, "outbox/%s: cannot make its removal durable", name);
        return 0;
}

static int room_make(struct outbox *o, struct fault *f)
{
        for (;;) {
                struct survey s;
                int r;

                r = reports_survey(o, &s, f);
                if (r < 0 || s.n < OUTBOX_REPORTS_MAX)
                        return r;
                r = report_take_out(o, s.first, true, f);
                if (r < 0)
                        return r;
        }
}

int outbox_add(struct outbox *o, const char *json, size_t len, struct fault *f)
{
        char name[OUTBOX_NAME_SIZE];
        int r;

        if (len > OUTBOX_REPORT_BYTES_MAX)
                return fault_set(f, -EFBIG, "outbox: a report of %zu bytes, at most %d are kept", len,
                                 OUTBOX_REPORT_BYTES_MAX);
        r = room_make(o, f);
        if (r < 0)
                return r;
        report_name(o->next, name);
        r = io_replace_file_at(o->fd, name, json, len, 0600, f);
        if (r < 0)
                (void)fault_prefix(f, "outbox");
        /* also after a failure that came too late to undo: no number twice */
        if (r >= 0 || faccessat(o->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                o->next++;
        return r;
}

int outbox_first(struct outbox *o, char ret[static OUTBOX_NAME_SIZE], struct fault *f)
{
        struct survey s;
        int r;

        r = reports_survey(o, &s, f);
        if (r < 0 || s.n == 0)
                return r;
        report_name(s.first, ret);
        return 1;
}

int outbox_read(struct outbox *o, const char *name, char **ret, size_t *ret_len, struct fault *f)
{
        uint64_t sequence;

        if (!report_sequence(name, &sequence))
                return fault_set(f, -EINVAL, "outbox/%.40s: not a report", name);
        return io_read_file_at(o->fd, name, OUTBOX_REPORT_BYTES_MAX, ret, ret_len, f);
}

int outbox_remove(struct outbox *o, const char *name, struct fault *f)
{
        uint64_t sequence;

        if (!report_sequence(name, &sequence))
                return fault_set(f, -EINVAL, "outbox/%.40s: not a report", name);
        return report_take_out(o, sequence, false, f);
}
