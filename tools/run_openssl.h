/* SPDX-License-Identifier: MIT */
/* "weft run": OpenSSL's configuration with the provider in it. */
#ifndef WEFT_TOOLS_RUN_OPENSSL_H
#define WEFT_TOOLS_RUN_OPENSSL_H

#include <stdbool.h>

/*
 * run_openssl() - set OPENSSL_CONF to a file that has the provider of @module before what the
 * configuration in force says, which it includes. If that has the provider already,
 * nothing changes. False after a message: the configuration cannot be read, the provider
 * does not load with the options that are given there, or there is no place for the file.
 */
bool run_openssl(const char *module);

#endif
