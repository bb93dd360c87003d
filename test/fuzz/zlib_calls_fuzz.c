/* SPDX-License-Identifier: MIT */
/*
 * Sequences of calls, spelled by the input, on the zlib front end and on the system's
 * zlib (test/front/zdiff.h). The front end is the one of the build folder above, or
 * the one that WEFT_ZLIB_LIBRARY names; it is not instrumented, so what guides the
 * fuzzer is what the sequences reach in the test.
 */
#include "../front/zdiff.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ABOVE	"../.libs/libweft_z.so.1"

static struct zdiff *make(void)
{
	static struct zapi theirs, ours;
	static char folder[] = "/tmp/weft-zfuzz.XXXXXX";
	const char *path = zapi_ours();

	if (!path && !access(ABOVE, R_OK))
		path = ABOVE;
	if (!path)
		fprintf(stderr, "no front end: the system's zlib stands for it\n");
	setenv("WEFT_ZLIB_MIN", "0", 0);
	if (!zapi_open(&theirs, ZAPI_SYSTEM) || !zapi_open(&ours, path ? path : ZAPI_SYSTEM) ||
	    !mkdtemp(folder))
		abort();
	return zdiff_new(&theirs, &ours, folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zdiff *d;
	struct zseq seq;

	if (!d)
		d = make();
	zseq_decode(&seq, data, size);
	if (!zdiff_run(d, &seq)) {
		fprintf(stderr, "%s\n", zdiff_why(d));
		abort();
	}
	return 0;
}
