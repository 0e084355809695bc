/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What must hold for every manifest that parses: its content, written, is read as the same; its paths stay
 * inside; its commands have words; the policy has an answer, which can be followed; its drop-ins are
 * written. */

#include "facts/command.h"
#include "facts/dropin.h"
#include "facts/manifest.h"
#include "facts/name.h"
#include "facts/policy.h"
#include "facts/task.h"
#include "ground/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
        if (!condition)
                abort();
}

static void check_entries(const struct content *c)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < c->n_entries; i++) {
                const struct entry *e = c->entries + i;

                must(name_entry_valid(e->path));
                must(i == 0 || strcmp(c->entries[i - 1].path, e->path) < 0);
                must((e->type == ENTRY_SYMLINK) == (e->target != NULL));
                must(!e->target || name_target_valid(e->path, e->target));
                sum += e->size;
        }
        must(sum == c->unpacked_size);
}

static void check_round_trip(const struct manifest *m)
{
        static const char intent[] = "[Bundle]\nName=x\nVersion=1\n[Service x]\nExecStart=/usr/bin/true\n";
        _cleanup_(buffer_done) struct buffer once = BUFFER_INIT(MANIFEST_BYTES_MAX);
        _cleanup_(buffer_done) struct buffer twice = BUFFER_INIT(MANIFEST_BYTES_MAX);
        _cleanup_(manifest_freep) struct manifest *again = NULL;

        must(buffer_append_text(&once, intent) == 0 && manifest_write_content(&m->content, &once) == 0);
        must(manifest_parse(once.data, once.len, "again", &again, NULL) == 0);
        must(buffer_append_text(&twice, intent) == 0 &&
             manifest_write_content(&again->content, &twice) == 0);
        must(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
}

static void check_settings(const struct manifest_setting *s, size_t n)
{
        char word[COMMAND_WORD_SIZE];

        for (size_t i = 0; i < n; i++) {
                const char *p = s[i].value;
                int r;

                must(!strchr(p, '\n') && directive_check(s[i].directive, p, NULL) == 0);
                if (s[i].directive->type != VALUE_COMMAND)
                        continue;
                must(str_has_prefix(p, COMMAND_BUNDLE_PREFIX) || str_has_prefix(p, COMMAND_HOST_PREFIX));
                while ((r = command_next_word(&p, word, NULL)) > 0)
                        ;
                must(r == 0);
        }
}

/* The line that a refusal names, added to the policy, grants what was refused, until nothing is. */
static void check_policy(const struct manifest *m)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        char text[FAULT_TEXT_MAX + 16];
        struct fault f = {};

        must(policy_new(&p) == 0);
        while (policy_check(p, m, &f) < 0) {
                const char *line = strstr(f.text, " add to ");

                if (f.error == -ENOMEM || strlen(f.text) >= FAULT_TEXT_MAX - 1)
                        return;
                must(f.error == -EPERM && line);
                line = strstr(line, "[Policy ");
                must(line && sscanf(line, "%*[^]]") == 0);
                (void)snprintf(text, sizeof(text), "%.*s\n%s\n", (int)(strcspn(line, "]") + 1), line,
                               line + strcspn(line, "]") + 1);
                must(policy_parse(p, text, strlen(text), "added", &f) == 0);
        }
}

static void check_dropin(const struct manifest *m, const struct service *s, const char *digest)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(DROPIN_BYTES_MAX);
        const struct dropin d = {
                .manifest = m, .service = s, .digest = digest, .tree = "/t", .root = "/r"
        };
        struct fault f = {};
        int r = dropin_write(&d, &b, &f);

        must(r == 0 || r == -ENOMEM || r == -EFBIG);
        must(r < 0 || (b.data[b.len - 1] == '\n' && strlen(b.data) == b.len));
}

/* Whatever the parser lets by has a drop-in, and it ends in whole lines; so has what is run beside it. */
static void check_dropins(const struct manifest *m)
{
        static const char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

        for (size_t i = 0; i < m->n_services; i++)
                check_dropin(m, m->services + i, digest);
        for (size_t i = 0; i < m->n_probes; i++) {
                _cleanup_(task_freep) struct task *t = NULL;
                int r = task_new_probe(m, m->probes + i, &t, NULL);

                must(r == 0 || r == -ENOMEM);
                if (t)
                        check_dropin(m, &t->service, digest);
        }
        for (size_t i = 0; i < m->n_services; i++) {
                _cleanup_(task_freep) struct task *t = NULL;
                int r = task_new_migrate(m->services + i, &t, NULL);

                must(r == 0 || r == -ENOMEM || r == -ENOENT);
                if (t)
                        check_dropin(m, &t->service, digest);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_(policy_freep) struct policy *p = NULL;
        struct fault f = {};
        int r;

        r = manifest_parse((const char *)data, size, "fuzz", &m, &f);
        must((r < 0) == (m == NULL));
        must(r >= 0 || r == -ENOMEM || *f.text);
        must(policy_new(&p) == 0 && policy_parse(p, (const char *)data, size, "fuzz", &f) <= 0);
        if (!m)
                return 0;
        must(name_valid(m->name) && name_version_valid(m->version) && (m->n_services > 0) != m->withdrawn);
        for (size_t i = 0; i < m->n_services; i++)
                check_settings(m->services[i].settings, m->services[i].n_settings);
        for (size_t i = 0; i < m->n_probes; i++)
                check_settings(m->probes[i].settings, m->probes[i].n_settings);
        for (size_t i = 0; i < m->n_sockets; i++)
                must(manifest_find_service(m, m->sockets[i].service) != NULL);
        (void)manifest_may_overlap(m, m);
        must(policy_check(p, m, &f) <= 0);
        check_policy(m);
        check_dropins(m);
        check_entries(&m->content);
        if (m->content.sealed)
                check_round_trip(m);
        return 0;
}
