/* SPDX-License-Identifier: MIT */
#include "zdiff_mutants.h"

#include <stdlib.h>
#include <string.h>

static const struct zapi *z;	/* the good one */

/* A mutant that spoils the member @name with the function of the same name below. */
#define SPOIL(label, name) \
	static void apply_##label(struct zapi *api) { api->name = label; }

/* ---- deflate ------------------------------------------------------------ */

static int deflate_late_end(z_stream *s, int flush)
{
	int ret = z->deflate(s, flush);

	return ret == Z_STREAM_END ? Z_OK : ret;
}
SPOIL(deflate_late_end, deflate)

static int deflate_swallows(z_stream *s, int flush)
{
	if (s && s->avail_in > 100) {
		s->next_in++;
		s->avail_in--;
		s->total_in++;
	}
	return z->deflate(s, flush);
}
SPOIL(deflate_swallows, deflate)

static int deflate_no_buf_error(z_stream *s, int flush)
{
	int ret = z->deflate(s, flush);

	return ret == Z_BUF_ERROR ? Z_OK : ret;
}
SPOIL(deflate_no_buf_error, deflate)

static int deflate_lazy_flush(z_stream *s, int flush)
{
	return z->deflate(s, flush == Z_PARTIAL_FLUSH ? Z_NO_FLUSH : flush);
}
SPOIL(deflate_lazy_flush, deflate)

static int deflate_full_as_sync(z_stream *s, int flush)
{
	return z->deflate(s, flush == Z_FULL_FLUSH ? Z_SYNC_FLUSH : flush);
}
SPOIL(deflate_full_as_sync, deflate)

static int deflate_total_off(z_stream *s, int flush)
{
	int ret = z->deflate(s, flush);

	if (ret == Z_STREAM_END && s->total_out > 5000)
		s->total_out++;
	return ret;
}
SPOIL(deflate_total_off, deflate)

static int deflate_writes_behind(z_stream *s, int flush)
{
	int ret = z->deflate(s, flush);

	if (ret == Z_OK && s->next_out && !s->avail_out)
		*s->next_out = 1;
	return ret;
}
SPOIL(deflate_writes_behind, deflate)

static int deflate_no_adler(z_stream *s, int flush)
{
	uLong before = s ? s->adler : 0;
	int ret = z->deflate(s, flush);

	if (ret == Z_OK)
		s->adler = before;
	return ret;
}
SPOIL(deflate_no_adler, deflate)

static int deflate_keeps_pointer(z_stream *s, int flush)
{
	static const Bytef *last;
	int ret;

	/* Reads what was given to it in the last call, which has gone since. */
	if (s && s->avail_in > 30 && s->avail_in < 40 && last)
		s->next_in = last;
	last = s ? s->next_in : NULL;
	ret = z->deflate(s, flush);
	return ret;
}
SPOIL(deflate_keeps_pointer, deflate)

static int params_takes_all(z_stream *s, int level, int strategy)
{
	int ret = z->deflateParams(s, level, strategy);

	return ret == Z_STREAM_ERROR ? Z_OK : ret;
}
SPOIL(params_takes_all, deflateParams)

static int reset_keeps_total(z_stream *s)
{
	uLong total = s ? s->total_in : 0;
	int ret = z->deflateReset(s);

	if (ret == Z_OK)
		s->total_in = total;
	return ret;
}
SPOIL(reset_keeps_total, deflateReset)

static int copy_forgets_allocator(z_stream *to, z_stream *from)
{
	int ret = z->deflateCopy(to, from);

	if (ret == Z_OK)
		to->msg = "buffer error";
	return ret;
}
SPOIL(copy_forgets_allocator, deflateCopy)

static int end_leaks(z_stream *s)
{
	if (s && s->state && s->zalloc && s->total_in > 10)
		s->zalloc(s->opaque, 1, 10);
	return z->deflateEnd(s);
}
SPOIL(end_leaks, deflateEnd)

static int end_never_busy(z_stream *s)
{
	int ret = z->deflateEnd(s);

	return ret == Z_DATA_ERROR ? Z_OK : ret;
}
SPOIL(end_never_busy, deflateEnd)

static int pending_lies(z_stream *s, unsigned int *pending, int *bits)
{
	int ret = z->deflatePending(s, pending, bits);

	if (ret == Z_OK && pending)
		*pending += 1;
	return ret;
}
SPOIL(pending_lies, deflatePending)

static int prime_ignored(z_stream *s, int bits, int value)
{
	return bits > 16 || bits < 0 || !s || !s->state ? z->deflatePrime(s, bits, value) : Z_OK;
}
SPOIL(prime_ignored, deflatePrime)

static int header_ignored(z_stream *s, gz_header *head)
{
	(void)head;
	return z->deflateSetHeader(s, NULL);
}
SPOIL(header_ignored, deflateSetHeader)

static int dictionary_ignored(z_stream *s, const Bytef *dict, uInt len)
{
	int ret = z->deflateSetDictionary(s, dict, len);

	if (ret == Z_OK && len > 10)
		s->adler ^= 1;
	return ret;
}
SPOIL(dictionary_ignored, deflateSetDictionary)

static uLong bound_short(z_stream *s, uLong len)
{
	uLong bound = z->deflateBound(s, len);

	(void)bound;
	return len + 2;
}
SPOIL(bound_short, deflateBound)

static int init_lenient(z_stream *s, int level, int method, int bits, int mem, int strategy,
			const char *version, int size)
{
	return z->deflateInit2_(s, level, method, bits == 7 ? 9 : bits, mem, strategy, version, size);
}
SPOIL(init_lenient, deflateInit2_)

static int init_wide(z_stream *s, int level, int method, int bits, int mem, int strategy,
		     const char *version, int size)
{
	return z->deflateInit2_(s, level, method, bits == -9 ? -15 : bits, mem, strategy, version,
				size);
}
SPOIL(init_wide, deflateInit2_)

static int get_dictionary_short(z_stream *s, Bytef *dict, uInt *len)
{
	int ret = z->deflateGetDictionary(s, dict, len);

	if (ret == Z_OK && len && *len > 1000)
		*len -= 300;
	return ret;
}
SPOIL(get_dictionary_short, deflateGetDictionary)

/* ---- inflate ------------------------------------------------------------ */

static int inflate_no_msg(z_stream *s, int flush)
{
	int ret = z->inflate(s, flush);

	if (ret == Z_DATA_ERROR)
		s->msg = NULL;
	return ret;
}
SPOIL(inflate_no_msg, inflate)

static int inflate_greedy(z_stream *s, int flush)
{
	int ret = z->inflate(s, flush);

	if (ret == Z_STREAM_END && s->avail_in) {
		s->next_in++;
		s->avail_in--;
		s->total_in++;
	}
	return ret;
}
SPOIL(inflate_greedy, inflate)

static int inflate_ignores_block(z_stream *s, int flush)
{
	return z->inflate(s, flush == Z_BLOCK || flush == Z_TREES ? Z_NO_FLUSH : flush);
}
SPOIL(inflate_ignores_block, inflate)

static int inflate_no_check(z_stream *s, int flush)
{
	if (s && s->state)
		z->inflateValidate(s, 0);
	return z->inflate(s, flush);
}
SPOIL(inflate_no_check, inflate)

static int inflate_one_wrong(z_stream *s, int flush)
{
	int ret = z->inflate(s, flush);

	if (ret == Z_STREAM_END && s->total_out > 20000 && s->next_out)
		s->next_out[-1] ^= 1;
	return ret;
}
SPOIL(inflate_one_wrong, inflate)

static int inflate_finish_ok(z_stream *s, int flush)
{
	int ret = z->inflate(s, flush);

	return ret == Z_BUF_ERROR && flush == Z_FINISH ? Z_OK : ret;
}
SPOIL(inflate_finish_ok, inflate)

static int inflate_no_type(z_stream *s, int flush)
{
	int ret = z->inflate(s, flush);

	if (ret == Z_OK && s->data_type & 128)
		s->data_type &= ~64;
	return ret;
}
SPOIL(inflate_no_type, inflate)

static int sync_off(z_stream *s)
{
	int ret = z->inflateSync(s);

	if (ret == Z_OK && s->avail_in) {
		s->next_in++;
		s->avail_in--;
		s->total_in++;
	}
	return ret;
}
SPOIL(sync_off, inflateSync)

static long mark_wrong(z_stream *s)
{
	long ret = z->inflateMark(s);

	return ret > 0 ? ret + 1 : ret;
}
SPOIL(mark_wrong, inflateMark)

static int reset2_deaf(z_stream *s, int bits)
{
	(void)bits;
	return z->inflateReset(s);
}
SPOIL(reset2_deaf, inflateReset2)

static int inflate_prime_ignored(z_stream *s, int bits, int value)
{
	(void)value;
	return z->inflatePrime(s, bits, 0);
}
SPOIL(inflate_prime_ignored, inflatePrime)

static int get_header_never(z_stream *s, gz_header *head)
{
	int ret = z->inflateGetHeader(s, head);

	if (ret == Z_OK)
		head->done = -1;
	return ret;
}
SPOIL(get_header_never, inflateGetHeader)

static int any_dictionary(z_stream *s, const Bytef *dict, uInt len)
{
	int ret = z->inflateSetDictionary(s, dict, len);

	return ret == Z_DATA_ERROR ? Z_OK : ret;
}
SPOIL(any_dictionary, inflateSetDictionary)

static int back_leaves_less(z_stream *s, in_func in, void *in_desc, out_func out, void *out_desc)
{
	int ret = z->inflateBack(s, in, in_desc, out, out_desc);

	if (ret == Z_STREAM_END && s->avail_in)
		s->avail_in--;
	return ret;
}
SPOIL(back_leaves_less, inflateBack)

/* ---- calls -------------------------------------------------------------- */

static int uncompress_lenient(Bytef *dest, uLongf *len, const Bytef *source, uLong source_len)
{
	int ret = z->uncompress(dest, len, source, source_len);

	return ret == Z_DATA_ERROR ? Z_BUF_ERROR : ret;
}
SPOIL(uncompress_lenient, uncompress)

static int compress_short(Bytef *dest, uLongf *len, const Bytef *source, uLong source_len, int level)
{
	int ret = z->compress2(dest, len, source, source_len, level);

	if (ret == Z_OK && source_len > 300)
		*len -= 1;
	return ret;
}
SPOIL(compress_short, compress2)

static uLong combine_wrong(uLong a, uLong b, z_off_t len)
{
	return len == 7 ? 1 : z->crc32_combine(a, b, len) ^ (len > 2000);
}
SPOIL(combine_wrong, crc32_combine)

static uLong adler_wrong(uLong adler, const Bytef *p, z_size_t len)
{
	return z->adler32_z(adler, p, len > 5552 ? len - 1 : len);
}
SPOIL(adler_wrong, adler32_z)

static z_off_t seek_off(gzFile file, z_off_t offset, int whence)
{
	z_off_t at = z->gzseek(file, offset, whence);

	return at > 100 ? at + 1 : at;
}
SPOIL(seek_off, gzseek)

static int eof_never(gzFile file)
{
	(void)file;
	return 0;
}
SPOIL(eof_never, gzeof)

static int write_loses(gzFile file, const void *buf, unsigned int len)
{
	if (len > 10000)
		z->gzwrite(file, buf, len - 1);
	return len > 10000 ? (int)len : z->gzwrite(file, buf, len);
}
SPOIL(write_loses, gzwrite)

#define MUTANT(label) { #label, apply_##label }

const struct zmutant zmutants[] = {
	MUTANT(deflate_late_end), MUTANT(deflate_swallows), MUTANT(deflate_no_buf_error),
	MUTANT(deflate_lazy_flush), MUTANT(deflate_full_as_sync), MUTANT(deflate_total_off),
	MUTANT(deflate_writes_behind), MUTANT(deflate_no_adler), MUTANT(deflate_keeps_pointer),
	MUTANT(params_takes_all), MUTANT(reset_keeps_total), MUTANT(copy_forgets_allocator),
	MUTANT(end_leaks), MUTANT(end_never_busy), MUTANT(pending_lies), MUTANT(prime_ignored),
	MUTANT(header_ignored), MUTANT(dictionary_ignored), MUTANT(bound_short),
	MUTANT(init_lenient), MUTANT(init_wide), MUTANT(get_dictionary_short),
	MUTANT(inflate_no_msg), MUTANT(inflate_greedy), MUTANT(inflate_ignores_block),
	MUTANT(inflate_no_check), MUTANT(inflate_one_wrong), MUTANT(inflate_finish_ok),
	MUTANT(inflate_no_type), MUTANT(sync_off), MUTANT(mark_wrong), MUTANT(reset2_deaf),
	MUTANT(inflate_prime_ignored), MUTANT(get_header_never), MUTANT(any_dictionary),
	MUTANT(back_leaves_less), MUTANT(uncompress_lenient), MUTANT(compress_short),
	MUTANT(combine_wrong), MUTANT(adler_wrong), MUTANT(seek_off), MUTANT(eof_never),
	MUTANT(write_loses),
};
const size_t zmutant_count = sizeof(zmutants) / sizeof(zmutants[0]);

void zmutant_make(struct zapi *api, const struct zapi *base, const struct zmutant *mutant)
{
	z = base;
	*api = *base;
	mutant->apply(api);
}
