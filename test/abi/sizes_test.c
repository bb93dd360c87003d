/* SPDX-License-Identifier: MIT */
/*
 * The binary contract of the public headers: sizes, offsets, enumerators and
 * prototypes that programs built against UADK 2.10 have compiled in. All of it
 * is asserted at compile time; that the program runs is the result.
 */
#include <stddef.h>
#include <stdio.h>

#include "uadk/wd.h"
#include "uadk/wd_aead.h"
#include "uadk/wd_alg.h"
#include "uadk/wd_alg_common.h"
#include "uadk/wd_bmm.h"
#include "uadk/wd_cipher.h"
#include "uadk/wd_comp.h"
#include "uadk/wd_dh.h"
#include "uadk/wd_digest.h"
#include "uadk/wd_ecc.h"
#include "uadk/wd_internal.h"
#include "uadk/wd_rsa.h"
#include "uadk/wd_sched.h"
#include "uadk/wd_zlibwrapper.h"

#define SIZE(type, bytes) \
	_Static_assert(sizeof(struct type) == (bytes), "size of " #type)
#define AT(type, member, offset) \
	_Static_assert(offsetof(struct type, member) == (offset), #type "." #member)
#define VALUE(name, value) \
	_Static_assert((name) == (value), #name)
#define PROTO(name, ...) \
	_Static_assert(__builtin_types_compatible_p(__typeof__(name), __VA_ARGS__), \
		       "prototype of " #name)

#ifdef __LP64__

SIZE(uacce_dev, 992);
AT(uacce_dev, flags, 0);
AT(uacce_dev, numa_id, 4);
AT(uacce_dev, api, 8);
AT(uacce_dev, algs, 72);
AT(uacce_dev, dev_root, 456);
AT(uacce_dev, char_dev_path, 712);
AT(uacce_dev, qfrs_offs, 968);

SIZE(uacce_dev_list, 16);
AT(uacce_dev_list, next, 8);

SIZE(wd_dtb, 16);
AT(wd_dtb, dsize, 8);
AT(wd_dtb, bsize, 12);

SIZE(wd_mm_ops, 56);
AT(wd_mm_ops, alloc, 0);
AT(wd_mm_ops, free, 8);
AT(wd_mm_ops, iova_map, 16);
AT(wd_mm_ops, iova_unmap, 24);
AT(wd_mm_ops, get_bufsize, 32);
AT(wd_mm_ops, usr, 40);
AT(wd_mm_ops, sva_mode, 48);

SIZE(wd_mempool_stats, 56);
AT(wd_mempool_stats, page_size, 8);
AT(wd_mempool_stats, page_num, 16);
AT(wd_mempool_stats, blk_size, 24);
AT(wd_mempool_stats, blk_num, 32);
AT(wd_mempool_stats, free_blk_num, 40);
AT(wd_mempool_stats, blk_usage_rate, 48);

SIZE(wd_blockpool_stats, 40);
AT(wd_blockpool_stats, block_num, 8);
AT(wd_blockpool_stats, free_block_num, 16);
AT(wd_blockpool_stats, block_usage_rate, 24);
AT(wd_blockpool_stats, mem_waste_rate, 32);

SIZE(wd_capability, 280);
AT(wd_capability, drv_name, 128);
AT(wd_capability, available, 256);
AT(wd_capability, priority, 260);
AT(wd_capability, calc_type, 264);
AT(wd_capability, next, 272);

SIZE(wd_datalist, 24);
AT(wd_datalist, len, 8);
AT(wd_datalist, next, 16);

SIZE(wd_ctx_h, 344);
AT(wd_ctx_h, fd, 0);
AT(wd_ctx_h, dev_path, 4);
AT(wd_ctx_h, dev_name, 264);
AT(wd_ctx_h, drv_name, 272);
AT(wd_ctx_h, qfrs_offs, 280);
AT(wd_ctx_h, qfrs_base, 304);
AT(wd_ctx_h, dev, 328);
AT(wd_ctx_h, priv, 336);

SIZE(wd_ctx, 16);
AT(wd_ctx, op_type, 8);
AT(wd_ctx, ctx_mode, 9);

SIZE(wd_cap_config, 8);
AT(wd_cap_config, resv, 4);

SIZE(wd_ctx_config, 32);
AT(wd_ctx_config, ctxs, 8);
AT(wd_ctx_config, priv, 16);
AT(wd_ctx_config, cap, 24);

SIZE(wd_ctx_nums, 8);
AT(wd_ctx_nums, async_ctx_num, 4);

SIZE(wd_ctx_params, 32);
AT(wd_ctx_params, ctx_set_num, 8);
AT(wd_ctx_params, bmp, 16);
AT(wd_ctx_params, cap, 24);

SIZE(wd_sched, 48);
AT(wd_sched, name, 0);
AT(wd_sched, sched_policy, 8);
AT(wd_sched, sched_init, 16);
AT(wd_sched, pick_next_ctx, 24);
AT(wd_sched, poll_policy, 32);
AT(wd_sched, h_sched_ctx, 40);

SIZE(sched_params, 20);
AT(sched_params, numa_id, 0);
AT(sched_params, type, 4);
AT(sched_params, mode, 5);
AT(sched_params, begin, 8);
AT(sched_params, end, 12);
AT(sched_params, dev_id, 16);

SIZE(wd_comp_req, 72);
AT(wd_comp_req, src, 0);
AT(wd_comp_req, list_src, 0);
AT(wd_comp_req, src_len, 8);
AT(wd_comp_req, dst, 16);
AT(wd_comp_req, list_dst, 16);
AT(wd_comp_req, dst_len, 24);
AT(wd_comp_req, cb, 32);
AT(wd_comp_req, cb_param, 40);
AT(wd_comp_req, op_type, 48);
AT(wd_comp_req, data_fmt, 52);
AT(wd_comp_req, last, 56);
AT(wd_comp_req, status, 60);
AT(wd_comp_req, priv, 64);

SIZE(wd_comp_sess_setup, 88);
AT(wd_comp_sess_setup, alg_type, 0);
AT(wd_comp_sess_setup, comp_lv, 4);
AT(wd_comp_sess_setup, win_sz, 8);
AT(wd_comp_sess_setup, op_type, 12);
AT(wd_comp_sess_setup, sched_param, 16);
AT(wd_comp_sess_setup, mm_ops, 24);
AT(wd_comp_sess_setup, mm_type, 80);

SIZE(wd_lz77_zstd_data, 48);

SIZE(wd_cipher_req, 72);
AT(wd_cipher_req, op_type, 0);
AT(wd_cipher_req, src, 8);
AT(wd_cipher_req, list_src, 8);
AT(wd_cipher_req, dst, 16);
AT(wd_cipher_req, list_dst, 16);
AT(wd_cipher_req, iv, 24);
AT(wd_cipher_req, in_bytes, 32);
AT(wd_cipher_req, iv_bytes, 36);
AT(wd_cipher_req, out_buf_bytes, 40);
AT(wd_cipher_req, out_bytes, 44);
AT(wd_cipher_req, state, 48);
AT(wd_cipher_req, type, 50);
AT(wd_cipher_req, data_fmt, 51);
AT(wd_cipher_req, cb, 56);
AT(wd_cipher_req, cb_param, 64);

SIZE(wd_cipher_sess_setup, 80);
AT(wd_cipher_sess_setup, alg, 0);
AT(wd_cipher_sess_setup, mode, 4);
AT(wd_cipher_sess_setup, sched_param, 8);
AT(wd_cipher_sess_setup, mm_ops, 16);
AT(wd_cipher_sess_setup, mm_type, 72);

SIZE(wd_digest_req, 80);
AT(wd_digest_req, in, 0);
AT(wd_digest_req, list_in, 0);
AT(wd_digest_req, out, 8);
AT(wd_digest_req, in_bytes, 16);
AT(wd_digest_req, out_bytes, 20);
AT(wd_digest_req, out_buf_bytes, 24);
AT(wd_digest_req, iv, 32);
AT(wd_digest_req, iv_bytes, 40);
AT(wd_digest_req, state, 44);
AT(wd_digest_req, has_next, 46);
AT(wd_digest_req, data_fmt, 48);
AT(wd_digest_req, cb, 56);
AT(wd_digest_req, cb_param, 64);
AT(wd_digest_req, long_data_len, 72);

SIZE(wd_digest_sess_setup, 80);
AT(wd_digest_sess_setup, alg, 0);
AT(wd_digest_sess_setup, mode, 4);
AT(wd_digest_sess_setup, sched_param, 8);
AT(wd_digest_sess_setup, mm_ops, 16);
AT(wd_digest_sess_setup, mm_type, 72);

SIZE(wd_cb_tag, 24);
SIZE(wd_digest_tag, 40);
AT(wd_digest_tag, long_data_len, 24);
AT(wd_digest_tag, priv, 32);

SIZE(wd_aead_req, 88);
AT(wd_aead_req, op_type, 0);
AT(wd_aead_req, src, 8);
AT(wd_aead_req, list_src, 8);
AT(wd_aead_req, dst, 16);
AT(wd_aead_req, list_dst, 16);
AT(wd_aead_req, mac, 24);
AT(wd_aead_req, iv, 32);
AT(wd_aead_req, in_bytes, 40);
AT(wd_aead_req, out_bytes, 44);
AT(wd_aead_req, iv_bytes, 48);
AT(wd_aead_req, mac_bytes, 50);
AT(wd_aead_req, assoc_bytes, 52);
AT(wd_aead_req, state, 54);
AT(wd_aead_req, data_fmt, 56);
AT(wd_aead_req, cb, 64);
AT(wd_aead_req, cb_param, 72);
AT(wd_aead_req, msg_state, 80);

SIZE(wd_aead_sess_setup, 88);
AT(wd_aead_sess_setup, calg, 0);
AT(wd_aead_sess_setup, cmode, 4);
AT(wd_aead_sess_setup, dalg, 8);
AT(wd_aead_sess_setup, dmode, 12);
AT(wd_aead_sess_setup, sched_param, 16);
AT(wd_aead_sess_setup, mm_ops, 24);
AT(wd_aead_sess_setup, mm_type, 80);

SIZE(wd_rsa_req, 48);
AT(wd_rsa_req, src, 0);
AT(wd_rsa_req, dst, 8);
AT(wd_rsa_req, src_bytes, 16);
AT(wd_rsa_req, dst_bytes, 20);
AT(wd_rsa_req, cb, 24);
AT(wd_rsa_req, cb_param, 32);
AT(wd_rsa_req, status, 40);
AT(wd_rsa_req, data_fmt, 44);
AT(wd_rsa_req, op_type, 45);

SIZE(wd_rsa_sess_setup, 80);
AT(wd_rsa_sess_setup, key_bits, 0);
AT(wd_rsa_sess_setup, is_crt, 2);
AT(wd_rsa_sess_setup, sched_param, 8);
AT(wd_rsa_sess_setup, mm_ops, 16);
AT(wd_rsa_sess_setup, mm_type, 72);

SIZE(wd_dh_req, 56);
AT(wd_dh_req, x_p, 0);
AT(wd_dh_req, pv, 8);
AT(wd_dh_req, pri, 16);
AT(wd_dh_req, pri_bytes, 24);
AT(wd_dh_req, pbytes, 26);
AT(wd_dh_req, xbytes, 28);
AT(wd_dh_req, pvbytes, 30);
AT(wd_dh_req, cb, 32);
AT(wd_dh_req, cb_param, 40);
AT(wd_dh_req, status, 48);
AT(wd_dh_req, op_type, 52);
AT(wd_dh_req, data_fmt, 53);

SIZE(wd_dh_sess_setup, 80);
AT(wd_dh_sess_setup, key_bits, 0);
AT(wd_dh_sess_setup, is_g2, 2);
AT(wd_dh_sess_setup, sched_param, 8);
AT(wd_dh_sess_setup, mm_ops, 16);
AT(wd_dh_sess_setup, mm_type, 72);

SIZE(wd_ecc_req, 48);
AT(wd_ecc_req, src, 0);
AT(wd_ecc_req, dst, 8);
AT(wd_ecc_req, src_bytes, 16);
AT(wd_ecc_req, dst_bytes, 20);
AT(wd_ecc_req, cb, 24);
AT(wd_ecc_req, cb_param, 32);
AT(wd_ecc_req, status, 40);
AT(wd_ecc_req, data_fmt, 44);
AT(wd_ecc_req, op_type, 45);

SIZE(wd_ecc_point, 32);
AT(wd_ecc_point, y, 16);
SIZE(wd_ecc_curve, 96);
AT(wd_ecc_curve, p, 0);
AT(wd_ecc_curve, a, 16);
AT(wd_ecc_curve, b, 32);
AT(wd_ecc_curve, g, 48);
AT(wd_ecc_curve, n, 80);
SIZE(wd_ecc_curve_cfg, 24);
AT(wd_ecc_curve_cfg, type, 0);
AT(wd_ecc_curve_cfg, cfg, 8);
AT(wd_ecc_curve_cfg, resv, 16);
SIZE(wd_rand_mt, 16);
SIZE(wd_hash_mt, 24);
AT(wd_hash_mt, type, 16);

SIZE(wd_ecc_sess_setup, 152);
AT(wd_ecc_sess_setup, alg, 0);
AT(wd_ecc_sess_setup, key_bits, 8);
AT(wd_ecc_sess_setup, cv, 16);
AT(wd_ecc_sess_setup, rand, 40);
AT(wd_ecc_sess_setup, hash, 56);
AT(wd_ecc_sess_setup, sched_param, 80);
AT(wd_ecc_sess_setup, mm_ops, 88);
AT(wd_ecc_sess_setup, mm_type, 144);

SIZE(wd_mempool_setup, 72);
AT(wd_mempool_setup, block_num, 4);
AT(wd_mempool_setup, align_size, 8);
AT(wd_mempool_setup, ops, 16);

/* Also zlib's own layout, which programs may use in its place. */
SIZE(z_stream_s, 112);
AT(z_stream_s, total_in, 16);
AT(z_stream_s, next_out, 24);
AT(z_stream_s, total_out, 40);
AT(z_stream_s, msg, 48);
AT(z_stream_s, state, 56);
AT(z_stream_s, data_type, 88);
AT(z_stream_s, adler, 96);
AT(z_stream_s, reserved, 104);

#endif /* __LP64__ */

VALUE(UACCE_DEV_SVA, 1);
VALUE(UACCE_DEV_NOIOMMU, 2);
VALUE(UACCE_DEV_IOMMUU, 0x80);
VALUE(UACCE_QFRT_MMIO, 0);
VALUE(UACCE_QFRT_DUS, 1);
VALUE(UACCE_QFRT_SS, 2);
VALUE(UACCE_QFRT_MAX, 3);

VALUE(WD_CTX_CNT_NUM, 1024);
VALUE(WD_IPC_KEY, 0x500011);
VALUE(WD_SUCCESS, 0);
VALUE(WD_STREAM_END, 1);
VALUE(WD_STREAM_START, 2);
VALUE(WD_SOFT_COMPUTING, 3);
VALUE(WD_EIO, 5);
VALUE(WD_EAGAIN, 11);
VALUE(WD_ENOMEM, 12);
VALUE(WD_EACCES, 13);
VALUE(WD_EACCESS, 13);
VALUE(WD_EBUSY, 16);
VALUE(WD_EEXIST, 17);
VALUE(WD_ENODEV, 19);
VALUE(WD_EINVAL, 22);
VALUE(WD_ETIMEDOUT, 110);
VALUE(WD_ADDR_ERR, 61);
VALUE(WD_HW_EACCESS, 62);
VALUE(WD_SGL_ERR, 63);
VALUE(WD_VERIFY_ERR, 64);
VALUE(WD_OUT_EPARA, 66);
VALUE(WD_IN_EPARA, 67);
VALUE(WD_ENOPROC, 68);
VALUE(WD_FLAT_BUF, 0);
VALUE(WD_SGL_BUF, 1);
VALUE(WD_CIPHER, 0);
VALUE(WD_DIGEST, 1);
VALUE(WD_AEAD, 2);
VALUE(WD_HUGE_PAGE, 0);
VALUE(WD_NORMAL_PAGE, 1);
VALUE(WD_IS_ERR(-1), 1);
VALUE(WD_IS_ERR(-999), 1);
VALUE(WD_IS_ERR(-1000), 0);

VALUE(UADK_ALG_SOFT, 0);
VALUE(UADK_ALG_CE_INSTR, 1);
VALUE(UADK_ALG_SVE_INSTR, 2);
VALUE(UADK_ALG_HW, 3);

VALUE(TASK_MIX, 0);
VALUE(TASK_HW, 1);
VALUE(TASK_INSTR, 2);
VALUE(TASK_MAX_TYPE, 3);
VALUE(CTX_MODE_SYNC, 0);
VALUE(CTX_MODE_ASYNC, 1);
VALUE(CTX_MODE_MAX, 2);
VALUE(UADK_MEM_AUTO, 0);
VALUE(UADK_MEM_USER, 1);
VALUE(UADK_MEM_PROXY, 2);
VALUE(BYTE_BITS, 8);
VALUE(BITS_TO_BYTES(9), 2);
VALUE(BYTES_TO_BITS(2), 16);
VALUE(AES_KEYSIZE_128, 16);
VALUE(AES_KEYSIZE_192, 24);
VALUE(AES_KEYSIZE_256, 32);

VALUE(SCHED_POLICY_RR, 0);
VALUE(SCHED_POLICY_NONE, 1);
VALUE(SCHED_POLICY_SINGLE, 2);
VALUE(SCHED_POLICY_DEV, 3);
VALUE(SCHED_POLICY_BUTT, 4);

VALUE(WD_DEFLATE, 0);
VALUE(WD_ZLIB, 1);
VALUE(WD_GZIP, 2);
VALUE(WD_LZ77_ZSTD, 3);
VALUE(WD_LZ4, 4);
VALUE(WD_LZ77_ONLY, 5);
VALUE(WD_COMP_ALG_MAX, 6);
VALUE(WD_DIR_COMPRESS, 0);
VALUE(WD_DIR_DECOMPRESS, 1);
VALUE(WD_DIR_MAX, 2);
VALUE(WD_COMP_L1, 1);
VALUE(WD_COMP_L8, 8);
VALUE(WD_COMP_L15, 15);
VALUE(WD_COMP_WS_4K, 0);
VALUE(WD_COMP_WS_8K, 1);
VALUE(WD_COMP_WS_16K, 2);
VALUE(WD_COMP_WS_24K, 3);
VALUE(WD_COMP_WS_32K, 4);

VALUE(AES_BLOCK_SIZE, 16);
VALUE(GCM_IV_SIZE, 12);
VALUE(DES3_BLOCK_SIZE, 8);
VALUE(MAX_IV_SIZE, 16);
VALUE(MAX_CIPHER_KEY_SIZE, 64);
VALUE(AIV_STREAM_LEN, 64);
VALUE(CTX_TYPE_ENCRYPT, 0);
VALUE(CTX_TYPE_DECRYPT, 1);
VALUE(WD_CIPHER_ENCRYPTION, 0);
VALUE(WD_CIPHER_DECRYPTION, 1);
VALUE(WD_CIPHER_SM4, 0);
VALUE(WD_CIPHER_AES, 1);
VALUE(WD_CIPHER_DES, 2);
VALUE(WD_CIPHER_3DES, 3);
VALUE(WD_CIPHER_ALG_TYPE_MAX, 4);
VALUE(WD_CIPHER_ECB, 0);
VALUE(WD_CIPHER_CBC, 1);
VALUE(WD_CIPHER_CTR, 2);
VALUE(WD_CIPHER_XTS, 3);
VALUE(WD_CIPHER_OFB, 4);
VALUE(WD_CIPHER_CFB, 5);
VALUE(WD_CIPHER_CBC_CS1, 6);
VALUE(WD_CIPHER_CBC_CS2, 7);
VALUE(WD_CIPHER_CBC_CS3, 8);
VALUE(WD_CIPHER_CCM, 9);
VALUE(WD_CIPHER_GCM, 10);
VALUE(WD_CIPHER_XTS_GB, 11);
VALUE(WD_CIPHER_MODE_TYPE_MAX, 12);
VALUE(WD_CIPHER_ENCRYPTION_DIGEST, 0);
VALUE(WD_CIPHER_DECRYPTION_DIGEST, 1);
VALUE(WD_DIGEST_SM3, 0);
VALUE(WD_DIGEST_MD5, 1);
VALUE(WD_DIGEST_SHA1, 2);
VALUE(WD_DIGEST_SHA256, 3);
VALUE(WD_DIGEST_SHA224, 4);
VALUE(WD_DIGEST_SHA384, 5);
VALUE(WD_DIGEST_SHA512, 6);
VALUE(WD_DIGEST_SHA512_224, 7);
VALUE(WD_DIGEST_SHA512_256, 8);
VALUE(WD_DIGEST_AES_XCBC_MAC_96, 9);
VALUE(WD_DIGEST_AES_XCBC_PRF_128, 10);
VALUE(WD_DIGEST_AES_CMAC, 11);
VALUE(WD_DIGEST_AES_GMAC, 12);
VALUE(WD_DIGEST_TYPE_MAX, 13);
VALUE(WD_DIGEST_NORMAL, 0);
VALUE(WD_DIGEST_HMAC, 1);
VALUE(WD_DIGEST_MODE_MAX, 2);
VALUE(WD_DIGEST_END, 0);
VALUE(WD_DIGEST_DOING, 1);
VALUE(WD_DIGEST_STREAM_END, 2);
VALUE(WD_DIGEST_STREAM_DOING, 3);
VALUE(WD_DIGEST_MSG_STATE_MAX, 4);
VALUE(AEAD_MSG_BLOCK, 0);
VALUE(AEAD_MSG_FIRST, 1);
VALUE(AEAD_MSG_MIDDLE, 2);
VALUE(AEAD_MSG_END, 3);
VALUE(AEAD_MSG_INVALID, 4);
VALUE(WD_DIGEST_CIPHER_ENCRYPTION, 2);
VALUE(WD_DIGEST_CIPHER_DECRYPTION, 3);
VALUE(WD_DIGEST_SM3_LEN, 32);
VALUE(WD_DIGEST_SM3_FULL_LEN, 32);
VALUE(WD_DIGEST_MD5_LEN, 16);
VALUE(WD_DIGEST_MD5_FULL_LEN, 16);
VALUE(WD_DIGEST_SHA1_LEN, 20);
VALUE(WD_DIGEST_SHA1_FULL_LEN, 20);
VALUE(WD_DIGEST_SHA256_LEN, 32);
VALUE(WD_DIGEST_SHA256_FULL_LEN, 32);
VALUE(WD_DIGEST_SHA224_LEN, 28);
VALUE(WD_DIGEST_SHA224_FULL_LEN, 32);
VALUE(WD_DIGEST_SHA384_LEN, 48);
VALUE(WD_DIGEST_SHA384_FULL_LEN, 64);
VALUE(WD_DIGEST_SHA512_LEN, 64);
VALUE(WD_DIGEST_SHA512_FULL_LEN, 64);
VALUE(WD_DIGEST_SHA512_224_LEN, 28);
VALUE(WD_DIGEST_SHA512_224_FULL_LEN, 64);
VALUE(WD_DIGEST_SHA512_256_LEN, 32);
VALUE(WD_DIGEST_SHA512_256_FULL_LEN, 64);
VALUE(WD_DIGEST_AES_XCBC_MAC_96_LEN, 12);
VALUE(WD_DIGEST_AES_XCBC_PRF_128_LEN, 16);
VALUE(WD_DIGEST_AES_CMAC_LEN, 16);
VALUE(WD_DIGEST_AES_GMAC_LEN, 16);

VALUE(WD_RSA_INVALID, 0);
VALUE(WD_RSA_SIGN, 1);
VALUE(WD_RSA_VERIFY, 2);
VALUE(WD_RSA_GENKEY, 3);
VALUE(WD_RSA_INVALID_KEY, 0);
VALUE(WD_RSA_PUBKEY, 1);
VALUE(WD_RSA_PRIKEY1, 2);
VALUE(WD_RSA_PRIKEY2, 3);
VALUE(CRT_PARAMS_SZ(256), 640);
VALUE(CRT_GEN_PARAMS_SZ(256), 896);
VALUE(GEN_PARAMS_SZ(256), 512);
VALUE(CRT_PARAM_SZ(256), 128);
VALUE(WD_DH_INVALID, 0);
VALUE(WD_DH_PHASE1, 1);
VALUE(WD_DH_PHASE2, 2);
VALUE(WD_EC_OP_INVALID, 0);
VALUE(WD_ECXDH_GEN_KEY, 1);
VALUE(WD_ECXDH_COMPUTE_KEY, 2);
VALUE(WD_ECDSA_SIGN, 3);
VALUE(WD_ECDSA_VERIFY, 4);
VALUE(WD_SM2_SIGN, 5);
VALUE(WD_SM2_VERIFY, 6);
VALUE(WD_SM2_ENCRYPT, 7);
VALUE(WD_SM2_DECRYPT, 8);
VALUE(WD_SM2_KG, 9);
VALUE(WD_EC_OP_MAX, 10);
VALUE(WD_SECP128R1, 0x10);
VALUE(WD_SECP192K1, 0x11);
VALUE(WD_SECP224R1, 0x12);
VALUE(WD_SECP256K1, 0x13);
VALUE(WD_BRAINPOOLP320R1, 0x14);
VALUE(WD_BRAINPOOLP384R1, 0x15);
VALUE(WD_SECP384R1, 0x16);
VALUE(WD_SECP521R1, 0x17);
VALUE(WD_HASH_SM3, 0);
VALUE(WD_HASH_SHA1, 1);
VALUE(WD_HASH_SHA224, 2);
VALUE(WD_HASH_SHA256, 3);
VALUE(WD_HASH_SHA384, 4);
VALUE(WD_HASH_SHA512, 5);
VALUE(WD_HASH_MD4, 6);
VALUE(WD_HASH_MD5, 7);
VALUE(WD_HASH_MAX, 8);
VALUE(WD_CV_CFG_ID, 0);
VALUE(WD_CV_CFG_PARAM, 1);

VALUE(Z_NO_FLUSH, 0);
VALUE(Z_PARTIAL_FLUSH, 1);
VALUE(Z_SYNC_FLUSH, 2);
VALUE(Z_FULL_FLUSH, 3);
VALUE(Z_FINISH, 4);
VALUE(Z_OK, 0);
VALUE(Z_STREAM_END, 1);
VALUE(Z_NEED_DICT, 2);
VALUE(Z_ERRNO, -1);
VALUE(Z_STREAM_ERROR, -2);
VALUE(Z_DATA_ERROR, -3);
VALUE(Z_MEM_ERROR, -4);
VALUE(Z_BUF_ERROR, -5);
VALUE(Z_VERSION_ERROR, -6);

PROTO(wd_get_accel_list, struct uacce_dev_list *(const char *));
PROTO(wd_free_list_accels, void (struct uacce_dev_list *));
PROTO(wd_get_accel_dev, struct uacce_dev *(const char *));
PROTO(wd_find_dev_by_numa, struct uacce_dev *(struct uacce_dev_list *, int));
PROTO(wd_clone_dev, struct uacce_dev *(struct uacce_dev *));
PROTO(wd_add_dev_to_list, void (struct uacce_dev_list *, struct uacce_dev_list *));
PROTO(wd_create_device_nodemask, struct bitmask *(struct uacce_dev_list *));
PROTO(wd_free_device_nodemask, void (struct bitmask *));
PROTO(wd_get_avail_ctx, int (struct uacce_dev *));
PROTO(wd_is_isolate, int (struct uacce_dev *));
PROTO(wd_get_accel_name, char *(char *, int));
PROTO(wd_get_dev_usage, int (struct uacce_dev *, const char *, __u8));
PROTO(wd_request_ctx, uintptr_t (struct uacce_dev *));
PROTO(wd_release_ctx, void (uintptr_t));
PROTO(wd_release_ctx_force, int (uintptr_t));
PROTO(wd_ctx_start, int (uintptr_t));
PROTO(wd_ctx_set_priv, int (uintptr_t, void *));
PROTO(wd_ctx_get_priv, void *(uintptr_t));
PROTO(wd_ctx_get_api, char *(uintptr_t));
PROTO(wd_ctx_get_dev_name, char *(uintptr_t));
PROTO(wd_get_numa_id, int (uintptr_t));
PROTO(wd_is_sva, int (uintptr_t));
PROTO(wd_ctx_wait, int (uintptr_t, __u16));
PROTO(wd_ctx_mmap_qfr, void *(uintptr_t, enum uacce_qfrt));
PROTO(wd_ctx_unmap_qfr, void (uintptr_t, enum uacce_qfrt));
PROTO(wd_ctx_get_region_size, unsigned long (uintptr_t, enum uacce_qfrt));
PROTO(wd_ctx_set_io_cmd, int (uintptr_t, unsigned long, void *));
PROTO(wd_mempool_create, uintptr_t (size_t, int));
PROTO(wd_mempool_destroy, void (uintptr_t));
PROTO(wd_mempool_stats, void (uintptr_t, struct wd_mempool_stats *));
PROTO(wd_blockpool_create, uintptr_t (uintptr_t, size_t, size_t));
PROTO(wd_blockpool_destroy, void (uintptr_t));
PROTO(wd_blockpool_stats, void (uintptr_t, struct wd_blockpool_stats *));
PROTO(wd_block_alloc, void *(uintptr_t));
PROTO(wd_block_free, void (uintptr_t, void *));
PROTO(wd_get_version, void (void));
PROTO(wd_need_debug, bool (void));
PROTO(wd_need_info, bool (void));
PROTO(wd_get_alg_cap, struct wd_capability *(void));
PROTO(wd_release_alg_cap, void (struct wd_capability *));
PROTO(wd_get_alg_type, int (const char *, char *));
PROTO(memcmp_consttime, int (const void *, const void *, size_t));

PROTO(wd_mempool_alloc, void *(uintptr_t, struct wd_mempool_setup *));
PROTO(wd_mempool_free, void (uintptr_t, void *));
PROTO(wd_mem_alloc, void *(void *, size_t));
PROTO(wd_mem_free, void (void *, void *));
PROTO(wd_mem_map, void *(void *, void *, size_t));
PROTO(wd_mem_unmap, void (void *, void *, void *, size_t));
PROTO(wd_get_free_num, int (void *, __u32 *));
PROTO(wd_get_fail_num, int (void *, __u32 *));
PROTO(wd_get_bufsize, __u32 (void *));
PROTO(wd_get_dev_id, __u32 (void *));
PROTO(wd_find_ctx, uintptr_t (const char *));
PROTO(wd_insert_ctx_list, int (uintptr_t, char *));
PROTO(wd_remove_ctx_list, void (uintptr_t));

PROTO(wd_sched_rr_alloc, struct wd_sched *(__u8, __u8, __u16, user_poll_func));
PROTO(wd_sched_rr_instance, int (const struct wd_sched *, struct sched_params *));
PROTO(wd_sched_rr_release, void (struct wd_sched *));

PROTO(wd_comp_init2_, int (const char *, __u32, int, struct wd_ctx_params *));
PROTO(wd_comp_uninit2, void (void));
PROTO(wd_comp_init, int (struct wd_ctx_config *, struct wd_sched *));
PROTO(wd_comp_uninit, void (void));
PROTO(wd_comp_env_init, int (struct wd_sched *));
PROTO(wd_comp_env_uninit, void (void));
PROTO(wd_comp_ctx_num_init, int (__u32, __u32, __u32, __u8));
PROTO(wd_comp_ctx_num_uninit, void (void));
PROTO(wd_comp_get_env_param, int (__u32, __u32, __u32, __u32 *, __u8 *));
PROTO(wd_comp_alloc_sess, uintptr_t (struct wd_comp_sess_setup *));
PROTO(wd_comp_free_sess, void (uintptr_t));
PROTO(wd_comp_reset_sess, int (uintptr_t));
PROTO(wd_do_comp_sync, int (uintptr_t, struct wd_comp_req *));
PROTO(wd_do_comp_sync2, int (uintptr_t, struct wd_comp_req *));
PROTO(wd_do_comp_strm, int (uintptr_t, struct wd_comp_req *));
PROTO(wd_do_comp_async, int (uintptr_t, struct wd_comp_req *));
PROTO(wd_comp_poll_ctx, int (__u32, __u32, __u32 *));
PROTO(wd_comp_poll, int (__u32, __u32 *));

PROTO(wd_cipher_init2_, int (const char *, __u32, int, struct wd_ctx_params *));
PROTO(wd_cipher_uninit2, void (void));
PROTO(wd_cipher_init, int (struct wd_ctx_config *, struct wd_sched *));
PROTO(wd_cipher_uninit, void (void));
PROTO(wd_cipher_env_init, int (struct wd_sched *));
PROTO(wd_cipher_env_uninit, void (void));
PROTO(wd_cipher_ctx_num_init, int (__u32, __u32, __u32, __u8));
PROTO(wd_cipher_ctx_num_uninit, void (void));
PROTO(wd_cipher_get_env_param, int (__u32, __u32, __u32, __u32 *, __u8 *));
PROTO(wd_cipher_alloc_sess, uintptr_t (struct wd_cipher_sess_setup *));
PROTO(wd_cipher_free_sess, void (uintptr_t));
PROTO(wd_do_cipher_sync, int (uintptr_t, struct wd_cipher_req *));
PROTO(wd_do_cipher_async, int (uintptr_t, struct wd_cipher_req *));
PROTO(wd_cipher_poll_ctx, int (__u32, __u32, __u32 *));
PROTO(wd_cipher_poll, int (__u32, __u32 *));

PROTO(wd_digest_init2_, int (const char *, __u32, int, struct wd_ctx_params *));
PROTO(wd_digest_uninit2, void (void));
PROTO(wd_digest_init, int (struct wd_ctx_config *, struct wd_sched *));
PROTO(wd_digest_uninit, void (void));
PROTO(wd_digest_env_init, int (struct wd_sched *));
PROTO(wd_digest_env_uninit, void (void));
PROTO(wd_digest_ctx_num_init, int (__u32, __u32, __u32, __u8));
PROTO(wd_digest_ctx_num_uninit, void (void));
PROTO(wd_digest_get_env_param, int (__u32, __u32, __u32, __u32 *, __u8 *));
PROTO(wd_digest_alloc_sess, uintptr_t (struct wd_digest_sess_setup *));
PROTO(wd_digest_free_sess, void (uintptr_t));
PROTO(wd_do_digest_sync, int (uintptr_t, struct wd_digest_req *));
PROTO(wd_do_digest_async, int (uintptr_t, struct wd_digest_req *));
PROTO(wd_digest_poll_ctx, int (__u32, __u32, __u32 *));
PROTO(wd_digest_poll, int (__u32, __u32 *));

PROTO(wd_aead_init2_, int (const char *, __u32, int, struct wd_ctx_params *));
PROTO(wd_aead_uninit2, void (void));
PROTO(wd_aead_init, int (struct wd_ctx_config *, struct wd_sched *));
PROTO(wd_aead_uninit, void (void));
PROTO(wd_aead_env_init, int (struct wd_sched *));
PROTO(wd_aead_env_uninit, void (void));
PROTO(wd_aead_ctx_num_init, int (__u32, __u32, __u32, __u8));
PROTO(wd_aead_ctx_num_uninit, void (void));
PROTO(wd_aead_get_env_param, int (__u32, __u32, __u32, __u32 *, __u8 *));
PROTO(wd_aead_alloc_sess, uintptr_t (struct wd_aead_sess_setup *));
PROTO(wd_aead_free_sess, void (uintptr_t));
PROTO(wd_do_aead_sync, int (uintptr_t, struct wd_aead_req *));
PROTO(wd_do_aead_async, int (uintptr_t, struct wd_aead_req *));
PROTO(wd_aead_poll_ctx, int (__u32, __u32, __u32 *));
PROTO(wd_aead_poll, int (__u32, __u32 *));
PROTO(wd_cipher_set_key, int (uintptr_t, const __u8 *, __u32));
PROTO(wd_digest_set_key, int (uintptr_t, const __u8 *, __u32));
PROTO(wd_aead_set_ckey, int (uintptr_t, const __u8 *, __u16));
PROTO(wd_aead_set_akey, int (uintptr_t, const __u8 *, __u16));
PROTO(wd_aead_set_authsize, int (uintptr_t, __u16));
PROTO(wd_aead_get_authsize, int (uintptr_t));
PROTO(wd_aead_get_maxauthsize, int (uintptr_t));

PROTO(wd_rsa_init2_, int (const char *, __u32, int, struct wd_ctx_params *));
PROTO(wd_rsa_uninit2, void (void));
PROTO(wd_rsa_init, int (struct wd_ctx_config *, struct wd_sched *));
PROTO(wd_rsa_uninit, void (void));
PROTO(wd_rsa_env_init, int (struct wd_sched *));
PROTO(wd_rsa_env_uninit, void (void));
PROTO(wd_rsa_ctx_num_init, int (__u32, __u32, __u32, __u8));
PROTO(wd_rsa_ctx_num_uninit, void (void));
PROTO(wd_rsa_get_env_param, int (__u32, __u32, __u32, __u32 *, __u8 *));
PROTO(wd_rsa_poll_ctx, int (__u32, __u32, __u32 *));
PROTO(wd_rsa_poll, int (__u32, __u32 *));
PROTO(wd_rsa_alloc_sess, uintptr_t (struct wd_rsa_sess_setup *));
PROTO(wd_rsa_free_sess, void (uintptr_t));
PROTO(wd_rsa_is_crt, bool (uintptr_t));
PROTO(wd_rsa_get_key_bits, __u32 (uintptr_t));
PROTO(wd_rsa_set_pubkey_params, int (uintptr_t, struct wd_dtb *, struct wd_dtb *));
PROTO(wd_rsa_set_prikey_params, int (uintptr_t, struct wd_dtb *, struct wd_dtb *));
PROTO(wd_rsa_set_crt_prikey_params, int (uintptr_t, struct wd_dtb *, struct wd_dtb *, struct
	wd_dtb *, struct wd_dtb *, struct wd_dtb *));
PROTO(wd_rsa_get_pubkey, void (uintptr_t, struct wd_rsa_pubkey **));
PROTO(wd_rsa_get_prikey, void (uintptr_t, struct wd_rsa_prikey **));
PROTO(wd_rsa_get_pubkey_params, void (struct wd_rsa_pubkey *, struct wd_dtb **, struct
	wd_dtb **));
PROTO(wd_rsa_get_prikey_params, void (struct wd_rsa_prikey *, struct wd_dtb **, struct
	wd_dtb **));
PROTO(wd_rsa_get_crt_prikey_params, void (struct wd_rsa_prikey *, struct wd_dtb **, struct
	wd_dtb **, struct wd_dtb **, struct wd_dtb **, struct wd_dtb **));
PROTO(wd_rsa_new_kg_in, struct wd_rsa_kg_in * (uintptr_t, struct wd_dtb *, struct wd_dtb *,
	struct wd_dtb *));
PROTO(wd_rsa_del_kg_in, void (uintptr_t, struct wd_rsa_kg_in *));
PROTO(wd_rsa_get_kg_in_params, void (struct wd_rsa_kg_in *, struct wd_dtb *, struct wd_dtb
	*, struct wd_dtb *));
PROTO(wd_rsa_kg_in_data, int (struct wd_rsa_kg_in *, char **));
PROTO(wd_rsa_new_kg_out, struct wd_rsa_kg_out * (uintptr_t));
PROTO(wd_rsa_del_kg_out, void (uintptr_t, struct wd_rsa_kg_out *));
PROTO(wd_rsa_get_kg_out_params, void (struct wd_rsa_kg_out *, struct wd_dtb *, struct wd_dtb
	*));
PROTO(wd_rsa_get_kg_out_crt_params, void (struct wd_rsa_kg_out *, struct wd_dtb *, struct
	wd_dtb *, struct wd_dtb *));
PROTO(wd_rsa_kg_out_data, int (struct wd_rsa_kg_out *, char **));
PROTO(wd_rsa_set_kg_out_crt_psz, void (struct wd_rsa_kg_out *, size_t, size_t, size_t));
PROTO(wd_rsa_set_kg_out_psz, void (struct wd_rsa_kg_out *, size_t, size_t));
PROTO(wd_do_rsa_sync, int (uintptr_t, struct wd_rsa_req *));
PROTO(wd_do_rsa_async, int (uintptr_t, struct wd_rsa_req *));
PROTO(wd_dh_init2_, int (const char *, __u32, int, struct wd_ctx_params *));
PROTO(wd_dh_uninit2, void (void));
PROTO(wd_dh_init, int (struct wd_ctx_config *, struct wd_sched *));
PROTO(wd_dh_uninit, void (void));
PROTO(wd_dh_env_init, int (struct wd_sched *));
PROTO(wd_dh_env_uninit, void (void));
PROTO(wd_dh_ctx_num_init, int (__u32, __u32, __u32, __u8));
PROTO(wd_dh_ctx_num_uninit, void (void));
PROTO(wd_dh_get_env_param, int (__u32, __u32, __u32, __u32 *, __u8 *));
PROTO(wd_dh_poll_ctx, int (__u32, __u32, __u32 *));
PROTO(wd_dh_poll, int (__u32, __u32 *));
PROTO(wd_dh_alloc_sess, uintptr_t (struct wd_dh_sess_setup *));
PROTO(wd_dh_free_sess, void (uintptr_t));
PROTO(wd_dh_get_mode, int (uintptr_t, __u8 *));
PROTO(wd_dh_key_bits, __u32 (uintptr_t));
PROTO(wd_dh_set_g, int (uintptr_t, struct wd_dtb *));
PROTO(wd_dh_get_g, void (uintptr_t, struct wd_dtb **));
PROTO(wd_do_dh_sync, int (uintptr_t, struct wd_dh_req *));
PROTO(wd_do_dh_async, int (uintptr_t, struct wd_dh_req *));
PROTO(wd_ecc_init2_, int (const char *, __u32, int, struct wd_ctx_params *));
PROTO(wd_ecc_uninit2, void (void));
PROTO(wd_ecc_init, int (struct wd_ctx_config *, struct wd_sched *));
PROTO(wd_ecc_uninit, void (void));
PROTO(wd_ecc_env_init, int (struct wd_sched *));
PROTO(wd_ecc_env_uninit, void (void));
PROTO(wd_ecc_ctx_num_init, int (__u32, __u32, __u32, __u8));
PROTO(wd_ecc_ctx_num_uninit, void (void));
PROTO(wd_ecc_get_env_param, int (__u32, __u32, __u32, __u32 *, __u8 *));
PROTO(wd_ecc_poll_ctx, int (__u32, __u32, __u32 *));
PROTO(wd_ecc_poll, int (__u32, __u32 *));
PROTO(wd_ecc_alloc_sess, uintptr_t (struct wd_ecc_sess_setup *));
PROTO(wd_ecc_free_sess, void (uintptr_t));
PROTO(wd_ecc_get_key_bits, int (uintptr_t));
PROTO(wd_ecc_get_key, struct wd_ecc_key * (uintptr_t));
PROTO(wd_ecc_set_prikey, int (struct wd_ecc_key *, struct wd_dtb *));
PROTO(wd_ecc_set_pubkey, int (struct wd_ecc_key *, struct wd_ecc_point *));
PROTO(wd_ecc_get_prikey, int (struct wd_ecc_key *, struct wd_dtb **));
PROTO(wd_ecc_get_pubkey, int (struct wd_ecc_key *, struct wd_ecc_point **));
PROTO(wd_ecc_get_prikey_params, void (struct wd_ecc_key *, struct wd_dtb **, struct wd_dtb
	**, struct wd_dtb **, struct wd_dtb **, struct wd_ecc_point **, struct wd_dtb **));
PROTO(wd_ecc_get_pubkey_params, void (struct wd_ecc_key *, struct wd_dtb **, struct wd_dtb
	**, struct wd_dtb **, struct wd_dtb **, struct wd_ecc_point **, struct wd_ecc_point **));
PROTO(wd_ecc_del_in, void (uintptr_t, struct wd_ecc_in *));
PROTO(wd_ecc_del_out, void (uintptr_t, struct wd_ecc_out *));
PROTO(wd_ecxdh_new_in, struct wd_ecc_in * (uintptr_t, struct wd_ecc_point *));
PROTO(wd_ecxdh_new_out, struct wd_ecc_out * (uintptr_t));
PROTO(wd_ecxdh_get_out_params, void (struct wd_ecc_out *, struct wd_ecc_point **));
PROTO(wd_ecdsa_new_sign_in, struct wd_ecc_in * (uintptr_t, struct wd_dtb *, struct wd_dtb *));
PROTO(wd_ecdsa_new_verf_in, struct wd_ecc_in * (uintptr_t, struct wd_dtb *, struct wd_dtb *,
	struct wd_dtb *));
PROTO(wd_ecdsa_new_sign_out, struct wd_ecc_out * (uintptr_t));
PROTO(wd_ecdsa_get_sign_out_params, void (struct wd_ecc_out *, struct wd_dtb **, struct
	wd_dtb **));
PROTO(wd_sm2_new_sign_in, struct wd_ecc_in * (uintptr_t, struct wd_dtb *, struct wd_dtb *,
	struct wd_dtb *, __u8));
PROTO(wd_sm2_new_verf_in, struct wd_ecc_in * (uintptr_t, struct wd_dtb *, struct wd_dtb *,
	struct wd_dtb *, struct wd_dtb *, __u8));
PROTO(wd_sm2_new_sign_out, struct wd_ecc_out * (uintptr_t));
PROTO(wd_sm2_get_sign_out_params, void (struct wd_ecc_out *, struct wd_dtb **, struct wd_dtb
	**));
PROTO(wd_sm2_new_enc_in, struct wd_ecc_in * (uintptr_t, struct wd_dtb *, struct wd_dtb *));
PROTO(wd_sm2_new_enc_out, struct wd_ecc_out * (uintptr_t, __u32));
PROTO(wd_sm2_get_enc_out_params, void (struct wd_ecc_out *, struct wd_ecc_point **, struct
	wd_dtb **, struct wd_dtb **));
PROTO(wd_sm2_new_dec_in, struct wd_ecc_in * (uintptr_t, struct wd_ecc_point *, struct wd_dtb
	*, struct wd_dtb *));
PROTO(wd_sm2_new_dec_out, struct wd_ecc_out * (uintptr_t, __u32));
PROTO(wd_sm2_get_dec_out_params, void (struct wd_ecc_out *, struct wd_dtb **));
PROTO(wd_sm2_new_kg_out, struct wd_ecc_out * (uintptr_t));
PROTO(wd_sm2_get_kg_out_params, void (struct wd_ecc_out *, struct wd_dtb **, struct
	wd_ecc_point **));
PROTO(wd_do_ecc_sync, int (uintptr_t, struct wd_ecc_req *));
PROTO(wd_do_ecc_async, int (uintptr_t, struct wd_ecc_req *));

PROTO(wd_deflate_init, int (z_streamp, int, int));
PROTO(wd_deflate, int (z_streamp, int));
PROTO(wd_deflate_reset, int (z_streamp));
PROTO(wd_deflate_end, int (z_streamp));
PROTO(wd_inflate_init, int (z_streamp, int));
PROTO(wd_inflate, int (z_streamp, int));
PROTO(wd_inflate_reset, int (z_streamp));
PROTO(wd_inflate_end, int (z_streamp));

int main(void)
{
	puts("1..1\nok 1 - sizes, offsets, values and prototypes");
	return 0;
}
