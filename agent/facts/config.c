/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift.conf, text to struct. The file is root's, so this guards against mistakes, not attacks: every one
 * is told with file and line before anything runs on half a configuration. Pure: CAFile= is not looked at.
 */

#include "facts/config.h"

#include "facts/config_url.h"
#include "facts/ini.h"
#include "facts/name.h"
#include "facts/state.h"
#include "ground/text.h"

/* Without a floor, PollSec=0 has a fleet hammer its bucket; past a week, a machine has slept through the
 * life of any sensible timestamp. */
#define POLL_DEFAULT_USEC (UINT64_C(300) * 1000000)
#define POLL_MIN_USEC     (UINT64_C(1) * 1000000)
#define POLL_MAX_USEC     (UINT64_C(7) * 86400 * 1000000)

/* One to go back to, one before it, and one more for the day when both are bad. */
#define KEEP_DEFAULT 3

/* More often, a large release would be read without end. */
#define SCRUB_MIN_USEC     (UINT64_C(3600) * 1000000)
#define SCRUB_DEFAULT_USEC (UINT64_C(7) * 86400 * 1000000)

/* Below twice what sealift-fetch calls too slow (fetch/transfer.c), a limit would be a fault. */
#define RATE_MIN (UINT64_C(16) << 10)
#define RATE_MAX (UINT64_C(1) << 40)

/* Bits 1 << config_transport. */
enum {
        TRANSPORTS = 1 << CONFIG_HTTPS | 1 << CONFIG_FILE,
        TRANSPORTS_FOR_TESTS = TRANSPORTS | 1 << CONFIG_HTTP_LOCALHOST,
        TRANSPORTS_OF_REPORTS = 1 << CONFIG_HTTPS,
};

struct parser {
        const char *file;
        unsigned transports; /* of sources */
        struct config *config;
        struct config_source *source; /* of the section under way */
};

/* Sets one key from item->value. */
typedef int (*config_set)(struct parser *p, const struct ini_item *item, struct fault *f);

static int config_refuse(const struct parser *p, const struct ini_item *item, const char *what,
                         struct fault *f)
{
        return fault_set(f, -EINVAL, "%s:%u: %s=%.200s: %s", p->file, item->line, item->key, item->value,
                         what);
}

static int name_take(const struct parser *p, const struct ini_item *item, char ret[static NAME_SIZE],
                     struct fault *f)
{
        if (!name_valid(item->value))
                return config_refuse(p, item, "not a name: a-z, 0-9 and -, 48 characters at most", f);
        return text_copy(ret, NAME_SIZE, item->value);
}

static int url_take(const struct parser *p, const struct ini_item *item, unsigned transports,
                    enum config_transport *ret_transport, char ret[static CONFIG_URL_SIZE], struct fault *f)
{
        const char *fault = config_url_fault(item->value, transports, ret_transport);

        if (fault)
                return config_refuse(p, item, fault, f);
        /* One byte is kept free for the slash that url_close() may add. */
        if (text_copy(ret, CONFIG_URL_SIZE - 1, item->value) < 0)
                return config_refuse(p, item, "longer than 1023 bytes", f);
        return 0;
}

static void url_close(char url[static CONFIG_URL_SIZE])
{
        if (*url && !str_has_suffix(url, "/"))
                (void)strcat(url, "/");
}

static int proxy_take(const struct parser *p, const struct ini_item *item, char ret[static CONFIG_URL_SIZE],
                      struct fault *f)
{
        const char *fault = *item->value ? config_proxy_fault(item->value) : NULL;

        if (fault)
                return config_refuse(p, item, fault, f);
        if (text_copy(ret, CONFIG_URL_SIZE, item->value) < 0)
                return config_refuse(p, item, "longer than 1024 bytes", f);
        return 0;
}

static int ca_file_take(const struct parser *p, const struct ini_item *item,
                        char ret[static CONFIG_PATH_SIZE], struct fault *f)
{
        if (*item->value && item->value[0] != '/')
                return config_refuse(p, item, "not an absolute path", f);
        if (text_copy(ret, CONFIG_PATH_SIZE, item->value) < 0)
                return config_refuse(p, item, "longer than 255 bytes", f);
        return 0;
}

static int set_channel(struct parser *p, const struct ini_item *item, struct fault *f)
{
        return name_take(p, item, p->config->channel, f);
}

static int set_agent_source(struct parser *p, const struct ini_item *item, struct fault *f)
{
        return name_take(p, item, p->config->source, f);
}

static void bundles_clear(struct config *c)
{
        while (c->n_bundles > 0)
                free(c->bundles[--c->n_bundles]);
}

/* Globs between spaces; a further Bundles= adds to the first, an empty one starts over, as in unit files. */
static int set_bundles(struct parser *p, const struct ini_item *item, struct fault *f)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-*?";
        struct config *c = p->config;
        const char *s = item->value;

        if (!*s)
                bundles_clear(c);
        for (;;) {
                size_t n;

                s += strspn(s, " \t");
                if (!*s)
                        return 0;
                n = strcspn(s, " \t");
                if (n >= NAME_SIZE || strspn(s, letters) < n)
                        return config_refuse(p, item,
                                             "not a list of bundle names, in which * and ? may stand", f);
                if (c->n_bundles == CONFIG_BUNDLES_MAX)
                        return config_refuse(p, item, "more than 64 bundles; use a glob", f);
                c->bundles[c->n_bundles] = strndup(s, n);
                if (!c->bundles[c->n_bundles])
                        return -ENOMEM;
                c->n_bundles++;
                s += n;
        }
}

static int set_poll(struct parser *p, const struct ini_item *item, struct fault *f)
{
        uint64_t usec;

        if (text_parse_span(item->value, &usec) < 0 || usec < POLL_MIN_USEC || usec > POLL_MAX_USEC)
                return config_refuse(p, item, "not a time span from 1s to 7d, such as 5min", f);
        p->config->poll_usec = usec;
        return 0;
}

/* As Bundles=: a further one adds, an empty one starts over. */
static int set_window(struct parser *p, const struct ini_item *item, struct fault *f)
{
        struct config *c = p->config;
        struct fault why = {};

        if (!*item->value) {
                c->n_windows = 0;
                return 0;
        }
        if (c->n_windows == CONFIG_WINDOWS_MAX)
                return config_refuse(p, item, "more than 16 windows", f);
        if (window_parse(item->value, c->windows + c->n_windows, &why) < 0)
                return fault_set(f, -EINVAL, "%s:%u: %s=%s", p->file, item->line, item->key, why.text);
        c->n_windows++;
        return 0;
}

static int set_keep(struct parser *p, const struct ini_item *item, struct fault *f)
{
        if (text_parse_u64(item->value, STATE_EARLIER_MAX, &p->config->keep) < 0)
                return config_refuse(p, item, "not a number from 0 to 16", f);
        return 0;
}

static int set_scrub(struct parser *p, const struct ini_item *item, struct fault *f)
{
        uint64_t usec;

        if (text_parse_span(item->value, &usec) < 0 || (usec > 0 && usec < SCRUB_MIN_USEC))
                return config_refuse(p, item, "not a time span from 1h to 10 years, such as 7d, nor 0", f);
        p->config->scrub_usec = usec;
        return 0;
}

static int set_source_url(struct parser *p, const struct ini_item *item, struct fault *f)
{
        return url_take(p, item, p->transports, &p->source->transport, p->source->url, f);
}

static int set_source_ca_file(struct parser *p, const struct ini_item *item, struct fault *f)
{
        return ca_file_take(p, item, p->source->ca_file, f);
}

static int set_source_proxy(struct parser *p, const struct ini_item *item, struct fault *f)
{
        return proxy_take(p, item, p->source->proxy, f);
}

static int set_source_rate(struct parser *p, const struct ini_item *item, struct fault *f)
{
        uint64_t rate = 0;

        if (*item->value && (text_parse_size(item->value, &rate) < 0 || rate < RATE_MIN || rate > RATE_MAX))
                return config_refuse(p, item, "not a number of bytes a second from 16K to 1T, such as 2M",
                                     f);
        p->source->rate = rate;
        return 0;
}

static int set_report_url(struct parser *p, const struct ini_item *item, struct fault *f)
{
        enum config_transport transport;

        if (!*item->value) {
                p->config->report.url[0] = '\0';
                return 0;
        }
        return url_take(p, item, TRANSPORTS_OF_REPORTS, &transport, p->config->report.url, f);
}

static int set_report_ca_file(struct parser *p, const struct ini_item *item, struct fault *f)
{
        return ca_file_take(p, item, p->config->report.ca_file, f);
}

static int set_report_proxy(struct parser *p, const struct ini_item *item, struct fault *f)
{
        return proxy_take(p, item, p->config->report.proxy, f);
}

static int set_report_method(struct parser *p, const struct ini_item *item, struct fault *f)
{
        if (str_eq(item->value, "PUT"))
                p->config->report.method = REPORT_PUT;
        else if (str_eq(item->value, "POST"))
                p->config->report.method = REPORT_POST;
        else
                return config_refuse(p, item, "not PUT or POST", f);
        return 0;
}

enum { KEYS_MAX = 8 };

static const struct config_section {
        const char *name;
        bool named;
        struct config_key {
                const char *name; /* NULL ends the list */
                config_set set;
        } keys[KEYS_MAX + 1];
} sections[] = {
        { "Agent",
          false,
          { { "Channel", set_channel },
            { "Source", set_agent_source },
            { "Bundles", set_bundles },
            { "PollSec", set_poll },
            { "Window", set_window },
            { "Keep", set_keep },
            { "ScrubSec", set_scrub } } },
        { "Source",
          true,
          { { "URL", set_source_url },
            { "CAFile", set_source_ca_file },
            { "Proxy", set_source_proxy },
            { "RateLimit", set_source_rate } } },
        { "Report",
          false,
          { { "URL", set_report_url },
            { "CAFile", set_report_ca_file },
            { "Proxy", set_report_proxy },
            { "Method", set_report_method } } },
};

static const struct config_section *section_find(const char *name)
{
        for (size_t i = 0; i < ELEMENTSOF(sections); i++)
                if (str_eq(sections[i].name, name))
                        return sections + i;
        return NULL;
}

static int source_new(struct parser *p, const struct ini_item *item, struct fault *f)
{
        struct config *c = p->config;

        if (config_find_source(c, item->name))
                return fault_set(f, -EINVAL, "%s:%u: [Source %s] stands here twice", p->file, item->line,
                                 item->name);
        if (c->n_sources == CONFIG_SOURCES_MAX)
                return fault_set(f, -EFBIG, "%s:%u: more than %d sources", p->file, item->line,
                                 CONFIG_SOURCES_MAX);
        p->source = c->sources + c->n_sources;
        if (!name_valid(item->name) || text_copy(p->source->name, NAME_SIZE, item->name) < 0)
                return fault_set(f, -EINVAL, "%s:%u: [Source %.60s]: not a name: a-z, 0-9 and -", p->file,
                                 item->line, item->name);
        c->n_sources++;
        return 0;
}

static int section_open(struct parser *p, const struct ini_item *item, struct fault *f)
{
        const struct config_section *s = section_find(item->section);
        const char *names[ELEMENTSOF(sections)], *nearest;

        for (size_t i = 0; i < ELEMENTSOF(sections); i++)
                names[i] = sections[i].name;
        nearest = text_nearest(item->section, names, ELEMENTSOF(names));
        if (!s)
                return fault_set(f, -EINVAL, "%s:%u: unknown section [%.60s]%s%s%s", p->file, item->line,
                                 item->section, nearest ? "; did you mean [" : "", nearest ? nearest : "",
                                 nearest ? "]?" : "");
        if (s->named != (*item->name != '\0'))
                return fault_set(f, -EINVAL, "%s:%u: a section is written [%s%s]", p->file, item->line,
                                 s->name, s->named ? " NAME" : "");
        return s->named ? source_new(p, item, f) : 0;
}

static int setting_take(struct parser *p, const struct ini_item *item, struct fault *f)
{
        const struct config_section *s = section_find(item->section);
        const char *names[KEYS_MAX], *nearest;
        size_t n = 0;

        for (; s->keys[n].name; n++) {
                if (str_eq(s->keys[n].name, item->key))
                        return s->keys[n].set(p, item, f);
                names[n] = s->keys[n].name;
        }
        nearest = text_nearest(item->key, names, n);
        return fault_set(f, -EINVAL, "%s:%u: unknown key %.60s= in [%s]%s%s%s", p->file, item->line,
                         item->key, s->name, nearest ? "; did you mean " : "", nearest ? nearest : "",
                         nearest ? "=?" : "");
}

/* What no single line can be blamed for. */
static int config_complete(struct config *c, const char *file, struct fault *f)
{
        if (!*c->channel)
                return fault_set(f, -EINVAL, "%s: [Agent] has no Channel=; name the channel to follow",
                                 file);
        if (c->n_sources == 0)
                return fault_set(f, -EINVAL, "%s: there is no [Source NAME] section", file);
        for (size_t i = 0; i < c->n_sources; i++) {
                struct config_source *source = c->sources + i;

                if (!*source->url)
                        return fault_set(f, -EINVAL, "%s: [Source %s] has no URL=", file, source->name);
                if (source->transport == CONFIG_FILE && (*source->proxy || source->rate > 0))
                        return fault_set(f, -EINVAL,
                                         "%s: [Source %s] is a folder of this machine: Proxy= and "
                                         "RateLimit= are not for it",
                                         file, source->name);
                url_close(source->url);
        }
        if (!*c->source && c->n_sources > 1)
                return fault_set(f, -EINVAL, "%s: [Agent] has no Source=; say which of %zu sources to use",
                                 file, c->n_sources);
        if (!*c->source)
                memcpy(c->source, c->sources[0].name, sizeof(c->source));
        if (!config_find_source(c, c->source))
                return fault_set(f, -EINVAL, "%s: [Agent] has Source=%s, but there is no [Source %s]", file,
                                 c->source, c->source);
        if (c->report.method == REPORT_PUT)
                url_close(c->report.url);
        return 0;
}

static int parse(const char *text, size_t len, const char *file, unsigned transports, struct config **ret,
                 struct fault *f)
{
        _cleanup_(config_freep) struct config *c = calloc(1, sizeof(*c));
        struct parser p = { .file = file, .transports = transports, .config = c };
        struct ini_item item;
        struct ini ini;
        int r;

        if (!c)
                return fault_set(f, -ENOMEM, "%s: out of memory", file);
        if (len > CONFIG_BYTES_MAX)
                return fault_set(f, -EFBIG, "%s: larger than a configuration can be", file);
        c->poll_usec = POLL_DEFAULT_USEC;
        c->keep = KEEP_DEFAULT;
        c->scrub_usec = SCRUB_DEFAULT_USEC;
        ini_open(&ini, text, len, file);
        while ((r = ini_next(&ini, &item, f)) > 0) {
                r = item.kind == INI_SECTION ? section_open(&p, &item, f) : setting_take(&p, &item, f);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        r = config_complete(c, file, f);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

int config_parse(const char *text, size_t len, const char *file, struct config **ret, struct fault *f)
{
        return parse(text, len, file, TRANSPORTS, ret, f);
}

int config_parse_for_tests(const char *text, size_t len, const char *file, struct config **ret,
                           struct fault *f)
{
        return parse(text, len, file, TRANSPORTS_FOR_TESTS, ret, f);
}

struct config *config_free(struct config *c)
{
        if (c)
                bundles_clear(c);
        free(c);
        return NULL;
}

const struct config_source *config_find_source(const struct config *c, const char *name)
{
        for (size_t i = 0; i < c->n_sources; i++)
                if (str_eq(c->sources[i].name, name))
                        return c->sources + i;
        return NULL;
}

bool config_wants_bundle(const struct config *c, const char *bundle)
{
        for (size_t i = 0; i < c->n_bundles; i++)
                if (text_glob(c->bundles[i], bundle))
                        return true;
        return c->n_bundles == 0;
}
