/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift expire`: what runs out when, for people and for monitoring. It reads, and changes nothing: not
 * even the lock is taken, so that it never stands in a publisher's way. */

#include "ctl/repository.h"
#include "ctl/verbs.h"

#include <inttypes.h>

#include "ctl/listing.h"
#include "ctl/publisher.h"
#include "facts/date.h"
#include "facts/expiry.h"

static const char *arg_repository, *arg_within;
static bool arg_json;

static const struct args_option options[] = {
        ARGS_TEXT('r', "repository", "DIR", &arg_repository, "the folder made by sealift init"),
        ARGS_TEXT('w', "within", "SPAN", &arg_within, "what is soon, for every role"),
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift expire",
        .operands = "",
        .help = "Says what expires when. Exit status: 0 nothing soon, 3 something soon, 4 something has.",
        .options = options,
        .n_options = ELEMENTSOF(options),
};

enum state { FINE, SOON, EXPIRED };

static const struct state_info {
        const char *name;
        int status;
} states[] = {
        [FINE] = { "fine", EXIT_STATUS_OK },
        [SOON] = { "soon", EXIT_STATUS_NEWS },
        [EXPIRED] = { "expired", EXIT_STATUS_EXPIRED },
};

static enum state state_of(const struct repository_role *role, int64_t now, int64_t margin)
{
        if (role->expires <= now)
                return EXPIRED;
        return role->expires - now < margin ? SOON : FINE;
}

static int by_expiry(const void *a, const void *b)
{
        const struct repository_role *const *x = a, *const *y = b;

        if ((*x)->expires != (*y)->expires)
                return (*x)->expires < (*y)->expires ? -1 : 1;
        return strcmp((*x)->name, (*y)->name);
}

/* Owned by the caller; the roles stay the repository's. */
static const struct repository_role **sorted(const struct repository *r, size_t *ret_n)
{
        const struct repository_role **list;
        const struct repository_role *role;
        size_t n = 0;

        while (repository_nth(r, n))
                n++;
        list = calloc(n + 1, sizeof(struct repository_role *));
        n = 0;
        for (size_t i = 0; list && (role = repository_nth(r, i)); i++)
                if (listing_exists(r, role)) /* else no host reads it, and nobody can sign it */
                        list[n++] = role;
        if (list)
                qsort(list, n, sizeof(struct repository_role *), by_expiry);
        *ret_n = n;
        return list;
}

static void print_role(const struct repository_role *role, int64_t now, enum state state)
{
        char date[DATE_SIZE], left[PUBLISHER_SPAN_SIZE], name[REPOSITORY_FILE_SIZE];

        publisher_role_text(role, name);
        date_format(role->expires, date);
        publisher_format_span(role->expires > now ? role->expires - now : now - role->expires, left);
        printf("%-20s %8" PRIu64 "  %s  %s%s%s\n", name, role->version, date,
               state == EXPIRED ? "expired " : "in ", left,
               state == EXPIRED ? " ago"
               : state == SOON  ? ", soon"
                                : "");
        if (state != FINE)
                printf("%20s %8s  %s\n", "", "", expiry_remedy(role->role, role->delegated));
}

static json_t *role_json(const struct repository_role *role, int64_t now, int64_t margin, enum state state)
{
        char date[DATE_SIZE];

        date_format(role->expires, date);
        return json_pack("{s:s, s:I, s:s, s:I, s:I, s:s}", "role", role->name, "version",
                         (json_int_t)role->version, "expires", date, "seconds_left",
                         (json_int_t)(role->expires - now), "soon_below", (json_int_t)margin, "state",
                         states[state].name);
}

static int report(const struct repository *r, int64_t within, struct fault *f)
{
        _cleanup_json_ json_t *roles = json_array(), *top = NULL;
        int64_t now = repository_now(r);
        enum state worst = FINE;
        size_t n;
        _cleanup_free_ const struct repository_role **list = sorted(r, &n);

        if (!list)
                return fault_set(f, -ENOMEM, "out of memory");
        if (!arg_json)
                printf("%-20s %8s  %-20s\n", "ROLE", "VERSION", "EXPIRES");
        for (size_t i = 0; i < n; i++) {
                int64_t margin = within > 0 ? within : publisher_margin(r, list[i]);
                enum state state = state_of(list[i], now, margin);

                worst = state > worst ? state : worst;
                (void)json_array_append_new(roles, role_json(list[i], now, margin, state));
                if (!arg_json)
                        print_role(list[i], now, state);
        }
        top = json_pack("{s:s, s:O}", "state", states[worst].name, "roles", roles);
        if (arg_json && publisher_print_json(top) < 0)
                return fault_set(f, -EIO, "cannot write to standard output");
        return states[worst].status;
}

static int expire(char **operands, int n, struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = NULL;
        int64_t now, within = 0;
        int k;

        if (!arg_repository)
                return fault_set(f, -EINVAL, "--repository is needed");
        k = publisher_parse_span("within", arg_within, &within, f);
        if (k >= 0)
                k = publisher_now(&now, f);
        if (k >= 0)
                k = repository_read(arg_repository, now, &r, f);
        return k < 0 ? k : report(r, within, f);
}

int verb_expire(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, expire);
}
