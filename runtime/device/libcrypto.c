/* SPDX-License-Identifier: MIT */
/*
 * The library context that all engines over libcrypto work in. It is the device's
 * own, so that providers, properties and a configuration that the application
 * loads into the default one change nothing here, and the other way round. It is
 * made once and stays: threads that end later still have random generators in it.
 */
#include "device/device_internal.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static OSSL_LIB_CTX *lib;

static void lib_make(void)
{
	OSSL_LIB_CTX *made = OSSL_LIB_CTX_new();

	/* Named at the first fetch otherwise, and then only if no other was loaded. */
	if (made && !OSSL_PROVIDER_load(made, "default")) {
		OSSL_LIB_CTX_free(made);
		made = NULL;
	}
	lib = made;
}

/* NULL: libcrypto cannot be used in this process. */
OSSL_LIB_CTX *sdev_libcrypto(void)
{
	pthread_once(&once, lib_make);
	return lib;
}
