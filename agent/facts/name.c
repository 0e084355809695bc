/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What names, versions, sums and paths may look like, and the names made from them. Pure, libc only: the
 * input is whatever a publisher, a peer or an archive says, and what passes here is put into paths, unit
 * names and URLs without another look. */

#include "facts/name.h"

#include "ground/text.h"

static bool name_char_valid(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool name_alnum(char c)
{
        return name_char_valid(c) || (c >= 'A' && c <= 'Z');
}

bool name_valid(const char *s)
{
        size_t n = 0;

        for (; s[n]; n++)
                if (n + 1 >= NAME_SIZE || !(name_char_valid(s[n]) || (s[n] == '-' && n > 0)))
                        return false;
        return n > 0;
}

bool name_version_valid(const char *s)
{
        size_t n = 0;

        for (; s[n]; n++)
                if (n + 1 >= VERSION_SIZE || !(name_alnum(s[n]) || (n > 0 && strchr(".+~_-", s[n]))))
                        return false;
        return n > 0;
}

bool name_digest_valid(const char *s)
{
        size_t n = strspn(s, "0123456789abcdef");

        return n == DIGEST_HEX_SIZE - 1 && s[n] == '\0';
}

/* A trailing space or backslash means something else in the manifest's line syntax (trimmed; continuation),
 * and no honest tool makes such names. */
static bool name_component_valid(const char *s, size_t n)
{
        if (n == 0 || n > ENTRY_NAME_MAX)
                return false;
        if (s[n - 1] == ' ' || s[n - 1] == '\\')
                return false;
        return !(s[0] == '.' && (n == 1 || (n == 2 && s[1] == '.')));
}

bool name_entry_valid(const char *s)
{
        size_t len = strlen(s), depth = 0;

        if (len >= ENTRY_PATH_SIZE || !text_printable(s, len))
                return false;
        for (;;) {
                size_t n = strcspn(s, "/");

                if (++depth > ENTRY_DEPTH_MAX || !name_component_valid(s, n))
                        return false;
                if (!s[n])
                        return true;
                s += n + 1;
        }
}

static size_t name_depth(const char *path)
{
        size_t n = 0;

        for (; *path; path++)
                n += *path == '/';
        return n;
}

/* ".." is accepted at the front only. There it climbs real directories (the manifest lists every parent as
 * one), so that counting is exact; behind a name it could climb from wherever another link leads, and
 * counting would be a guess. */
bool name_target_valid(const char *path, const char *target)
{
        size_t len = strlen(target), up = 0, down = 0;

        if (len >= ENTRY_PATH_SIZE || !text_printable(target, len))
                return false;
        for (;;) {
                size_t n = strcspn(target, "/");

                if (n == 2 && target[0] == '.' && target[1] == '.') {
                        if (down > 0 || ++up > name_depth(path))
                                return false;
                } else if (!(n == 1 && target[0] == '.')) {
                        if (++down > ENTRY_DEPTH_MAX || !name_component_valid(target, n))
                                return false;
                }
                if (!target[n])
                        return true;
                target += n + 1;
        }
}

void name_release(const char *version, const char *digest, char ret[static NAME_RELEASE_SIZE])
{
        (void)snprintf(ret, NAME_RELEASE_SIZE, "%.*s-%.*s", VERSION_SIZE - 1, version, DIGEST_SHORT, digest);
}

_Static_assert(STRLEN("sealift-.@--4294967295.service") + (PLACE_SIZE - 1) + (NAME_SIZE - 1) +
                               (VERSION_SIZE - 1) + DIGEST_SHORT + STRLEN("..new") <
                       UNIT_NAME_SIZE,
               "every unit name fits, also an instance's, and that of its record while it is written");

void name_place(const char *bundle, const char *instance, char ret[static PLACE_SIZE])
{
        (void)snprintf(ret, PLACE_SIZE, "%.*s%s%.*s", NAME_SIZE - 1, bundle, *instance ? "." : "",
                       INSTANCE_SIZE - 1, instance);
}

static void name_make_unit(char *s)
{
        for (; *s; s++)
                if (!name_alnum(*s) && !strchr("@:_.-", *s))
                        *s = '_';
}

void name_unit(const char *place, const char *service, const char *version, const char *digest, unsigned n,
               char ret[static UNIT_NAME_SIZE])
{
        (void)snprintf(ret, UNIT_NAME_SIZE, "sealift-%.*s.%.*s@%.*s-%.*s-%u.service", PLACE_SIZE - 1, place,
                       NAME_SIZE - 1, service, VERSION_SIZE - 1, version, DIGEST_SHORT, digest, n);
        name_make_unit(ret);
}

void name_network(const char *place, const char *version, const char *digest,
                  char ret[static UNIT_NAME_SIZE])
{
        (void)snprintf(ret, UNIT_NAME_SIZE, "sealift-network@%.*s.%.*s-%.*s.service", PLACE_SIZE - 1, place,
                       VERSION_SIZE - 1, version, DIGEST_SHORT, digest);
        name_make_unit(ret);
}

void name_turn(const char *bundle, char ret[static UNIT_NAME_SIZE])
{
        (void)snprintf(ret, UNIT_NAME_SIZE, "sealift-turn@%.*s.target", NAME_SIZE - 1, bundle);
}
