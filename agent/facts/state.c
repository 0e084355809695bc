/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The state of a bundle between memory and text. Pure. The text was written by this program, but may come
 * from a disk that was restored, edited or damaged, so nothing of it is believed unchecked. */

#include "facts/state.h"

#include "facts/ini.h"
#include "facts/name.h"
#include "ground/text.h"

bool release_ref_is_set(const struct release_ref *r)
{
        return r->version[0] != '\0';
}

bool release_ref_equal(const struct release_ref *a, const struct release_ref *b)
{
        return str_eq(a->version, b->version) && str_eq(a->digest, b->digest);
}

static int value_fault(const char *file, const struct ini_item *i, struct fault *f)
{
        return fault_set(f, -EINVAL, "%s:%u: %s=%.100s is not what sealiftd writes", file, i->line, i->key,
                         i->value);
}

static bool version_set(struct release_ref *r, const char *version)
{
        return name_version_valid(version) && text_copy(r->version, sizeof(r->version), version) >= 0;
}

static bool digest_set(struct release_ref *r, const char *digest)
{
        return name_digest_valid(digest) && text_copy(r->digest, sizeof(r->digest), digest) >= 0;
}

/* "VERSION DIGEST" */
static bool release_set(struct release_ref *ret, const char *value)
{
        const char *space = strchr(value, ' ');
        struct release_ref r = {};
        char version[VERSION_SIZE];

        if (!space || (size_t)(space - value) >= sizeof(version))
                return false;
        memcpy(version, value, (size_t)(space - value));
        version[space - value] = '\0';
        if (!version_set(&r, version) || !digest_set(&r, space + 1))
                return false;
        *ret = r;
        return true;
}

static int bundle_setting(struct bundle_state *s, const char *file, const struct ini_item *i,
                          struct fault *f)
{
        const struct {
                const char *key;
                struct release_ref *release;
        } keys[] = {
                { "Current", &s->current },
                { "Previous", &s->previous },
                { "Proven", &s->proven },
        };

        for (size_t n = 0; n < ELEMENTSOF(keys); n++)
                if (str_eq(keys[n].key, i->key) && !release_set(keys[n].release, i->value))
                        return value_fault(file, i, f);
        return 0;
}

static int quarantine_setting(struct quarantine *q, const char *file, const struct ini_item *i,
                              struct fault *f)
{
        bool good = true;

        if (str_eq(i->key, "Version"))
                good = version_set(&q->release, i->value);
        else if (str_eq(i->key, "Since"))
                good = text_parse_u64(i->value, UINT64_MAX, &q->since_usec) >= 0;
        else if (str_eq(i->key, "Reason"))
                good = text_copy(q->reason, sizeof(q->reason), i->value) >= 0;
        return good ? 0 : value_fault(file, i, f);
}

static int section_begin(struct bundle_state *s, const char *file, const struct ini_item *i, struct fault *f)
{
        struct quarantine *q = s->quarantined + s->n_quarantined;

        if (!str_eq(i->section, "Quarantined"))
                return 0;
        if (s->n_quarantined >= ELEMENTSOF(s->quarantined))
                return fault_set(f, -EINVAL, "%s:%u: more than %d quarantined releases", file, i->line,
                                 STATE_QUARANTINE_MAX);
        if (!digest_set(&q->release, i->name) || state_find_quarantined(s, i->name))
                return fault_set(f, -EINVAL, "%s:%u: [Quarantined %.70s] is not a digest, or the second one",
                                 file, i->line, i->name);
        s->n_quarantined++;
        return 0;
}

static int setting(struct bundle_state *s, const char *file, const struct ini_item *i, struct fault *f)
{
        if (str_eq(i->section, "Bundle"))
                return bundle_setting(s, file, i, f);
        if (str_eq(i->section, "Quarantined"))
                return quarantine_setting(s->quarantined + s->n_quarantined - 1, file, i, f);
        return 0;
}

int state_parse(const char *text, size_t len, const char *file, struct bundle_state *ret, struct fault *f)
{
        struct bundle_state s = {};
        struct ini_item i;
        struct ini ini;
        int r;

        ini_open(&ini, text, len, file);
        while ((r = ini_next(&ini, &i, f)) > 0) {
                r = i.kind == INI_SECTION ? section_begin(&s, file, &i, f) : setting(&s, file, &i, f);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        *ret = s;
        return 0;
}

static void release_format(const char *key, const struct release_ref *r, struct buffer *out)
{
        if (release_ref_is_set(r))
                (void)buffer_printf(out, "%s=%s %s\n", key, r->version, r->digest);
}

int state_format(const struct bundle_state *s, struct buffer *out)
{
        (void)buffer_append_text(out, "# Written by sealiftd.\n[Bundle]\n");
        release_format("Current", &s->current, out);
        release_format("Previous", &s->previous, out);
        release_format("Proven", &s->proven, out);
        for (size_t i = 0; i < s->n_quarantined; i++) {
                const struct quarantine *q = s->quarantined + i;

                (void)buffer_printf(out, "\n[Quarantined %s]\nVersion=%s\nSince=%llu\nReason=%s\n",
                                    q->release.digest, q->release.version, (unsigned long long)q->since_usec,
                                    q->reason);
        }
        return out->error;
}

/* A reason repeats what a hostile bundle or service said; as a value it must be one line that ends in
 * neither a space nor a backslash. */
static void reason_set(struct quarantine *q, const char *reason)
{
        size_t len = strnlen(reason, sizeof(q->reason) - 1);

        memcpy(q->reason, reason, len);
        q->reason[len] = '\0';
        text_make_printable(q->reason);
        while (len > 0 && (q->reason[len - 1] == '\\' || q->reason[len - 1] == ' '))
                len--;
        q->reason[len] = '\0';
        if (q->reason[0] == ' ')
                q->reason[0] = '?';
}

static void quarantine_forget(struct bundle_state *s, size_t i)
{
        s->n_quarantined--;
        memmove(s->quarantined + i, s->quarantined + i + 1,
                (s->n_quarantined - i) * sizeof(*s->quarantined));
}

void state_quarantine(struct bundle_state *s, const struct release_ref *release, uint64_t now_usec,
                      const char *reason)
{
        const struct quarantine *old = state_find_quarantined(s, release->digest);
        struct quarantine *q;

        if (old)
                quarantine_forget(s, (size_t)(old - s->quarantined));
        else if (s->n_quarantined == ELEMENTSOF(s->quarantined))
                quarantine_forget(s, 0);
        q = s->quarantined + s->n_quarantined++;
        *q = (struct quarantine){ .release = *release, .since_usec = now_usec };
        reason_set(q, reason);
}

const struct quarantine *state_find_quarantined(const struct bundle_state *s, const char *digest)
{
        for (size_t i = 0; i < s->n_quarantined; i++)
                if (str_eq(s->quarantined[i].release.digest, digest))
                        return s->quarantined + i;
        return NULL;
}
