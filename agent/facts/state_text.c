/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The state of a bundle between memory and text. Pure. The text was written by this program, but may come
 * from a disk that was restored, edited or damaged, so nothing of it is believed unchecked. */

#include "facts/state.h"

#include <inttypes.h>

#include "facts/ini.h"
#include "facts/name.h"
#include "ground/text.h"

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

static bool boot_set(char ret[static STATE_BOOT_SIZE], const char *value)
{
        if (strlen(value) != STATE_BOOT_SIZE - 1 || strspn(value, "0123456789abcdef") != STATE_BOOT_SIZE - 1)
                return false;
        memcpy(ret, value, STATE_BOOT_SIZE);
        return true;
}

/* "TEXT N", the text of so many characters, into what is empty */
static bool counted_set(const char *value, size_t len, char *ret, uint32_t *ret_n)
{
        uint64_t n;

        if (strnlen(value, len + 1) <= len || value[len] != ' ' ||
            text_parse_u64(value + len + 1, UINT32_MAX, &n) < 0)
                return false;
        memcpy(ret, value, len);
        *ret_n = (uint32_t)n;
        return true;
}

static bool boots_set(struct bundle_state *s, const char *value)
{
        char boot[STATE_BOOT_SIZE] = "";

        return counted_set(value, STATE_BOOT_SIZE - 1, boot, &s->boots) && boot_set(s->boot, boot);
}

static bool lost_set(struct bundle_state *s, const char *value)
{
        return counted_set(value, DIGEST_HEX_SIZE - 1, s->lost, &s->losses) && name_digest_valid(s->lost);
}

static bool stopped_set(struct bundle_state *s, const char *value)
{
        s->wish = WISH_STOPPED;
        return boot_set(s->stopped_boot, value);
}

static bool disabled_set(struct bundle_state *s, const char *value)
{
        s->wish = WISH_DISABLED;
        return str_eq(value, "yes");
}

static bool held_set(struct bundle_state *s, const char *value)
{
        s->held = str_eq(value, "yes");
        return s->held;
}

static bool missing_set(struct bundle_state *s, const char *value)
{
        s->missing = str_eq(value, "yes");
        return s->missing;
}

static bool epoch_set(struct bundle_state *s, const char *value)
{
        return text_parse_u64(value, UINT64_MAX, &s->epoch) >= 0;
}

static bool withdrawn_set(struct bundle_state *s, const char *value)
{
        return name_digest_valid(value) && text_copy(s->withdrawn, sizeof(s->withdrawn), value) >= 0;
}

static bool current_set(struct bundle_state *s, const char *value)
{
        return release_set(&s->current, value);
}

static bool previous_set(struct bundle_state *s, const char *value)
{
        return release_set(&s->previous, value);
}

static bool forgiven_set(struct bundle_state *s, const char *value)
{
        return text_copy(s->forgiven, sizeof(s->forgiven), value) >= 0 &&
               strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789- ") == strlen(value);
}

static bool proven_set(struct bundle_state *s, const char *value)
{
        return release_set(&s->proven, value);
}

/* Of a newer sealift there may be more: the oldest are not needed. */
static bool earlier_set(struct bundle_state *s, const char *value)
{
        struct release_ref r;

        if (!release_set(&r, value))
                return false;
        if (s->n_earlier < ELEMENTSOF(s->earlier))
                s->earlier[s->n_earlier++] = r;
        return true;
}

static int bundle_setting(struct bundle_state *s, const char *file, const struct ini_item *i,
                          struct fault *f)
{
        static const struct {
                const char *key;
                bool (*set)(struct bundle_state *s, const char *value);
        } keys[] = {
                { "Current", current_set },     { "Previous", previous_set }, { "Proven", proven_set },
                { "Boot", boots_set },          { "Forgiven", forgiven_set }, { "Epoch", epoch_set },
                { "Hold", held_set },           { "Disabled", disabled_set }, { "Stopped", stopped_set },
                { "Withdrawn", withdrawn_set }, { "Earlier", earlier_set },   { "Missing", missing_set },
                { "Lost", lost_set },
        };

        for (size_t n = 0; n < ELEMENTSOF(keys); n++)
                if (str_eq(keys[n].key, i->key) && !keys[n].set(s, i->value))
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
        else if (str_eq(i->key, "By"))
                q->by_operator = str_eq(i->value, "operator");
        else if (str_eq(i->key, "Reason"))
                good = text_copy(q->reason, sizeof(q->reason), i->value) >= 0;
        return good ? 0 : value_fault(file, i, f);
}

static int damage_setting(struct damage *d, const char *file, const struct ini_item *i, struct fault *f)
{
        bool good = true;

        if (str_eq(i->key, "Version"))
                good = version_set(&d->release, i->value);
        else if (str_eq(i->key, "Since"))
                good = text_parse_u64(i->value, UINT64_MAX, &d->since_usec) >= 0;
        else if (str_eq(i->key, "Rests"))
                good = d->rests = str_eq(i->value, "yes");
        else if (str_eq(i->key, "Reason"))
                good = text_copy(d->reason, sizeof(d->reason), i->value) >= 0;
        else if (str_eq(i->key, "Unrepaired"))
                good = text_copy(d->unrepaired, sizeof(d->unrepaired), i->value) >= 0;
        return good ? 0 : value_fault(file, i, f);
}

static int damage_begin(struct bundle_state *s, const char *file, const struct ini_item *i, struct fault *f)
{
        struct damage *d = s->damaged + s->n_damaged;

        if (s->n_damaged >= ELEMENTSOF(s->damaged))
                return fault_set(f, -EINVAL, "%s:%u: more than %d damaged releases", file, i->line,
                                 STATE_DAMAGED_MAX);
        if (!digest_set(&d->release, i->name) || state_find_damage(s, i->name))
                return fault_set(f, -EINVAL, "%s:%u: [Damaged %.70s] is not a digest, or the second one",
                                 file, i->line, i->name);
        s->n_damaged++;
        return 0;
}

static int quarantine_begin(struct bundle_state *s, const char *file, const struct ini_item *i,
                            struct fault *f)
{
        struct quarantine *q = s->quarantined + s->n_quarantined;

        if (s->n_quarantined >= ELEMENTSOF(s->quarantined))
                return fault_set(f, -EINVAL, "%s:%u: more than %d quarantined releases", file, i->line,
                                 STATE_QUARANTINE_MAX);
        if (!digest_set(&q->release, i->name) || state_find_quarantined(s, i->name))
                return fault_set(f, -EINVAL, "%s:%u: [Quarantined %.70s] is not a digest, or the second one",
                                 file, i->line, i->name);
        s->n_quarantined++;
        return 0;
}

static int section_begin(struct bundle_state *s, const char *file, const struct ini_item *i, struct fault *f)
{
        if (str_eq(i->section, "Quarantined"))
                return quarantine_begin(s, file, i, f);
        return str_eq(i->section, "Damaged") ? damage_begin(s, file, i, f) : 0;
}

static int setting(struct bundle_state *s, const char *file, const struct ini_item *i, struct fault *f)
{
        if (str_eq(i->section, "Bundle"))
                return bundle_setting(s, file, i, f);
        if (str_eq(i->section, "Quarantined"))
                return quarantine_setting(s->quarantined + s->n_quarantined - 1, file, i, f);
        if (str_eq(i->section, "Damaged"))
                return damage_setting(s->damaged + s->n_damaged - 1, file, i, f);
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
        for (size_t i = 0; i < s->n_earlier; i++)
                release_format("Earlier", s->earlier + i, out);
        if (*s->boot)
                (void)buffer_printf(out, "Boot=%s %" PRIu32 "\n", s->boot, s->boots);
        if (*s->lost)
                (void)buffer_printf(out, "Lost=%s %" PRIu32 "\n", s->lost, s->losses);
        if (*s->forgiven)
                (void)buffer_printf(out, "Forgiven=%s\n", s->forgiven);
        if (s->epoch > 0)
                (void)buffer_printf(out, "Epoch=%" PRIu64 "\n", s->epoch);
        if (s->held)
                (void)buffer_append_text(out, "Hold=yes\n");
        if (s->missing)
                (void)buffer_append_text(out, "Missing=yes\n");
        if (s->wish == WISH_STOPPED)
                (void)buffer_printf(out, "Stopped=%s\n", s->stopped_boot);
        if (s->wish == WISH_DISABLED)
                (void)buffer_append_text(out, "Disabled=yes\n");
        if (*s->withdrawn)
                (void)buffer_printf(out, "Withdrawn=%s\n", s->withdrawn);
        for (size_t i = 0; i < s->n_quarantined; i++) {
                const struct quarantine *q = s->quarantined + i;

                (void)buffer_printf(out, "\n[Quarantined %s]\nVersion=%s\nSince=%llu\n%sReason=%s\n",
                                    q->release.digest, q->release.version, (unsigned long long)q->since_usec,
                                    q->by_operator ? "By=operator\n" : "", q->reason);
        }
        for (size_t i = 0; i < s->n_damaged; i++) {
                const struct damage *d = s->damaged + i;

                if (!release_ref_is_set(&d->release))
                        continue;
                (void)buffer_printf(out, "\n[Damaged %s]\nVersion=%s\nSince=%llu\n%sReason=%s\n",
                                    d->release.digest, d->release.version, (unsigned long long)d->since_usec,
                                    d->rests ? "Rests=yes\n" : "", d->reason);
                if (*d->unrepaired)
                        (void)buffer_printf(out, "Unrepaired=%s\n", d->unrepaired);
        }
        return out->error;
}
