/* SPDX-License-Identifier: MIT */
/* Messages whose parameters, direction, IV or owner change in the middle: scripts (ossl.h). */
#ifndef WEFT_TEST_FRONT_OSSL_ODD_H
#define WEFT_TEST_FRONT_OSSL_ODD_H

#include "ossl.h"

/* What script_source->own has to be. */
void odd_run(struct script *s);

/* Each of them by both queries; @plain_query NULL: ours is an engine. */
void odd_compare(OSSL_LIB_CTX *libctx, const char *ours_query, const char *plain_query,
		 const struct script_config *config);

#endif
