/* SPDX-License-Identifier: MIT */
/* What descriptors of DIGEST and AEAD have to look like. */
#include "device/crypto/sym.h"

unsigned int sym_state_size(const struct sym_alg *alg)
{
	if (alg->mode == SYM_GMAC)
		return 0;
	return alg->hash ? sym_hash_rows[alg->hash].state : SYM_BLOCK;
}

unsigned int sym_digest_check(const struct sym_alg *alg, const struct sdev_desc *d)
{
	bool first = d->sym.flags & SDEV_SYM_FIRST, last = d->sym.flags & SDEV_SYM_LAST;
	unsigned int block = alg->hash ? sym_hash_rows[alg->hash].block : SYM_BLOCK;

	if (d->sym.flags & ~(SDEV_SYM_FIRST | SDEV_SYM_LAST))
		return SDEV_BAD_FLAGS;
	if (last ? !d->dst_len || d->dst_len > alg->mac : d->dst_len != sym_state_size(alg))
		return SDEV_BAD_MAC;
	if (!last && d->src_len % block)
		return SDEV_BAD_LENGTH;
	if (!first && d->total % block)
		return SDEV_BAD_PIECE;
	/* The last block of a cipher's MAC is a special one. */
	if (!first && last && !alg->hash && alg->mode != SYM_GMAC && !d->src_len)
		return SDEV_BAD_LENGTH;
	if (alg->mode == SYM_GMAC && first &&
	    (d->sym.iv_len < alg->iv || d->sym.iv_len > alg->iv_max))
		return SDEV_BAD_IV;
	return 0;
}

static bool tag_fits(const struct sym_alg *alg, unsigned int len)
{
	if (alg->tags)
		return len < 32 && alg->tags >> len & 1;
	return len >= 4 && len <= alg->mac;
}

unsigned int sym_aead_check(const struct sym_alg *alg, const struct sdev_desc *d,
			       const struct sdev_ext *ext)
{
	uint8_t flags = d->sym.flags;
	bool first = flags & SDEV_SYM_FIRST, last = flags & SDEV_SYM_LAST;
	bool in_src = flags & SDEV_SYM_AAD_IN_SRC;
	uint32_t aad = ext->aead.aad_len, len = d->src_len;

	if (flags & ~SDEV_SYM_ALL || (flags & SDEV_SYM_AAD_COPY && !in_src))
		return SDEV_BAD_FLAGS;
	if (first && (d->sym.iv_len < alg->iv || d->sym.iv_len > alg->iv_max))
		return SDEV_BAD_IV;
	if ((last || (first && alg->mode == SYM_CCM)) && !tag_fits(alg, d->sym.mac_len))
		return SDEV_BAD_MAC;
	if ((!first && aad) || (in_src && aad > len))
		return SDEV_BAD_AAD;
	if (d->dst_len < len)
		return SDEV_BAD_LENGTH;
	if (in_src)
		len -= aad;
	return len & (alg->align - 1u) || (!last && len % SYM_BLOCK) ? SDEV_BAD_LENGTH : 0;
}
