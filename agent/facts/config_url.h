/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/config.h"
#include "ground/base.h"

/* What is wrong with a URL of a source or receiver, as words to put behind it, or NULL; then its transport,
 * one of transports (bits 1 << config_transport). */
const char *config_url_fault(const char *url, unsigned transports, enum config_transport *ret);

/* The same for a proxy: http://host:port, https://host:port, or CONFIG_PROXY_NONE. */
const char *config_proxy_fault(const char *url);
