/* SPDX-License-Identifier: MIT */
/*
 * Public-key jobs as the device sees them: published answers as rows, and what
 * lists of operands, sessions and addresses that are wrong end with.
 */
#include <check.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "device_rig.h"

#define TEXT(s)		"'" s	/* a string, not hexadecimal digits */

/* ---- operands ---------------------------------------------------------------- */

struct bytes {
	uint8_t p[1100];
	uint32_t len;
};

static void bytes_of(struct bytes *b, const char *text)
{
	size_t digits;

	b->len = 0;
	if (!text)
		return;
	if (*text == '\'') {
		b->len = (uint32_t)strlen(text + 1);
		memcpy(b->p, text + 1, b->len);
		return;
	}
	digits = strlen(text);
	ck_assert_uint_le(digits / 2, sizeof(b->p));
	for (size_t i = 0; i < digits; i += 2, b->len++) {
		unsigned int byte;

		ck_assert_int_eq(sscanf(text + i, "%2x", &byte), 1);
		b->p[b->len] = (uint8_t)byte;
	}
}

static void curve_of(struct sdev_pk_curve *curve, const char *const *numbers, int nid)
{
	memset(curve, 0, sizeof(*curve));
	curve->hash = SDEV_PK_HASH_SM3;
	if (numbers) {
		for (unsigned int i = 0; i < SDEV_PK_CURVE_NUMS; i++) {
			struct bytes b;

			bytes_of(&b, numbers[i]);
			memcpy(curve->value[i] + SDEV_PK_FIELD_MAX - b.len, b.p, b.len);
		}
	} else {
		EC_GROUP *group = EC_GROUP_new_by_curve_name(nid);
		BIGNUM *v[SDEV_PK_CURVE_NUMS];

		ck_assert_ptr_nonnull(group);
		for (unsigned int i = 0; i < SDEV_PK_CURVE_NUMS; i++)
			v[i] = BN_new();
		ck_assert_int_eq(EC_GROUP_get_curve(group, v[0], v[1], v[2], NULL), 1);
		ck_assert_int_eq(EC_POINT_get_affine_coordinates(group,
				 EC_GROUP_get0_generator(group), v[3], v[4], NULL), 1);
		ck_assert_ptr_nonnull(BN_copy(v[5], EC_GROUP_get0_order(group)));
		for (unsigned int i = 0; i < SDEV_PK_CURVE_NUMS; i++) {
			ck_assert_int_gt(BN_bn2binpad(v[i], curve->value[i], SDEV_PK_FIELD_MAX), 0);
			BN_free(v[i]);
		}
		EC_GROUP_free(group);
	}
}

static struct sdev_cpl session_open(struct rig *rig, uint8_t alg, uint32_t bits, const void *curve,
				    uint32_t curve_len)
{
	struct sdev_desc d = {
		.opcode = SDEV_OP_SESSION_OPEN, .tag = 1, .session = { .alg = alg },
	};

	rig->q.sq[rig->q.tail & (rig->q.depth - 1)].ext = (struct sdev_ext){
		.session = { .key2_va = (uintptr_t)curve, .key2_len = curve_len, .bits = bits },
	};
	return rig_run(&rig->q, &d);
}

static uint32_t session(struct rig *rig, uint8_t alg, uint32_t bits,
			const struct sdev_pk_curve *curve)
{
	struct sdev_cpl cpl = session_open(rig, alg, bits, curve, curve ? sizeof(*curve) : 0);

	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_uint_ne(cpl.object, 0);
	return cpl.object;
}

static struct sdev_desc pk_desc(uint8_t op, uint32_t object, const void *list, size_t len)
{
	return (struct sdev_desc){
		.opcode = SDEV_OP_PK, .tag = 2, .object = object, .pk = { .op = op },
		.src_va = (uintptr_t)list, .src_len = (uint32_t)len,
	};
}

static void session_close(struct rig *rig, uint32_t object)
{
	struct sdev_desc d = { .opcode = SDEV_OP_SESSION_CLOSE, .tag = 3, .object = object };

	rig_assert(rig_run(&rig->q, &d), SDEV_ST_DONE, 0);
	rig_assert(rig_run(&rig->q, &d), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
}

/* ---- published answers ----------------------------------------------------------- */

#define SM2_D	"3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
#define SM2_X	"09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
#define SM2_Y	"CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
#define SM2_K	"59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21"
#define SM2_E	"F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
#define SM2_R	"F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
#define SM2_S	"B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
#define SM2_C1X	"04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
#define SM2_C1Y	"E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"
#define SM2_C2	"21886CA989CA9C7D58087307CA93092D651EFA"
#define SM2_C3	"59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"

#define P256_D	"C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"
#define P256_X	"60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
#define P256_Y	"7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
#define P256_K	"A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60"
#define P256_R	"EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
#define P256_S	"F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
/* SHA-256 of "sample", SHA-384, SHA-512 */
#define SAMPLE256 "AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF"
#define SAMPLE384 "9A9083505BC92276AEC4BE312696EF7BF3BF603F4BBD381196A029F340585312" \
	"313BCA4A9B5B890EFEE42C77B1EE25FE"
#define SAMPLE512 "39A5E04AAFF7455D9850C605364F514C11324CE64016960D23D5DC57D3FFD8F4" \
	"9A739468AB8049BF18EEF820CDB1AD6C9015F838556BC7FAD4138B23FDF986C7"

/* 128 bytes */
#define ONES_16		"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
#define ONES		ONES_16 ONES_16 ONES_16 ONES_16 ONES_16 ONES_16 ONES_16 ONES_16

/* The curve of the examples in part 2 of the 2010 publication of SM2, which has no name. */
static const char *const sm2_draft[SDEV_PK_CURVE_NUMS] = {
	"8542D69E4C044F18E8B92435BF6FF7DE457283915C45517D722EDB8B08F1DFC3",
	"787968B4FA32C3FD2417842E73BBFEFF2F3C848B6831D7E0EC65228B3937E498",
	"63E4C6D3B23B0C849CF84241484BFE48F61D59A5B16BA06E6E12D1DA27C5249A",
	"421DEBD61B62EAB6746434EBC3CC315E32220B3BADD50BDC4C4E6C147FEDD43D",
	"0680512BCBB42C07D47349D2153B70C4E5D7FDFCBFA36EA1A85841B9E46E09A2",
	"8542D69E4C044F18E8B92435BF6FF7DD297720630485628D5AE74EE7C32E79B7",
};

static const struct answer {
	const char *source;
	uint8_t alg;
	uint16_t bits;
	int nid;
	const char *const *numbers;
	uint8_t op;
	uint8_t ins;
	uint8_t outs;
	uint8_t status;			/* SDEV_ST_DONE, or what it ends with */
	uint8_t detail;
	const char *v[SDEV_PK_PARAMS];	/* inputs, then results */
} answers[] = {
	{ "RFC 6979 A.2.5, SHA-256, sample", SDEV_ALG_ECDSA, 256, NID_X9_62_prime256v1, NULL,
	  SDEV_PK_ECDSA_SIGN, 3, 2, 0, 0, { P256_D, SAMPLE256, P256_K, P256_R, P256_S } },
	{ "the same, verified", SDEV_ALG_ECDSA, 256, NID_X9_62_prime256v1, NULL,
	  SDEV_PK_ECDSA_VERIFY, 5, 0, 0, 0, { P256_X, P256_Y, SAMPLE256, P256_R, P256_S } },
	{ "the same, public key", SDEV_ALG_ECDH, 256, NID_X9_62_prime256v1, NULL,
	  SDEV_PK_EC_PUBLIC, 1, 2, 0, 0, { P256_D, P256_X, P256_Y } },
	{ "the same with another digest", SDEV_ALG_ECDSA, 256, NID_X9_62_prime256v1, NULL,
	  SDEV_PK_ECDSA_VERIFY, 5, 0, SDEV_ST_AUTH_FAILED, 0,
	  { P256_X, P256_Y, "00" SAMPLE256, P256_R, P256_S } },
	{ "r = 0", SDEV_ALG_ECDSA, 256, NID_X9_62_prime256v1, NULL,
	  SDEV_PK_ECDSA_VERIFY, 5, 0, SDEV_ST_AUTH_FAILED, 0,
	  { P256_X, P256_Y, SAMPLE256, "00", P256_S } },
	{ "RFC 6979 A.2.4, SHA-256, sample", SDEV_ALG_ECDSA, 224, NID_secp224r1, NULL,
	  SDEV_PK_ECDSA_SIGN, 3, 2, 0, 0,
	  { "F220266E1105BFE3083E03EC7A3A654651F45E37167E88600BF257C1", SAMPLE256,
	    "AD3029E0278F80643DE33917CE6908C70A8FF50A411F06E41DEDFCDC",
	    "61AA3DA010E8E8406C656BC477A7A7189895E7E840CDFE8FF42307BA",
	    "BC814050DAB5D23770879494F9E0A680DC1AF7161991BDE692B10101" } },
	{ "RFC 6979 A.2.6, SHA-384, sample", SDEV_ALG_ECDSA, 384, NID_secp384r1, NULL,
	  SDEV_PK_ECDSA_SIGN, 3, 2, 0, 0,
	  { "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8"
	    "96D5724E4C70A825F872C9EA60D2EDF5", SAMPLE384,
	    "94ED910D1A099DAD3254E9242AE85ABDE4BA15168EAF0CA87A555FD56D10FBCA"
	    "2907E3E83BA95368623B8C4686915CF9",
	    "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
	    "81A648152E44ACF96E36DD1E80FABE46",
	    "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F"
	    "A329C145786E679E7B82C71A38628AC8" } },
	{ "RFC 6979 A.2.7, SHA-512, sample", SDEV_ALG_ECDSA, 521, NID_secp521r1, NULL,
	  SDEV_PK_ECDSA_SIGN, 3, 2, 0, 0,
	  { "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75"
	    "CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538", SAMPLE512,
	    "01DAE2EA071F8110DC26882D4D5EAE0621A3256FC8847FB9022E2B7D28E6F101"
	    "98B1574FDD03A9053C08A1854A168AA5A57470EC97DD5CE090124EF52A2F7ECBFFD3",
	    "C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F17"
	    "4E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA",
	    "617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF28"
	    "2623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A" } },
	{ "RFC 5903 8.1", SDEV_ALG_ECDH, 256, NID_X9_62_prime256v1, NULL,
	  SDEV_PK_EC_DERIVE, 3, 2, 0, 0,
	  { "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
	    "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63",
	    "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB",
	    "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE",
	    "522BDE0AF0D8585B8DEF9C183B5AE38F50235206A8674ECB5D98EDB20EB153A2" } },
	{ "GB/T 32918.5 A.2, digest", SDEV_ALG_SM2, 256, NID_sm2, NULL,
	  SDEV_PK_SM2_SIGN, 7, 2, 0, 0,
	  { SM2_D, SM2_E, SM2_K, NULL, NULL, NULL, NULL, SM2_R, SM2_S } },
	{ "GB/T 32918.5 A.2, message", SDEV_ALG_SM2, 256, NID_sm2, NULL,
	  SDEV_PK_SM2_SIGN, 7, 2, 0, 0,
	  { SM2_D, NULL, SM2_K, TEXT("message digest"), TEXT("1234567812345678"), SM2_X, SM2_Y,
	    SM2_R, SM2_S } },
	{ "the same, public key left to be found", SDEV_ALG_SM2, 256, NID_sm2, NULL,
	  SDEV_PK_SM2_SIGN, 7, 2, 0, 0,
	  { SM2_D, NULL, SM2_K, TEXT("message digest"), TEXT("1234567812345678"), NULL, NULL,
	    SM2_R, SM2_S } },
	{ "GB/T 32918.5 A.2, verified", SDEV_ALG_SM2, 256, NID_sm2, NULL,
	  SDEV_PK_SM2_VERIFY, 7, 0, 0, 0,
	  { SM2_X, SM2_Y, NULL, SM2_R, SM2_S, TEXT("message digest"), TEXT("1234567812345678") } },
	{ "the same for somebody else", SDEV_ALG_SM2, 256, NID_sm2, NULL,
	  SDEV_PK_SM2_VERIFY, 7, 0, SDEV_ST_AUTH_FAILED, 0,
	  { SM2_X, SM2_Y, NULL, SM2_R, SM2_S, TEXT("message digest"), TEXT("1234567812345679") } },
	{ "GB/T 32918.5 A.2, digest verified", SDEV_ALG_SM2, 256, NID_sm2, NULL,
	  SDEV_PK_SM2_VERIFY, 7, 0, 0, 0, { SM2_X, SM2_Y, SM2_E, SM2_R, SM2_S } },
	{ "GB/T 32918.5 C.2", SDEV_ALG_SM2, 256, NID_sm2, NULL,
	  SDEV_PK_SM2_ENCRYPT, 4, 4, 0, 0,
	  { SM2_X, SM2_Y, SM2_K, TEXT("encryption standard"), SM2_C1X, SM2_C1Y, SM2_C2, SM2_C3 } },
	{ "GB/T 32918.5 C.3", SDEV_ALG_SM2, 256, NID_sm2, NULL,
	  SDEV_PK_SM2_DECRYPT, 5, 1, 0, 0,
	  { SM2_D, SM2_C1X, SM2_C1Y, SM2_C2, SM2_C3, TEXT("encryption standard") } },
	{ "the same, C2 and C3 do not fit", SDEV_ALG_SM2, 256, NID_sm2, NULL,
	  SDEV_PK_SM2_DECRYPT, 5, 1, SDEV_ST_AUTH_FAILED, 0,
	  { SM2_D, SM2_C1X, SM2_C1Y, "20886CA989CA9C7D58087307CA93092D651EFA", SM2_C3,
	    TEXT("encryption standard") } },
	{ "SM2, 2010, part 2, appendix A.2", SDEV_ALG_ECDSA, 256, 0, sm2_draft,
	  SDEV_PK_SM2_SIGN, 7, 2, 0, 0,
	  { "128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263", NULL,
	    "6CB28D99385C175C94F94E934817663FC176D925DD72B727260DBAAE1FB2F96F",
	    TEXT("message digest"), TEXT("ALICE123@YAHOO.COM"), NULL, NULL,
	    "40F1EC59F793D9F49E09DCEF49130D4194F79FB1EED2CAA55BACDB49C4E755D1",
	    "6FC6DAC32C5D5CF10C77DFB20F7C2EB667A457872FB09EC56327A67EC7DEEBE7" } },
	/* RFC 7748 writes the low byte first; these are turned round. */
	{ "RFC 7748 5.2, X25519, first", SDEV_ALG_X25519, 256, 0, NULL,
	  SDEV_PK_ECX_DERIVE, 2, 1, 0, 0,
	  { "C49A44BA44226A50185AFCC10A4C1462DD5E46824B15163B9D7C52F06BE346A5",
	    "4C1CABD0A603A9103B35B326EC2466727C5FB124A4C19435DB3030586768DBE6",
	    "5285A2775507B454F7711C4903CFEC324F088DF24DEA948E90C6E99D3755DAC3" } },
	{ "RFC 7748 6.1, Alice's public key", SDEV_ALG_X25519, 256, 0, NULL,
	  SDEV_PK_ECX_PUBLIC, 1, 1, 0, 0,
	  { "2A2CB91DA5FB77B12A99C0EB872F4CDF4566B25172C1163C7DA518730A6D0777",
	    "6A4E9BAA8EA9A4EBF41A38260D3ABF0D5AF73EB4DC7D8B7454A7308909F02085" } },
	{ "RFC 7748 6.1, shared", SDEV_ALG_X25519, 256, 0, NULL,
	  SDEV_PK_ECX_DERIVE, 2, 1, 0, 0,
	  { "2A2CB91DA5FB77B12A99C0EB872F4CDF4566B25172C1163C7DA518730A6D0777",
	    "4F2B886F147EFCAD4D67785BC843833F3735E4ECC2615BD3B4C17D7B7DDB9EDE",
	    "4217161E3C9BF076339ED147C9217EE0250F3580F43B8E72E12DCEA45B9D5D4A" } },
	{ "u = 0 gives nothing secret", SDEV_ALG_X25519, 256, 0, NULL,
	  SDEV_PK_ECX_DERIVE, 2, 1, SDEV_ST_BAD_OPERAND, SDEV_OPERAND_POINT,
	  { "2A2CB91DA5FB77B12A99C0EB872F4CDF4566B25172C1163C7DA518730A6D0777", "00",
	    "4217161E3C9BF076339ED147C9217EE0250F3580F43B8E72E12DCEA45B9D5D4A" } },
	{ "d = 0", SDEV_ALG_ECDH, 256, NID_X9_62_prime256v1, NULL,
	  SDEV_PK_EC_PUBLIC, 1, 2, SDEV_ST_BAD_OPERAND, SDEV_OPERAND_SCALAR,
	  { "00", P256_X, P256_Y } },
	{ "d = order", SDEV_ALG_ECDH, 256, NID_X9_62_prime256v1, NULL,
	  SDEV_PK_EC_PUBLIC, 1, 2, SDEV_ST_BAD_OPERAND, SDEV_OPERAND_SCALAR,
	  { "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", P256_X, P256_Y } },
	{ "k = 0", SDEV_ALG_ECDSA, 256, NID_X9_62_prime256v1, NULL,
	  SDEV_PK_ECDSA_SIGN, 3, 2, SDEV_ST_BAD_OPERAND, SDEV_OPERAND_SCALAR,
	  { P256_D, SAMPLE256, "0000", P256_R, P256_S } },
	{ "k = order", SDEV_ALG_ECDSA, 256, NID_X9_62_prime256v1, NULL,
	  SDEV_PK_ECDSA_SIGN, 3, 2, SDEV_ST_BAD_OPERAND, SDEV_OPERAND_SCALAR,
	  { P256_D, SAMPLE256, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
	    P256_R, P256_S } },
	{ "a point beside the curve", SDEV_ALG_ECDH, 256, NID_X9_62_prime256v1, NULL,
	  SDEV_PK_EC_DERIVE, 3, 2, SDEV_ST_BAD_OPERAND, SDEV_OPERAND_POINT,
	  { P256_D, P256_X, P256_X, P256_X, P256_Y } },
	{ "a coordinate beyond the field", SDEV_ALG_ECDH, 256, NID_X9_62_prime256v1, NULL,
	  SDEV_PK_EC_DERIVE, 3, 2, SDEV_ST_BAD_OPERAND, SDEV_OPERAND_POINT,
	  { P256_D, "01" P256_X, P256_Y, P256_X, P256_Y } },
	{ "DH, g = 1", SDEV_ALG_DH, 1024, 0, NULL,
	  SDEV_PK_DH_POWER, 3, 1, SDEV_ST_BAD_OPERAND, SDEV_OPERAND_RANGE,
	  { "FFFFFFFB", "01", "1234", "00000000" } },
	{ "DH, g = p - 1", SDEV_ALG_DH, 1024, 0, NULL,
	  SDEV_PK_DH_POWER, 3, 1, SDEV_ST_BAD_OPERAND, SDEV_OPERAND_RANGE,
	  { "FFFFFFFB", "FFFFFFFA", "1234", "00000000" } },
	{ "DH, x = 0", SDEV_ALG_DH, 1024, 0, NULL,
	  SDEV_PK_DH_POWER, 3, 1, SDEV_ST_BAD_OPERAND, SDEV_OPERAND_SCALAR,
	  { "FFFFFFFB", "02", "00", "00000000" } },
	{ "DH, p even", SDEV_ALG_DH, 1024, 0, NULL,
	  SDEV_PK_DH_POWER, 3, 1, SDEV_ST_BAD_KEY, SDEV_KEY_RANGE,
	  { "FFFFFFFA", "02", "1234", "00000000" } },
	{ "2^5 modulo 23", SDEV_ALG_DH, 1024, 0, NULL,
	  SDEV_PK_DH_POWER, 3, 1, 0, 0, { "17", "02", "05", "09" } },
	{ "RSA key of 2 bytes and 3 * 11", SDEV_ALG_RSA, 1024, 0, NULL,
	  SDEV_PK_RSA_KEYGEN_CRT, 3, 5, 0, 0, { "03", "0B", "03", "07", "21", "04", "01", "07" } },
	{ "e and p - 1 are not coprime", SDEV_ALG_RSA, 1024, 0, NULL,
	  SDEV_PK_RSA_KEYGEN, 3, 2, SDEV_ST_BAD_KEY, SDEV_KEY_RANGE,
	  { "05", "0B", "03", "07", "21" } },
	{ "p = q", SDEV_ALG_RSA, 1024, 0, NULL,
	  SDEV_PK_RSA_KEYGEN, 3, 2, SDEV_ST_BAD_KEY, SDEV_KEY_RANGE,
	  { "03", "0B", "0B", "07", "79" } },
	{ "n is longer than the session's", SDEV_ALG_RSA, 1024, 0, NULL,
	  SDEV_PK_RSA_PRIVATE, 4, 1, SDEV_ST_BAD_KEY, SDEV_KEY_RANGE,
	  { ONES, "03", ONES ONES_16, "03", ONES } },
	{ "the same without e", SDEV_ALG_RSA, 1024, 0, NULL,
	  SDEV_PK_RSA_PRIVATE, 4, 1, SDEV_ST_BAD_KEY, SDEV_KEY_RANGE,
	  { ONES, "03", ONES ONES_16, NULL, ONES } },
	{ "the same in public", SDEV_ALG_RSA, 1024, 0, NULL,
	  SDEV_PK_RSA_PUBLIC, 3, 1, SDEV_ST_BAD_KEY, SDEV_KEY_RANGE,
	  { ONES, "03", ONES ONES_16, ONES } },
};

static uint32_t list_of(const struct answer *a, struct sdev_pk_param *list, struct bytes *b)
{
	uint32_t count = a->ins + a->outs;

	for (uint32_t i = 0; i < count; i++) {
		bytes_of(&b[i], a->v[i]);
		list[i] = (struct sdev_pk_param){ .va = (uintptr_t)b[i].p, .len = b[i].len };
		if (i >= a->ins)
			memset(b[i].p, 0xa5, b[i].len);
	}
	return count;
}

static void check_results(const struct answer *a, const struct sdev_pk_param *list,
			  const struct bytes *got)
{
	for (uint32_t i = a->ins; i < (uint32_t)(a->ins + a->outs); i++) {
		struct bytes want;

		bytes_of(&want, a->v[i]);
		ck_assert_msg(list[i].used == want.len && !memcmp(got[i].p, want.p, want.len),
			      "%s: result %u", a->source, i - a->ins);
	}
}

START_TEST(published_answers)
{
	const int mode = _i % RIG_MODES;
	const struct answer *a = &answers[_i / RIG_MODES];
	struct sdev_pk_param list[SDEV_PK_PARAMS];
	struct bytes b[SDEV_PK_PARAMS];
	struct sdev_pk_curve curve;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	struct rig rig;
	uint32_t object;

	if (rig_skip(mode))
		return;
	rig_open(&rig, mode);
	if (a->nid || a->numbers)
		curve_of(&curve, a->numbers, a->nid);
	object = session(&rig, a->alg, a->bits, a->nid || a->numbers ? &curve : NULL);
	/* Twice: the second time with the key that the session has kept. */
	for (int turn = 0; turn < 2; turn++) {
		uint32_t count = list_of(a, list, b);

		d = pk_desc(a->op, object, list, count * sizeof(*list));
		cpl = rig_run(&rig.q, &d);
		ck_assert_msg(rig_status(&cpl) == a->status && rig_detail(&cpl) == a->detail,
			      "%s: status %u, detail %u", a->source, rig_status(&cpl),
			      rig_detail(&cpl));
		if (!a->status)
			check_results(a, list, b);
		for (uint32_t i = a->ins; i < count && a->status; i++) {
			for (uint32_t n = 0; n < b[i].len; n++)
				ck_assert_uint_eq(b[i].p[n], 0xa5);
		}
	}
	session_close(&rig, object);
	rig_close(&rig);
}
END_TEST

/* ---- sessions that cannot be ------------------------------------------------------------ */

START_TEST(bad_sessions)
{
	static const struct {
		uint8_t alg;
		uint32_t bits;
		bool curve;
		int32_t len;		/* 0: what it has to be */
		int spoil;		/* number of the curve to add 2 to, -1: none */
		uint8_t status;
		uint8_t detail;
	} rows[] = {
		{ SDEV_ALG_RSA, 1023, false, 0, -1, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_RSA, 512, false, 0, -1, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_RSA, 8192, false, 0, -1, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_RSA, 2048, true, 0, -1, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_DH, 512, false, 0, -1, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_ECDH, 256, false, 0, -1, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_ECDH, 256, true, 12, -1, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH },
		{ SDEV_ALG_ECDH, 128, true, 0, -1, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_ECDH, 1024, true, 0, -1, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_ECDH, 256, true, 0, 0, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_ECDH, 256, true, 0, 1, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_ECDH, 256, true, 0, 2, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_ECDH, 256, true, 0, 3, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_ECDH, 256, true, 0, 4, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_ECDH, 256, true, 0, 5, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_X25519, 255, false, 0, -1, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_X448, 256, false, 0, -1, SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
		{ SDEV_ALG_NONE, 256, false, 0, -1, SDEV_ST_MALFORMED, SDEV_BAD_ALG },
		{ SDEV_ALG_COUNT, 256, false, 0, -1, SDEV_ST_MALFORMED, SDEV_BAD_ALG },
	};
	struct sdev_pk_curve curve;
	struct rig rig;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	for (size_t i = 0; i < wdi_array_size(rows); i++) {
		uint32_t len = rows[i].curve ? sizeof(curve) : 0;

		curve_of(&curve, NULL, NID_X9_62_prime256v1);
		if (rows[i].spoil >= 0)
			curve.value[rows[i].spoil][SDEV_PK_FIELD_MAX - 1] += 2;
		if (rows[i].len)
			len = (uint32_t)rows[i].len;
		rig_assert(session_open(&rig, rows[i].alg, rows[i].bits, &curve, len),
			   rows[i].status, rows[i].detail);
	}
	curve_of(&curve, NULL, NID_X9_62_prime256v1);
	curve.hash = SDEV_PK_HASH_COUNT;
	rig_assert(session_open(&rig, SDEV_ALG_SM2, 256, &curve, sizeof(curve)), SDEV_ST_BAD_KEY,
		   SDEV_KEY_CURVE);
	rig_close(&rig);
}
END_TEST

/* ---- lists that cannot be ------------------------------------------------------------------ */

START_TEST(bad_lists)
{
	const struct answer *a = &answers[0];
	struct sdev_pk_param list[SDEV_PK_PARAMS + 1];
	struct bytes b[SDEV_PK_PARAMS];
	struct sdev_pk_curve curve;
	struct sdev_desc d;
	struct rig rig;
	uint32_t object, x;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	curve_of(&curve, NULL, NID_X9_62_prime256v1);
	object = session(&rig, SDEV_ALG_ECDSA, 256, &curve);
	x = session(&rig, SDEV_ALG_X25519, 256, NULL);
	list_of(a, list, b);
	d = pk_desc(SDEV_PK_ECDSA_SIGN, object, list, 5 * sizeof(*list));
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, 0);

	list_of(a, list, b);
	d.pk.op = SDEV_PK_NONE;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_ALG);
	d.pk.op = SDEV_PK_COUNT;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_ALG);
	d.pk.op = SDEV_PK_ECDSA_SIGN;
	d.pk.flags = 1;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_FLAGS);
	d.pk.flags = 0;
	d.pk.reserved = 1;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_RESERVED);
	d.pk.reserved = 0;
	d.src_len = 4 * sizeof(*list);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_LENGTH);
	d.src_len = 6 * sizeof(*list);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_LENGTH);
	d.src_len = 5 * sizeof(*list);
	d.dst_len = 1;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_LENGTH);
	d.dst_len = 0;
	d.object = x;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	d.object = object + 1;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	d.object = 0;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	d.object = object;
	d.flags = SDEV_F_SRC_SGL;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_FLAGS);
	d.flags = 0;

	list[4].used = 1;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_RESERVED);
	list[4].used = 0;
	list[0].len = 0;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_LENGTH);
	list[0].len = 513;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_LENGTH);
	list[0].len = 32;
	list[3].len = 0;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_LENGTH);
	list[3].len = UINT32_MAX;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_LENGTH);
	/* Room for a number that is longer than it. */
	list[3].len = 31;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_LENGTH);
	list[3].len = 32;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, 0);
	check_results(a, list, b);
	rig_close(&rig);
}
END_TEST

/* ---- addresses ------------------------------------------------------------------------------ */

/* Operand by operand, and the list: what is not there, and what cannot be written. */
START_TEST(bad_addresses)
{
	const struct answer *a = &answers[0];
	struct sdev_pk_param list[SDEV_PK_PARAMS];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *hole = rig_pages(1, RIG_HOLE), *locked = rig_pages(1, PROT_READ);
	struct bytes b[SDEV_PK_PARAMS];
	struct sdev_pk_curve curve;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	struct rig rig;
	uint32_t object;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	curve_of(&curve, NULL, NID_X9_62_prime256v1);
	object = session(&rig, SDEV_ALG_ECDSA, 256, &curve);
	for (unsigned int i = 0; i < 5; i++) {
		list_of(a, list, b);
		/* Half of it is there. */
		list[i].va = (uintptr_t)hole + page - 16;
		d = pk_desc(a->op, object, list, 5 * sizeof(*list));
		cpl = rig_run(&rig.q, &d);
		rig_assert(cpl, rig_hole_status(), 0);
		ck_assert_uint_eq(cpl.fault_va, (uintptr_t)hole + page);
		/* The copy guard cannot look before it writes. */
		for (unsigned int n = 3; n < 5 && rig_modes[_i].guard != SDEV_GUARD_COPY; n++)
			ck_assert_uint_eq(b[n].p[0], 0xa5);
		if (i < 3)
			continue;
		list[i].va = (uintptr_t)locked + page - 16;
		cpl = rig_run(&rig.q, &d);
		rig_assert(cpl, SDEV_ST_ACCESS_DENIED, 0);
		ck_assert_uint_eq(cpl.fault_va, (uintptr_t)locked + page);
	}
	/* The list itself: not there; there and read-only, which its results need not to be. */
	list_of(a, list, b);
	d = pk_desc(a->op, object, hole + page - 16, 5 * sizeof(*list));
	rig_assert(rig_run(&rig.q, &d), rig_hole_status(), 0);
	memcpy(locked, list, sizeof(list));
	ck_assert_int_eq(mprotect(locked, page, PROT_READ), 0);
	d = pk_desc(a->op, object, locked, 5 * sizeof(*list));
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_ACCESS_DENIED, 0);
	/* A curve that is not there. */
	rig_assert(session_open(&rig, SDEV_ALG_ECDSA, 256, hole + page - 16, sizeof(curve)),
		   rig_hole_status(), 0);
	/* The session has seen it all and works. */
	list_of(a, list, b);
	d = pk_desc(a->op, object, list, 5 * sizeof(*list));
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, 0);
	check_results(a, list, b);
	rig_close(&rig);
}
END_TEST

/* A key that changes between two jobs, and one of another algorithm's on the same session. */
START_TEST(keys_change)
{
	static const char *const other_d =
		"00000000000000000000000000000000000000000000000000000000000000A7";
	const struct answer *a = &answers[2];
	struct sdev_pk_param list[SDEV_PK_PARAMS];
	struct bytes b[SDEV_PK_PARAMS];
	struct sdev_pk_curve curve;
	struct sdev_desc d;
	struct rig rig;
	uint32_t object;

	rig_open(&rig, rig_valgrind() ? 2 : 0);
	curve_of(&curve, NULL, NID_X9_62_prime256v1);
	object = session(&rig, SDEV_ALG_ECDH, 256, &curve);
	for (int turn = 0; turn < 4; turn++) {
		list_of(a, list, b);
		if (turn & 1)
			bytes_of(&b[0], other_d);
		d = pk_desc(a->op, object, list, 3 * sizeof(*list));
		rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, 0);
		if (!(turn & 1))
			check_results(a, list, b);
		else
			ck_assert_int_ne(memcmp(b[1].p, P256_X, 32), 0);
		/* The same d, for signatures. */
		list_of(&answers[0], list, b);
		d = pk_desc(answers[0].op, object, list, 5 * sizeof(*list));
		rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, 0);
		check_results(&answers[0], list, b);
		list_of(a, list, b);
		d = pk_desc(a->op, object, list, 3 * sizeof(*list));
		rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, 0);
		check_results(a, list, b);
	}
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device_pk");
	TCase *tc = tcase_create("jobs");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, published_answers, 0,
			    (int)wdi_array_size(answers) * RIG_MODES);
	tcase_add_loop_test(tc, bad_sessions, 0, RIG_MODES);
	tcase_add_loop_test(tc, bad_lists, 0, RIG_MODES);
	tcase_add_loop_test(tc, bad_addresses, 0, RIG_SAFE_MODES);
	tcase_add_test(tc, keys_change);
	suite_add_tcase(suite, tc);
	return rig_main(suite);
}
