/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One table drives getopt_long and --help, so that they cannot disagree. */

#include "ground/args.h"

#include <getopt.h>

enum { ARGS_OPTIONS_MAX = 32, ARGS_CODE_LONG = 0x100, ARGS_CODE_HELP = 0x200, ARGS_CODE_VERSION };

static void args_print_option(const struct args_option *o)
{
        char left[64];

        (void)snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value ? "=" : "",
                       o->value ? o->value : "");
        if (o->letter)
                printf("  -%c, %-24s %s\n", o->letter, left, o->help);
        else
                printf("      %-24s %s\n", left, o->help);
}

static void args_print_help(const struct args_command *c)
{
        static const struct args_option help = { .letter = 'h',
                                                 .name = "help",
                                                 .help = "print this and exit" };
        static const struct args_option version = { .name = "version",
                                                    .help = "print the version and exit" };

        printf("Usage: %s [OPTION...]%s%s\n\n%s\n\n", c->name, *c->operands ? " " : "", c->operands,
               c->help);
        for (size_t i = 0; i < c->n_options; i++)
                args_print_option(c->options + i);
        args_print_option(&help);
        args_print_option(&version);
}

static void args_fill(const struct args_command *c, struct option *longs, char *shorts)
{
        size_t n = 0;

        *shorts++ = ':';
        *shorts++ = 'h';
        for (; n < c->n_options; n++) {
                const struct args_option *o = c->options + n;

                longs[n] = (struct option){
                        .name = o->name,
                        .has_arg = o->value ? required_argument : no_argument,
                        .val = ARGS_CODE_LONG + (int)n,
                };
                if (o->letter) {
                        *shorts++ = o->letter;
                        if (o->value)
                                *shorts++ = ':';
                }
        }
        longs[n++] = (struct option){ .name = "help", .val = ARGS_CODE_HELP };
        longs[n++] = (struct option){ .name = "version", .val = ARGS_CODE_VERSION };
        longs[n] = (struct option){};
        *shorts = '\0';
}

static const struct args_option *args_find(const struct args_command *c, int code)
{
        if (code >= ARGS_CODE_LONG)
                return c->options + (code - ARGS_CODE_LONG);
        for (size_t i = 0; i < c->n_options; i++)
                if (c->options[i].letter == code)
                        return c->options + i;
        return NULL;
}

static int args_take(const struct args_option *o, const char *value)
{
        if (o->flag)
                *o->flag = true;
        else if (o->text)
                *o->text = value;
        else if (o->list->n < ARGS_LIST_MAX)
                o->list->text[o->list->n++] = value;
        else
                return -E2BIG;
        return 0;
}

int args_parse(const struct args_command *c, int argc, char **argv, char ***ret_operands, int *ret_n,
               struct fault *f)
{
        struct option longs[ARGS_OPTIONS_MAX + 3];
        char shorts[2 * ARGS_OPTIONS_MAX + 4];
        int code;

        if (c->n_options > ARGS_OPTIONS_MAX)
                return fault_set(f, -EINVAL, "%s: too many options in its table", c->name);
        args_fill(c, longs, shorts);
        optind = 0;
        while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
                const struct args_option *o;

                if (code == 'h' || code == ARGS_CODE_HELP) {
                        args_print_help(c);
                        return ARGS_DONE;
                }
                if (code == ARGS_CODE_VERSION) {
                        printf("%s\n", PACKAGE_STRING);
                        return ARGS_DONE;
                }
                o = code == '?' || code == ':' ? NULL : args_find(c, code);
                if (!o)
                        return fault_set(f, -EINVAL, "%s: %s %s; see %s --help", c->name, argv[optind - 1],
                                         code == ':' ? "needs a value" : "is not an option here", c->name);
                if (args_take(o, optarg) < 0)
                        return fault_set(f, -EINVAL, "%s: --%s is given more than %d times", c->name,
                                         o->name, ARGS_LIST_MAX);
        }
        if (argc - optind < c->min_operands || argc - optind > c->max_operands)
                return fault_set(f, -EINVAL, "%s: expected %s; see %s --help", c->name,
                                 *c->operands ? c->operands : "no operands", c->name);
        *ret_operands = argv + optind;
        *ret_n = argc - optind;
        return ARGS_RUN;
}

enum args_result args_begin(const struct args_command *c, int argc, char **argv, char ***ret_operands,
                            int *ret_n, int *ret_status)
{
        struct fault f = {};
        int r;

        r = args_parse(c, argc, argv, ret_operands, ret_n, &f);
        if (r == ARGS_RUN)
                return ARGS_RUN;
        if (r < 0)
                fprintf(stderr, "%s\n", f.text);
        *ret_status = r < 0 ? EXIT_STATUS_USAGE : EXIT_STATUS_OK;
        return ARGS_DONE;
}
