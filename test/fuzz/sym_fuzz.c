/* SPDX-License-Identifier: MIT */
/*
 * Sessions and requests of cipher, digest and aead with anything in their structs. The
 * input is a program: make a session, set keys and tags, send requests whose members and
 * addresses it chooses. Nothing crashes, nothing is written but where a request may, and
 * a good request works at any time.
 */
#include <sys/mman.h>
#include <uadk/wd_aead.h>
#include <uadk/wd_sched.h>

#include "fuzz.h"
#include "util/bits.h"

#define ARENA		(16u << 10)
#define SESSIONS	4
#define PAGE		4096u
/* A list may go round and round, and the device gathers as much of it as is asked for. */
#define LIST_BYTES	(1u << 20)

static uint8_t *arena, *before, *nothing, *fixed;
static struct wd_datalist lists[8];

/* What a request may write, as offsets of the arena. */
struct may {
	size_t from, to;
};

/* ---- addresses --------------------------------------------------------------- */

/* Mostly in the arena, sometimes where nothing good can come of it. */
static void *address(struct fuzz_in *in)
{
	uint8_t kind = (uint8_t)fuzz_uint(in, 1);
	size_t off = fuzz_uint(in, 2) % ARENA;

	switch (kind % 16) {
	case 0:
		return NULL;
	case 1:
		return nothing + off % PAGE;
	case 2:
		return fixed + off % PAGE;
	case 3:
		return (void *)(uintptr_t)(fuzz_uint(in, 8) | UINT64_C(1) << 62);
	default:
		return arena + off;
	}
}

/* Lists that end, and lists that do not. */
static struct wd_datalist *list_at(struct fuzz_in *in)
{
	unsigned int first = (unsigned int)fuzz_uint(in, 1) % wdi_array_size(lists);

	for (size_t i = 0; i < wdi_array_size(lists); i++) {
		unsigned int next = (unsigned int)fuzz_uint(in, 1) % 12;

		lists[i].data = address(in);
		lists[i].len = (__u32)(fuzz_uint(in, 2) % ARENA);
		lists[i].next = next < wdi_array_size(lists) && fuzz_uint(in, 1) % 2 ? &lists[next]
			: NULL;
	}
	return &lists[first];
}

/* No longer than the arena goes on from there; what is elsewhere may be as long as it likes. */
static __u32 length(struct fuzz_in *in, const void *p)
{
	const uint8_t *at = p;
	__u32 len = (__u32)fuzz_uint(in, 2);

	if (at >= arena && at < arena + ARENA)
		return (__u32)wdi_min((size_t)len, (size_t)(arena + ARENA - at));
	return fuzz_uint(in, 1) % 8 ? len : (__u32)fuzz_uint(in, 4);
}

static struct may may_write(const void *p, size_t len)
{
	const uint8_t *at = p;

	if (at < arena || at >= arena + ARENA)
		return (struct may){ 0, 0 };
	return (struct may){ (size_t)(at - arena),
			     wdi_min((size_t)(at - arena) + len, (size_t)ARENA) };
}

/* Bytes that changed lie where one of @may says. */
static void assert_untouched(const struct may *may, unsigned int count)
{
	for (size_t i = 0; i < ARENA; i++) {
		bool allowed = arena[i] == before[i];

		for (unsigned int m = 0; m < count && !allowed; m++)
			allowed = i >= may[m].from && i < may[m].to;
		fuzz_assert(allowed);
	}
}

static void assert_known(int ret, unsigned int state)
{
	switch (ret) {
	case 0:
		fuzz_assert(!state);
		return;
	case -WD_EINVAL:
	case -WD_EBUSY:
	case -WD_ENOMEM:
		return;
	case -WD_ADDR_ERR:
	case -WD_SGL_ERR:
	case -WD_VERIFY_ERR:
	case -WD_HW_EACCESS:
		return;
	default:
		fprintf(stderr, "returned %d, state %u\n", ret, state);
		abort();
	}
}

/* ---- requests ------------------------------------------------------------------ */

static void cipher(struct fuzz_in *in, handle_t sess)
{
	struct wd_cipher_req req;
	struct may may[2];
	int ret;

	fuzz_bytes(in, &req, sizeof(req));
	req.op_type = (enum wd_cipher_op_type)(fuzz_uint(in, 1) % 3);
	req.src = address(in);
	req.dst = fuzz_uint(in, 1) % 2 ? req.src : address(in);
	req.iv = address(in);
	req.iv_bytes = fuzz_uint(in, 1) % 4 ? 16 : req.iv_bytes;
	req.in_bytes = wdi_min(length(in, req.src), length(in, req.dst));
	req.out_buf_bytes = fuzz_uint(in, 1) % 8 ? req.in_bytes : req.out_buf_bytes;
	req.data_fmt = fuzz_uint(in, 1) % 4 == 0;
	may[0] = may_write(req.dst, req.in_bytes);
	may[1] = may_write(req.iv, 16);
	if (req.data_fmt) {
		req.list_src = list_at(in);
		req.in_bytes %= LIST_BYTES;
		req.list_dst = req.list_src;
		may[0] = (struct may){ 0, ARENA };
	}
	ret = wd_do_cipher_sync(sess, &req);
	assert_known(ret, ret == -WD_EINVAL ? 0 : req.state);
	assert_untouched(may, 2);
}

static void digest(struct fuzz_in *in, handle_t sess)
{
	struct wd_digest_req req;
	struct may may;
	int ret;

	fuzz_bytes(in, &req, sizeof(req));
	req.in = address(in);
	req.in_bytes = length(in, req.in);
	req.out = address(in);
	req.iv = address(in);
	req.out_bytes %= fuzz_uint(in, 1) % 4 ? 65 : UINT32_MAX;
	req.out_buf_bytes = fuzz_uint(in, 1) % 8 ? 64 : req.out_buf_bytes;
	req.has_next %= 5;
	req.long_data_len *= fuzz_uint(in, 1) % 4 ? 128 : 1;
	req.data_fmt = fuzz_uint(in, 1) % 4 == 0;
	may = may_write(req.out, 64);
	if (req.data_fmt) {
		req.list_in = list_at(in);
		req.in_bytes %= LIST_BYTES;
	}
	ret = wd_do_digest_sync(sess, &req);
	assert_known(ret, ret == -WD_EINVAL ? 0 : req.state);
	assert_untouched(&may, 1);
}

static void aead(struct fuzz_in *in, handle_t sess)
{
	struct wd_aead_req req;
	struct may may[2];
	__u32 room;
	int ret;

	fuzz_bytes(in, &req, sizeof(req));
	req.op_type = (enum wd_aead_op_type)(fuzz_uint(in, 1) % 3);
	req.msg_state = (enum wd_aead_msg_state)(fuzz_uint(in, 1) % 5);
	req.src = address(in);
	req.dst = fuzz_uint(in, 1) % 2 ? req.src : address(in);
	room = wdi_min(length(in, req.src), length(in, req.dst));
	req.assoc_bytes = (__u16)wdi_min((__u32)req.assoc_bytes % 100, room);
	req.in_bytes = room - req.assoc_bytes;
	req.iv = address(in);
	req.iv_bytes = fuzz_uint(in, 1) % 4 ? 7 + fuzz_uint(in, 1) % 10 : req.iv_bytes;
	req.mac = address(in);
	req.mac_bytes = fuzz_uint(in, 1) % 8 ? 64 : req.mac_bytes;
	req.data_fmt = fuzz_uint(in, 1) % 4 == 0;
	may[0] = may_write(req.dst, (size_t)req.assoc_bytes + req.in_bytes);
	may[1] = may_write(req.mac, 64);
	if (req.data_fmt) {
		req.list_src = list_at(in);
		req.in_bytes %= LIST_BYTES;
		req.list_dst = req.list_src;
		may[0] = (struct may){ 0, ARENA };
	}
	ret = wd_do_aead_sync(sess, &req);
	assert_known(ret, ret == -WD_EINVAL ? 0 : req.state);
	assert_untouched(may, 2);
}

/* ---- sessions -------------------------------------------------------------------- */

enum {
	CIPHER,
	DIGEST,
	AEAD,
	CLASSES,
};

struct session {
	unsigned int class;
	handle_t handle;
};

static void sess_new(struct fuzz_in *in, struct session *s)
{
	uint8_t b[4];

	fuzz_bytes(in, b, sizeof(b));
	s->class = (unsigned int)fuzz_uint(in, 1) % CLASSES;
	if (s->class == CIPHER)
		s->handle = wd_cipher_alloc_sess(&(struct wd_cipher_sess_setup){
			.alg = (enum wd_cipher_alg)(b[0] % 5), .mode = (enum wd_cipher_mode)(b[1] % 13) });
	else if (s->class == DIGEST)
		s->handle = wd_digest_alloc_sess(&(struct wd_digest_sess_setup){
			.alg = (enum wd_digest_type)(b[0] % 14), .mode = (enum wd_digest_mode)(b[1] % 3) });
	else
		s->handle = wd_aead_alloc_sess(&(struct wd_aead_sess_setup){
			.calg = (enum wd_cipher_alg)(b[0] % 3), .cmode = (enum wd_cipher_mode)(b[1] % 13),
			.dalg = (enum wd_digest_type)(b[2] % 14), .dmode = (enum wd_digest_mode)(b[3] % 3) });
}

static void sess_free(struct session *s)
{
	if (s->class == CIPHER)
		wd_cipher_free_sess(s->handle);
	else if (s->class == DIGEST)
		wd_digest_free_sess(s->handle);
	else
		wd_aead_free_sess(s->handle);
	s->handle = 0;
}

static void sess_key(struct fuzz_in *in, struct session *s)
{
	static const uint16_t usual[] = { 8, 16, 24, 32, 64, 20, 130, 512 };
	uint8_t key[600];
	uint16_t len = (uint16_t)fuzz_uint(in, 2);

	len = len & 1 ? usual[len / 2 % wdi_array_size(usual)] : len % sizeof(key);
	fuzz_bytes(in, key, sizeof(key));
	/* Not two halves that are equal. */
	key[0] ^= 1;
	if (s->class == CIPHER) {
		wd_cipher_set_key(s->handle, key, len);
	} else if (s->class == DIGEST) {
		wd_digest_set_key(s->handle, key, len);
	} else {
		if (len & 2)
			wd_aead_set_akey(s->handle, key, len);
		else
			wd_aead_set_ckey(s->handle, key, len);
		wd_aead_set_authsize(s->handle, (__u16)(fuzz_uint(in, 1) % 70));
	}
}

static void request(struct fuzz_in *in, struct session *s)
{
	memcpy(before, arena, ARENA);
	if (s->class == CIPHER)
		cipher(in, s->handle);
	else if (s->class == DIGEST)
		digest(in, s->handle);
	else
		aead(in, s->handle);
}

/*
 * The device keeps what it uses again in mappings, where the leak checker does not look;
 * and to begin and end the library for each input takes most of the time.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* ---- the frame ---------------------------------------------------------------------- */

static void set_up(void)
{
	setenv("WEFT_ENGINE_THREADS", "0", 1);
	/* With a page that is not there behind it: what runs out of it faults. */
	arena = mmap(NULL, ARENA + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	before = malloc(ARENA);
	nothing = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fixed = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fuzz_assert(arena != MAP_FAILED && before && !mprotect(arena + ARENA, PAGE, PROT_NONE));
	fuzz_assert(nothing != MAP_FAILED && fixed != MAP_FAILED);
	fuzz_assert(!wd_cipher_init2("cbc(aes)", SCHED_POLICY_RR, TASK_MIX));
	fuzz_assert(!wd_digest_init2("sha256", SCHED_POLICY_RR, TASK_MIX));
	fuzz_assert(!wd_aead_init2("gcm(aes)", SCHED_POLICY_RR, TASK_MIX));
}

/* FIPS 180: the digest of "abc" begins with these. */
static void assert_works(void)
{
	handle_t sess = wd_digest_alloc_sess(&(struct wd_digest_sess_setup){
		.alg = WD_DIGEST_SHA256 });
	uint8_t abc[] = "abc", out[32];
	struct wd_digest_req req = { .in = abc, .in_bytes = 3, .out = out, .out_bytes = 32,
				     .out_buf_bytes = 32 };

	fuzz_assert(!wd_do_digest_sync(sess, &req));
	fuzz_assert(!memcmp(out, "\xba\x78\x16\xbf\x8f\x01\xcf\xea", 8));
	wd_digest_free_sess(sess);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct session s[SESSIONS] = { 0 };

	if (!arena)
		set_up();
	for (size_t i = 0; i < ARENA; i++)
		arena[i] = (uint8_t)(i * 37);
	while (in.left) {
		uint8_t what = (uint8_t)fuzz_uint(&in, 1);
		struct session *one = &s[what / 8 % SESSIONS];

		switch (what % 8) {
		case 0:
			sess_free(one);
			sess_new(&in, one);
			break;
		case 1:
		case 2:
			sess_key(&in, one);
			break;
		default:
			request(&in, one);
		}
	}
	for (unsigned int i = 0; i < SESSIONS; i++)
		sess_free(&s[i]);
	assert_works();
	return 0;
}
