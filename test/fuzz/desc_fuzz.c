/* SPDX-License-Identifier: MIT */
/*
 * A hostile client of the device: descriptors, doorbells, rings, registers,
 * admin commands, ioctls and mappings, as the input says. Its first byte chooses
 * the guard and whether the rings are used as they should be; if they are, every
 * accepted descriptor has to complete exactly once, and nothing may be written
 * but what its destination says. The device itself survives all of it.
 */
#include "fuzz.h"

#include <errno.h>
#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/bits.h"

#define PAGE		4096u
#define QUEUES		3u
#define DEPTH		128u
#define PUSHED_MAX	512u

/*
 * Client memory: pages to read and write, then one page each that is read-only,
 * that may not be touched, and that is mapped from a file which has ended. The
 * scatter list lies apart, so that no output makes a list of its own.
 */
#define RW_SIZE		(8 * PAGE)
#define RO_OFF		RW_SIZE
#define NONE_OFF	(RO_OFF + PAGE)
#define CUT_OFF		(NONE_OFF + PAGE)
#define CHAIN_OFF	(CUT_OFF + 2 * PAGE)
#define ARENA_SIZE	(CHAIN_OFF + PAGE)

/* Above, no memory of any process lies. */
#define USER_LIMIT	(UINT64_C(1) << 47)

static uint8_t *arena;
static uint8_t shadow[RW_SIZE];

struct client {
	struct fuzz_in in;
	bool strict;		/* rings are used as they should be */
	struct sdev *dev;
	struct sdev_file *files[2];
	uint32_t pasids[2];
	struct fuzz_queue q;
	bool q_open;
	uint32_t objects[4];	/* streams and sessions that the device gave out */
	unsigned int object_next;
	int efd;

	/* By tag: what was pushed, and how often it has come back. */
	struct sdev_desc pushed[PUSHED_MAX];
	uint8_t completed[PUSHED_MAX];
	uint32_t pushes;
	uint32_t done;
};

/* ---- memory -------------------------------------------------------------- */

/* "descriptors and doorbells, " many times over, so that there is something that works. */
static const uint8_t good_deflate[] = {
	0x4b, 0x49, 0x2d, 0x4e, 0x2e, 0xca, 0x2c, 0x28, 0xc9, 0x2f, 0x2a, 0x56,
	0x48, 0xcc, 0x4b, 0x51, 0x48, 0xc9, 0xcf, 0x2f, 0x4a, 0x4a, 0xcd, 0xc9,
	0x29, 0xd6, 0x51, 0x48, 0x19, 0x95, 0x1a, 0x95, 0x1a, 0x95, 0x1a, 0x95,
	0xc2, 0x26, 0x05, 0x00,
};

static void arena_map(void)
{
	int fd = memfd_create("empty", MFD_CLOEXEC);

	fuzz_assert(sysconf(_SC_PAGESIZE) <= (long)PAGE && fd >= 0);
	arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fuzz_assert(arena != MAP_FAILED);
	memset(arena, 0x11, ARENA_SIZE);
	fuzz_assert(!mprotect(arena + RO_OFF, PAGE, PROT_READ));
	fuzz_assert(!mprotect(arena + NONE_OFF, PAGE, PROT_NONE));
	fuzz_assert(mmap(arena + CUT_OFF, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			 0) == arena + CUT_OFF);
	fuzz_assert(!mprotect(arena + CUT_OFF + PAGE, PAGE, PROT_NONE));
	close(fd);
}

static void arena_fill(void)
{
	if (!arena)
		arena_map();
	for (unsigned int i = 0; i < RW_SIZE; i++)
		arena[i] = (uint8_t)(i % 251 / 3);
	memcpy(arena, good_deflate, sizeof(good_deflate));
}

/* An address that is good for nothing, or only to be read. */
static uint64_t bad_address(struct client *c)
{
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);
	uint64_t base = (uintptr_t)arena;

	switch (how % 8) {
	case 0:
	case 1:
		return base + RO_OFF + fuzz_uint(&c->in, 2) % PAGE;
	case 2:
		return base + NONE_OFF + fuzz_uint(&c->in, 1);
	case 3:
		return base + CUT_OFF + fuzz_uint(&c->in, 1);
	case 4:
		return fuzz_uint(&c->in, 1);
	case 5:
		return UINT64_MAX - fuzz_uint(&c->in, 1);
	case 6:
		return fuzz_uint(&c->in, 8) | UINT64_C(1) << 63;
	default:
		return USER_LIMIT << (how / 8 % 17);
	}
}

/* An address; most of the choices mean something. */
static uint64_t address(struct client *c)
{
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);
	uint64_t base = (uintptr_t)arena;

	switch (how % 8) {
	case 0:
	case 1:
		return base;
	case 2:
	case 3:
		return base + fuzz_uint(&c->in, 2) % RW_SIZE;
	case 4:
		return base + RW_SIZE / 2 + fuzz_uint(&c->in, 1);
	case 5:
		return base + RW_SIZE - 1 - fuzz_uint(&c->in, 1);
	default:
		return bad_address(c);
	}
}

/*
 * What a client lets the device write to is its own affair, so the rest of this
 * process stays out of it: an address that could be somewhere else in it becomes
 * one of the arena's, and a scatter list the one that is made for it.
 */
static uint64_t tame_address(uint64_t va, bool list)
{
	uint64_t off = va - (uintptr_t)arena;

	if (list && off < RW_SIZE)
		return (uintptr_t)arena + CHAIN_OFF;
	if (off < CHAIN_OFF || va >= USER_LIMIT || va < PAGE)
		return va;
	return (uintptr_t)arena + (list ? CHAIN_OFF : va % RW_SIZE);
}

static void tame(struct sdev_desc *d)
{
	d->src_va = tame_address(d->src_va, d->flags & SDEV_F_SRC_SGL);
	d->dst_va = tame_address(d->dst_va, d->flags & SDEV_F_DST_SGL);
}

static uint32_t length(struct client *c)
{
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);

	switch (how % 8) {
	case 0:
		return sizeof(good_deflate);
	case 1:
		return (uint32_t)fuzz_uint(&c->in, 1);
	case 2:
	case 3:
		return (uint32_t)fuzz_uint(&c->in, 2) % (RW_SIZE + 64);
	case 4:
		return (uint32_t)fuzz_uint(&c->in, 4);
	case 5:
		return UINT32_MAX - how / 8;
	default:
		return how / 8 * 512;
	}
}

/* A scatter list of a few elements. */
static void write_chain(struct client *c)
{
	unsigned int last = fuzz_uint(&c->in, 1) % 5;
	struct sdev_sge sge[5] = { 0 };
	uint64_t at = (uintptr_t)arena + CHAIN_OFF;

	for (unsigned int i = 0; i <= last; i++) {
		sge[i].va = address(c);
		sge[i].len = length(c);
		sge[i].ignored = (uint32_t)fuzz_uint(&c->in, 1);
		sge[i].next = i < last ? at + (i + 1) * sizeof(sge[0]) : 0;
	}
	/* A loop, or an end that is nowhere. */
	if (fuzz_uint(&c->in, 1) % 4 == 0)
		sge[last].next = fuzz_uint(&c->in, 1) % 2 ? at : bad_address(c);
	memcpy(arena + CHAIN_OFF, sge, sizeof(sge));
}

/* ---- descriptors --------------------------------------------------------- */

static uint32_t object(struct client *c)
{
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);

	if (how < 128)
		return 0;
	if (how < 240)
		return c->objects[how % wdi_array_size(c->objects)];
	return (uint32_t)fuzz_uint(&c->in, 4);
}

static struct sdev_desc make_desc(struct client *c)
{
	uint8_t shape = (uint8_t)fuzz_uint(&c->in, 1);
	struct sdev_desc d = { 0 };

	if (shape == 255) {
		fuzz_bytes(&c->in, &d, sizeof(d));
		tame(&d);
		return d;
	}
	d.opcode = shape % 8;
	d.flags = (uint8_t)fuzz_uint(&c->in, 1);
	/* Most flags are malformed with most opcodes. */
	if (shape < 200)
		d.flags &= SDEV_F_ALL;
	if (shape < 100)
		d.flags &= SDEV_F_IRQ | SDEV_F_FENCE;
	d.src_va = address(c);
	d.src_len = length(c);
	d.dst_va = address(c);
	d.dst_len = length(c);
	d.object = object(c);
	d.comp.format = (uint8_t)(fuzz_uint(&c->in, 1) % 4);
	d.comp.level = (uint8_t)(fuzz_uint(&c->in, 1) % 17);
	d.comp.window = (uint8_t)(fuzz_uint(&c->in, 1) % 6);
	d.comp.flags = d.object ? fuzz_uint(&c->in, 1) % 5 : 0;
	if (d.opcode == SDEV_OP_STREAM_OPEN)
		d.dir = (uint8_t)(fuzz_uint(&c->in, 1) % 4);
	if (d.opcode == SDEV_OP_STREAM_OPEN || d.opcode == SDEV_OP_NOOP)
		d.flags &= SDEV_F_IRQ | SDEV_F_FENCE;
	if (d.flags & (SDEV_F_SRC_SGL | SDEV_F_DST_SGL))
		write_chain(c);
	tame(&d);
	return d;
}

static void push_slot(struct client *c, struct sdev_slot *slot)
{
	if (!c->q_open || c->pushes == PUSHED_MAX)
		return;
	if (c->strict && c->q.tail - c->q.head >= c->q.depth)
		return;
	slot->desc.tag = c->pushes;
	c->pushed[c->pushes++] = slot->desc;
	/* The second half goes with the first, whether the opcode has it or not. */
	c->q.sq[c->q.tail & (c->q.depth - 1)].ext = slot->ext;
	fuzz_push(&c->q, &slot->desc);
}

static void push(struct client *c, struct sdev_desc d)
{
	struct sdev_slot slot = { .desc = d };

	push_slot(c, &slot);
}

/* ---- sessions ------------------------------------------------------------ */

/* A length of a key, most often one that some algorithm takes. */
static uint32_t key_length(struct client *c)
{
	static const uint8_t lens[] = { 0, 8, 16, 24, 32, 64, 20, 200 };
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);

	return how < 250 ? lens[how % sizeof(lens)] : length(c);
}

static void make_session(struct client *c, struct sdev_slot *slot)
{
	slot->desc.opcode = SDEV_OP_SESSION_OPEN;
	slot->desc.session.alg = (uint8_t)(fuzz_uint(&c->in, 1) % (SDEV_ALG_COUNT + 1));
	slot->desc.src_va = tame_address(address(c), false);
	slot->desc.src_len = key_length(c);
	if (slot->desc.session.alg < SDEV_ALG_AES_CBC_HMAC_SHA1)
		return;
	slot->ext.session.key2_va = tame_address(address(c), false);
	slot->ext.session.key2_len = key_length(c);
	slot->ext.session.bits = (uint32_t)fuzz_uint(&c->in, 2);
}

/* Lengths that fit more often than chance would have it. */
static uint32_t data_length(struct client *c)
{
	uint32_t len = length(c);

	return fuzz_uint(&c->in, 1) % 4 ? len / 128 * 128 : len;
}

static void make_job(struct client *c, struct sdev_slot *slot)
{
	static const uint8_t ops[] = { SDEV_OP_CIPHER, SDEV_OP_DIGEST, SDEV_OP_AEAD,
				       SDEV_OP_SESSION_CLOSE, SDEV_OP_PK };
	static const uint8_t ivs[] = { 0, 8, 16, 12, 13, 96 }, macs[] = { 12, 16, 20, 32, 64, 4 };
	struct sdev_desc *d = &slot->desc;
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);

	d->opcode = ops[how < 220 ? how % 3 : how % sizeof(ops)];
	d->object = object(c);
	if (d->opcode == SDEV_OP_SESSION_CLOSE)
		return;
	d->flags = fuzz_uint(&c->in, 1) % 4 ? 0 : (uint8_t)fuzz_uint(&c->in, 1) & SDEV_F_ALL;
	d->sym.flags = (uint8_t)fuzz_uint(&c->in, 1) & SDEV_SYM_ALL;
	if (d->opcode == SDEV_OP_CIPHER)
		d->sym.flags &= SDEV_SYM_DECRYPT;
	d->sym.iv_len = ivs[fuzz_uint(&c->in, 1) % sizeof(ivs)];
	d->sym.mac_len = macs[fuzz_uint(&c->in, 1) % sizeof(macs)];
	d->src_va = address(c);
	d->dst_va = how & 1 ? d->src_va : address(c);
	d->src_len = data_length(c);
	d->dst_len = d->opcode == SDEV_OP_DIGEST ? d->sym.mac_len : d->src_len;
	d->iv_va = tame_address(address(c), false);
	d->total = how & 2 ? data_length(c) : 0;
	slot->ext.aead.aad_va = tame_address(address(c), false);
	slot->ext.aead.mac_va = tame_address(address(c), false);
	slot->ext.aead.aad_len = how & 4 ? length(c) % 512 : 0;
	if (d->flags & (SDEV_F_SRC_SGL | SDEV_F_DST_SGL))
		write_chain(c);
	tame(d);
}

static void push_crypto(struct client *c)
{
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);
	struct sdev_slot slot = { 0 };

	if (how < 250) {
		if (how % 4)
			make_job(c, &slot);
		else
			make_session(c, &slot);
	} else {
		fuzz_bytes(&c->in, &slot, sizeof(slot));
		tame(&slot.desc);
		slot.desc.iv_va = tame_address(slot.desc.iv_va, false);
		slot.ext.words[0] = tame_address(slot.ext.words[0], false);
		slot.ext.words[1] = tame_address(slot.ext.words[1], false);
	}
	push_slot(c, &slot);
}

static void assert_completion(struct client *c, const struct sdev_cpl *cpl)
{
	uint32_t status = SDEV_CPL_STATUS(cpl->end), detail = SDEV_CPL_DETAIL(cpl->end);
	const struct sdev_desc *d = &c->pushed[cpl->tag];

	fuzz_assert(cpl->tag < c->pushes);
	fuzz_assert(!c->completed[cpl->tag]++);
	fuzz_assert(status < SDEV_ST_COUNT && !cpl->reserved && cpl->engine < SDEV_ENGINE_COUNT);
	fuzz_assert(cpl->consumed <= d->src_len && cpl->produced <= d->dst_len);
	if (status == SDEV_ST_DONE)
		fuzz_assert(detail <= SDEV_DONE_MORE_OUT);
	else if (status == SDEV_ST_CORRUPT)
		fuzz_assert(detail <= SDEV_CORRUPT_TRUNCATED);
	else if (status == SDEV_ST_MALFORMED)
		fuzz_assert(detail >= SDEV_BAD_OPCODE && detail <= SDEV_BAD_PIECE);
	/* Where nobody could have written, nothing can be bad but the address. */
	if (status == SDEV_ST_BAD_ADDRESS || status == SDEV_ST_ACCESS_DENIED)
		fuzz_assert(cpl->fault_va - (uintptr_t)arena >= RW_SIZE);
	c->done++;
	if ((d->opcode == SDEV_OP_STREAM_OPEN || d->opcode == SDEV_OP_SESSION_OPEN) &&
	    status == SDEV_ST_DONE) {
		fuzz_assert(cpl->object);
		c->objects[c->object_next++ % wdi_array_size(c->objects)] = cpl->object;
	}
}

/* What is not strict only has to be taken off, so that the device can go on. */
static void collect(struct client *c)
{
	struct sdev_cpl cpl;
	unsigned int n = 0;

	if (!c->q_open)
		return;
	while (n++ < DEPTH && fuzz_pop(&c->q, &cpl)) {
		if (c->strict)
			assert_completion(c, &cpl);
		else if (cpl.object)
			c->objects[c->object_next++ % wdi_array_size(c->objects)] = cpl.object;
	}
}

/* Bytes outside the destination are as they were before. */
static void assert_rest_untouched(const struct sdev_desc *d)
{
	uint64_t begin = d->dst_va - (uintptr_t)arena, end = begin + d->dst_len;

	if (begin > RW_SIZE)
		begin = RW_SIZE;
	if (end > RW_SIZE || end < begin)
		end = RW_SIZE;
	fuzz_assert(!memcmp(arena, shadow, begin));
	fuzz_assert(!memcmp(arena + end, shadow + end, RW_SIZE - end));
}

/* One at a time, from push to completion. */
static void push_and_watch(struct client *c)
{
	struct sdev_desc d = make_desc(c);

	if (!c->strict || !c->q_open || c->pushes != c->done || c->pushes == PUSHED_MAX) {
		push(c, d);
		return;
	}
	memcpy(shadow, arena, RW_SIZE);
	push(c, d);
	while (sdev_step(c->q.file, c->q.index))
		;
	collect(c);
	fuzz_assert(c->done == c->pushes);
	if (!(d.flags & SDEV_F_DST_SGL))
		assert_rest_untouched(&d);
}

/* ---- everything else ----------------------------------------------------- */

static void open_queue(struct client *c)
{
	static const uint32_t depths[] = { 2, 4, 16, DEPTH };
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);

	if (c->q_open)
		return;
	c->q_open = !fuzz_queue_open(&c->q, c->files[how / 8 % 2],
				     c->strict || !(how & 32) ? c->pasids[how / 16 % 2] : how / 64,
				     depths[how % wdi_array_size(depths)]);
	/* What was pushed to the last one is gone with it. */
	c->done = c->pushes;
}

/* Unless others have destroyed it. Everything that was accepted is completed then. */
static void close_queue(struct client *c)
{
	struct sdev_admin cmd = { .op = SDEV_ADMIN_QUEUE_STOP, .queue = c->q.index };

	if (!c->q_open)
		return;
	if (!fuzz_admin(c->q.file, &cmd) && c->strict) {
		for (uint32_t before = c->done + 1; before != c->done; ) {
			before = c->done;
			collect(c);
			while (sdev_step(c->q.file, c->q.index))
				;
		}
		fuzz_assert(c->done == c->pushes);
	}
	cmd.op = SDEV_ADMIN_QUEUE_DESTROY;
	fuzz_admin(c->q.file, &cmd);
	c->q_open = false;
}

static void admin(struct client *c)
{
	struct sdev_admin cmd = { 0 };
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);

	cmd.op = how % 5;
	cmd.queue = how / 8 % 4;
	cmd.pasid = how & 128 ? (uint32_t)fuzz_uint(&c->in, 4) : c->pasids[how / 32 % 2];
	cmd.depth = how & 64 ? (uint32_t)fuzz_uint(&c->in, 4) : DEPTH;
	cmd.reserved[how % wdi_array_size(cmd.reserved)] = how == 77;
	/* The queue that is watched goes only by close_queue(). */
	if (c->strict && cmd.op != SDEV_ADMIN_QUEUE_CREATE && c->q_open && cmd.queue == c->q.index)
		return;
	fuzz_admin(c->files[how / 4 % 2], &cmd);
	fuzz_assert(cmd.status <= 0);
}

static void registers(struct client *c)
{
	uint8_t buf[64], how = (uint8_t)fuzz_uint(&c->in, 1);
	uint64_t off = how & 1 ? fuzz_uint(&c->in, 2) : fuzz_uint(&c->in, 1) * 4;
	size_t len = how & 2 ? fuzz_uint(&c->in, 1) % (sizeof(buf) + 1) : 4;
	uint8_t *exact = malloc(len ? len : 1);	/* a byte too many is seen */
	ssize_t n;

	fuzz_assert(exact);
	if (how & 4)
		off |= fuzz_uint(&c->in, 8) << 32;
	if (how & 8) {
		fuzz_bytes(&c->in, exact, len);
		if (how & 16 && len == 4)
			memcpy(exact, &(uint32_t){ SDEV_RESET_KEY }, 4);
		/* The mailbox may name the queue that is watched. */
		n = 0;
		if (off != SDEV_REG_ADMIN || !c->strict)
			n = sdev_write(c->files[0], exact, len, off);
	} else {
		n = sdev_read(c->files[how / 32 % 2], exact, len, off);
	}
	fuzz_assert(n < 0 || (size_t)n <= len);
	free(exact);
}

/* What untagged accesses and guests reach is the arena, whatever else a map says. */
static void map_arena(uint32_t words[16])
{
	const uint64_t vaddr = (uintptr_t)arena, size = PAGE;

	memcpy(&words[2], &vaddr, sizeof(vaddr));
	words[4] &= ~(uint32_t)(PAGE - 1);
	memcpy(&words[6], &size, sizeof(size));
}

static void ioctls(struct client *c)
{
	static const unsigned long cmds[] = {
		VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO, VFIO_DEVICE_GET_IRQ_INFO,
		VFIO_DEVICE_SET_IRQS, VFIO_DEVICE_RESET, VFIO_DEVICE_BIND_TASK,
		VFIO_DEVICE_UNBIND_TASK, VFIO_DEVICE_SVM, VFIO_IOMMU_MAP_DMA,
		VFIO_IOMMU_UNMAP_DMA,
	};
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);
	unsigned long cmd = cmds[how % wdi_array_size(cmds)];
	uint32_t words[16], argsz;
	size_t room;
	uint8_t *arg;

	fuzz_bytes(&c->in, words, sizeof(words));
	/* Most of the time the size fits, and an fd is ours. */
	if (words[0] < UINT32_MAX / 2)
		words[0] = words[0] % (sizeof(words) + 1);
	if (cmd == VFIO_DEVICE_SET_IRQS && how & 128)
		words[5] = (uint32_t)c->efd;
	if (cmd == VFIO_DEVICE_UNBIND_TASK && how & 128)
		words[2] = c->pasids[how / 16 % 2];
	if (how == 255)
		cmd = words[15];
	/* Where addresses are not ours, a fault says nothing about them. */
	if (c->strict && (cmd == VFIO_DEVICE_SVM || cmd == VFIO_IOMMU_MAP_DMA))
		return;
	if (cmd == VFIO_IOMMU_MAP_DMA)
		map_arena(words);
	/* The caller owns as much as it says, up to a page, and at least the size itself. */
	argsz = words[0];
	room = wdi_min((size_t)argsz, (size_t)PAGE);
	room = wdi_max(room, sizeof(argsz));
	arg = calloc(1, room);
	fuzz_assert(arg);
	memcpy(arg, words, wdi_min(room, sizeof(words)));
	fuzz_assert(sdev_ioctl(c->files[how / 64 % 2], cmd, arg) <= 0);
	free(arg);
	fuzz_assert(sdev_ioctl(c->files[0], VFIO_DEVICE_GET_INFO, NULL) == -EFAULT);
}

static void maps(struct client *c)
{
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);
	uint64_t off = fuzz_uint(&c->in, 2) * PAGE;
	uint64_t len = how & 2 ? fuzz_uint(&c->in, 8) : PAGE;
	void *p = NULL;

	if (how & 1)
		off += FUZZ_REGION(how / 4 % 4) + fuzz_uint(&c->in, 1) % 2;
	if (!sdev_map(c->files[how / 16 % 2], off, len, &p)) {
		const volatile uint8_t *at = p;

		fuzz_assert(p && !(off % PAGE));
		(void)at[0];
		(void)at[len - 1];
	}
}

/* Rings and doorbells as no driver would write them. */
static void tamper(struct client *c)
{
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);
	uint32_t value = (uint32_t)fuzz_uint(&c->in, 4);
	struct sdev_desc d;

	if (!c->q_open || c->strict)
		return;
	switch (how % 8) {
	case 0:
		wdi_io_store32(&c->q.db->sq_tail, value);
		break;
	case 1:
		wdi_io_store32(&c->q.db->cq_head, value);
		break;
	case 2:
		wdi_io_store32(&c->q.db->irq_arm, value);
		break;
	case 3:
		wdi_io_store32(&c->q.db->sq_head, value);
		wdi_io_store32(&c->q.db->state, value);
		break;
	case 4:
		fuzz_bytes(&c->in, &d, sizeof(d));
		tame(&d);
		c->q.sq[value % c->q.depth].desc = d;
		break;
	case 5:
		fuzz_bytes(&c->in, &c->q.cq[value % c->q.depth], sizeof(*c->q.cq));
		break;
	case 6:
		wdi_io_store32(&c->q.db->sq_tail, c->q.tail + value % 4);
		break;
	default:
		wdi_io_store32(&c->q.db->cq_head, c->q.head + value % 4);
	}
}

/* Unbind: what the device finds under the PASID after that has "no such PASID". */
static void rebind(struct client *c)
{
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);
	struct vfio_device_svm svm = {
		.argsz = sizeof(svm), .flags = how / 4 % 4, .pasid = c->pasids[how % 2],
	};

	if (how & 2)
		sdev_ioctl(c->files[how % 2], VFIO_DEVICE_UNBIND_TASK, &svm);
	else
		fuzz_bind(c->files[how % 2], &c->pasids[how % 2]);
}

static void one_command(struct client *c)
{
	uint8_t what = (uint8_t)fuzz_uint(&c->in, 1);

	switch (what % 16) {
	case 0:
	case 1:
	case 2:
	case 3:
		push_and_watch(c);
		break;
	case 4:
		push(c, make_desc(c));
		break;
	case 5:
		for (unsigned int n = 1 + what / 16; n; n--)
			push_crypto(c);
		break;
	case 6:
		sdev_step(c->files[what / 16 % 2], c->q_open ? c->q.index : what / 32);
		break;
	case 7:
		collect(c);
		break;
	case 8:
		tamper(c);
		break;
	case 9:
		admin(c);
		break;
	case 10:
		registers(c);
		break;
	case 11:
		ioctls(c);
		break;
	case 12:
		maps(c);
		break;
	case 13:
		rebind(c);
		break;
	case 14:
		open_queue(c);
		break;
	default:
		if (what / 16 % 4 == 0)
			close_queue(c);
		sdev_kick(c->files[0]);
	}
}

/* ---- life ---------------------------------------------------------------- */

static void start(struct client *c, uint8_t mode)
{
	const struct sdev_config config = {
		.max_queues = QUEUES,
		.max_depth = DEPTH,
		.guard = mode & 1 ? SDEV_GUARD_COPY : SDEV_GUARD_SIGNAL,
		.isolate = mode & 4 ? 2 : 0,
		.fault_mode = mode & 8 ? SDEV_FAULT_PRI : SDEV_FAULT_STALL,
		/* Who watches each descriptor to its end does the work itself. */
		.page_workers = (mode & 18) == 16 ? 2 : 0,
	};

	c->strict = mode & 2;
	fuzz_assert(!sdev_create(&config, &c->dev));
	for (unsigned int i = 0; i < 2; i++) {
		fuzz_assert(!sdev_open(c->dev, &c->files[i]));
		fuzz_assert(!fuzz_bind(c->files[i], &c->pasids[i]));
	}
	c->efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fuzz_assert(c->efd >= 0);
	c->q_open = !fuzz_queue_open(&c->q, c->files[0], c->pasids[0], DEPTH);
	fuzz_assert(c->q_open);
}

/* After all of it, a new client finds a device that works. */
static void assert_alive(struct sdev *dev)
{
	const uint32_t limit = 0;	/* takes it back into service, should it be isolated */
	struct sdev_desc noop = { .opcode = SDEV_OP_NOOP, .tag = 4711 };
	struct sdev_desc job = {
		.opcode = SDEV_OP_DECOMPRESS,
		.tag = 4712,
		.src_va = (uintptr_t)arena,
		.src_len = sizeof(good_deflate),
		.dst_va = (uintptr_t)arena + PAGE,
		.dst_len = PAGE,
	};
	struct sdev_file *file;
	struct fuzz_queue q;
	struct sdev_cpl cpl;
	uint32_t pasid;

	fuzz_assert(!sdev_open(dev, &file));
	fuzz_assert(sdev_write(file, &limit, sizeof(limit), SDEV_REG_ISOLATE) == sizeof(limit));
	fuzz_assert(fuzz_reg32(file, SDEV_REG_STATE) == SDEV_DEV_RUNNING);
	fuzz_assert(!fuzz_bind(file, &pasid));
	fuzz_assert(!fuzz_queue_open(&q, file, pasid, 2));
	cpl = fuzz_run(&q, &noop);
	fuzz_assert(SDEV_CPL_STATUS(cpl.end) == SDEV_ST_DONE);
	memcpy(arena, good_deflate, sizeof(good_deflate));
	cpl = fuzz_run(&q, &job);
	fuzz_assert(SDEV_CPL_STATUS(cpl.end) == SDEV_ST_DONE);
	fuzz_queue_close(&q);
	sdev_close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct client c;

	memset(&c, 0, sizeof(c));
	c.in = (struct fuzz_in){ data, size };
	arena_fill();
	start(&c, (uint8_t)fuzz_uint(&c.in, 1));
	for (unsigned int i = 0; i < 200 && c.in.left; i++)
		one_command(&c);
	close_queue(&c);
	for (unsigned int i = 0; i < 2; i++)
		sdev_close(c.files[i]);
	close(c.efd);
	assert_alive(c.dev);
	sdev_destroy(c.dev);
	return 0;
}
