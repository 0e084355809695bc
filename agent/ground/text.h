/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* Strict conversions: the whole string or nothing. */

/* Decimal digits only, no sign, no space; -EINVAL on anything else, -ERANGE past max. */
_must_check_ int text_parse_u64(const char *s, uint64_t max, uint64_t *ret);

/* Octal digits only, at most 07777. */
_must_check_ int text_parse_mode(const char *s, mode_t *ret);

/* systemd.time(7) spans as systemd writes them: "5", "5s", "1min 30s", "2h", "1d", "500ms"; a bare number is
 * seconds. Result in microseconds. -EINVAL on anything else, -ERANGE past 10 years. */
_must_check_ int text_parse_span(const char *s, uint64_t *ret_usec);

/* systemd's size suffixes K, M, G, T (powers of 1024). */
_must_check_ int text_parse_size(const char *s, uint64_t *ret_bytes);

/* 2n lower-case hex digits and a NUL into out, which holds 2n+1 bytes. */
void text_hex(const uint8_t *bytes, size_t n, char *out);
/* Exactly 2n hex digits (either case); -EINVAL otherwise. */
_must_check_ int text_unhex(const char *s, uint8_t *out, size_t n);

/* Copies with NUL into a fixed array; -ENAMETOOLONG, and nothing written, if it does not fit. */
_must_check_ int text_copy(char *out, size_t out_size, const char *s);

/* Valid UTF-8 (RFC 3629) without control characters: C0, DEL, C1. What may reach a terminal or a log. */
bool text_printable(const char *s, size_t len);

/* Makes s printable in that sense: each byte that is not becomes '?'. A character cut in half at the end
 * does, too. */
void text_make_printable(char *s);

/* Shell-style glob with * and ? only, whole string, no escapes, '*' also matches '/'. Linear memory and
 * quadratic time at worst, so a hostile pattern cannot stall us. */
bool text_glob(const char *pattern, const char *s);

/* The one of n words that word is a typing error of, at most one letter in three being wrong, or NULL. For
 * "did you mean". */
const char *text_nearest(const char *word, const char *const *words, size_t n);
