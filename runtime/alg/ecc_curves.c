/* SPDX-License-Identifier: MIT */
/*
 * The curves that have a number: SEC 2 (secp), RFC 5639 (brainpool), GB/T 32918.5
 * (SM2), and for who asks what X25519 and X448 are, RFC 7748 (y^2 = x^3 + ax^2 + x).
 * test/api/ecc_curves_test.c holds them against libcrypto's.
 */
#include "alg/ecc.h"

#include <string.h>

#include "util/bits.h"

static const struct named {
	uint32_t id;
	uint16_t bits;
	const char *number[WDI_CURVE_NUMS];	/* hexadecimal, of full length */
} curves[] = {
	{ WD_SECP128R1, 128,
		{
			"fffffffdffffffffffffffffffffffff",
			"fffffffdfffffffffffffffffffffffc",
			"e87579c11079f43dd824993c2cee5ed3",
			"161ff7528b899b2d0c28607ca52c5b86",
			"cf5ac8395bafeb13c02da292dded7a83",
			"fffffffe0000000075a30d1b9038a115",
		},
	},
	{ WD_SECP192K1, 192,
		{
			"fffffffffffffffffffffffffffffffffffffffeffffee37",
			"000000000000000000000000000000000000000000000000",
			"000000000000000000000000000000000000000000000003",
			"db4ff10ec057e9ae26b07d0280b7f4341da5d1b1eae06c7d",
			"9b2f2f6d9c5628a7844163d015be86344082aa88d95e2f9d",
			"fffffffffffffffffffffffe26f2fc170f69466a74defd8d",
		},
	},
	{ WD_SECP224R1, 224,
		{
			"ffffffffffffffffffffffffffffffff000000000000000000000001",
			"fffffffffffffffffffffffffffffffefffffffffffffffffffffffe",
			"b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4",
			"b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21",
			"bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34",
			"ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d",
		},
	},
	{ WD_SECP256K1, 256,
		{
			"fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
			"0000000000000000000000000000000000000000000000000000000000000000",
			"0000000000000000000000000000000000000000000000000000000000000007",
			"79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
			"483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
			"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
		},
	},
	{ WD_BRAINPOOLP320R1, 320,
		{
			"d35e472036bc4fb7e13c785ed201e065f98fcfa6f6f40def4f92b9ec7893ec28"
			"fcd412b1f1b32e27",
			"3ee30b568fbab0f883ccebd46d3f3bb8a2a73513f5eb79da66190eb085ffa9f4"
			"92f375a97d860eb4",
			"520883949dfdbc42d3ad198640688a6fe13f41349554b49acc31dccd88453981"
			"6f5eb4ac8fb1f1a6",
			"43bd7e9afb53d8b85289bcc48ee5bfe6f20137d10a087eb6e7871e2a10a599c7"
			"10af8d0d39e20611",
			"14fdd05545ec1cc8ab4093247f77275e0743ffed117182eaa9c77877aaac6ac7"
			"d35245d1692e8ee1",
			"d35e472036bc4fb7e13c785ed201e065f98fcfa5b68f12a32d482ec7ee8658e9"
			"8691555b44c59311",
		},
	},
	{ WD_BRAINPOOLP384R1, 384,
		{
			"8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123"
			"acd3a729901d1a71874700133107ec53",
			"7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f"
			"8aa5814a503ad4eb04a8c7dd22ce2826",
			"04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d5"
			"7cb4390295dbc9943ab78696fa504c11",
			"1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8"
			"e826e03436d646aaef87b2e247d4af1e",
			"8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff9912928"
			"0e4646217791811142820341263c5315",
			"8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7"
			"cf3ab6af6b7fc3103b883202e9046565",
		},
	},
	{ WD_SECP384R1, 384,
		{
			"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
			"ffffffff0000000000000000ffffffff",
			"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
			"ffffffff0000000000000000fffffffc",
			"b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
			"c656398d8a2ed19d2a85c8edd3ec2aef",
			"aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38"
			"5502f25dbf55296c3a545e3872760ab7",
			"3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0"
			"0a60b1ce1d7e819d7a431d7c90ea0e5f",
			"ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
			"581a0db248b0a77aecec196accc52973",
		},
	},
	{ WD_SECP521R1, 521,
		{
			"01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
			"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
			"ffff",
			"01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
			"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
			"fffc",
			"0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef1"
			"09e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b50"
			"3f00",
			"00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d"
			"3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5"
			"bd66",
			"011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e"
			"662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd1"
			"6650",
			"01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
			"fffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e9138"
			"6409",
		},
	},
	{ CURVE_SECP256R1, 256,
		{
			"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
			"ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
			"5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
			"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
			"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
			"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
		},
	},
	{ CURVE_SM2, 256,
		{
			"fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff",
			"fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc",
			"28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93",
			"32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7",
			"bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
			"fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123",
		},
	},
	{ CURVE_X25519, 256,
		{
			"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
			"0000000000000000000000000000000000000000000000000000000000076d06",
			"0000000000000000000000000000000000000000000000000000000000000001",
			"0000000000000000000000000000000000000000000000000000000000000009",
			"20ae19a1b8a086b4e01edd2c7748d14c923d4d7e6d7c61b229e9c5a27eced3d9",
			"1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed",
		},
	},
	{ CURVE_X448, 448,
		{
			"fffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff"
			"ffffffffffffffffffffffffffffffffffffffffffffffff",
			"0000000000000000000000000000000000000000000000000000000000000000"
			"0000000000000000000000000000000000000000000262a6",
			"0000000000000000000000000000000000000000000000000000000000000000"
			"000000000000000000000000000000000000000000000001",
			"0000000000000000000000000000000000000000000000000000000000000000"
			"000000000000000000000000000000000000000000000005",
			"7d235d1295f5b1f66c98ab6e58326fcecbae5d34f55545d060f75dc28df3f6ed"
			"b8027e2346430d211312c4b150677af76fd7223d457b5b1a",
			"3fffffffffffffffffffffffffffffffffffffffffffffffffffffff7cca23e9"
			"c44edb49aed63690216cc2728dc58f552378c292ab5844f3",
		},
	},
};

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

bool wdi_ecc_curve_by_id(uint32_t id, struct wdi_pk_curve *curve, uint16_t *bits)
{
	const struct named *c = curves;

	while (c < curves + wdi_array_size(curves) && c->id != id)
		c++;
	if (c == curves + wdi_array_size(curves))
		return false;
	memset(curve, 0, sizeof(*curve));
	*bits = c->bits;
	for (unsigned int i = 0; i < WDI_CURVE_NUMS; i++) {
		const char *text = c->number[i];
		size_t len = strlen(text) / 2;

		for (size_t n = 0; n < len; n++)
			curve->value[i][WDI_PK_FIELD_MAX - len + n] =
				(uint8_t)(digit(text[2 * n]) << 4 | digit(text[2 * n + 1]));
	}
	return true;
}
