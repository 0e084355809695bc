/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

#include <curl/curl.h>

/* Sets f for a transfer that libcurl ended with e; detail is its CURLOPT_ERRORBUFFER. Returns the class. */
int trouble_explain(CURLcode e, const char *detail, const char *ca_file, struct fault *f);
