/* SPDX-License-Identifier: MIT */
/*
 * A hostile device towards the driver and the queue: the real driver of the
 * software device, over a bus that answers what the input says and writes into
 * the shared memory what no device should. Rings and doorbells end at pages that
 * may not be touched. Whatever comes, messages come back at most once, for a
 * completion of the very tag they went out with, with numbers that make sense,
 * and nothing is written but descriptors and indices. Messages that run out of time
 * or are cancelled come back without one, and their slots are not used again before
 * the device has completed them, or a drain.
 */
#include "fuzz.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/core_internal.h"
#include "util/bits.h"
#include "util/clock.h"

#define PAGE		4096u
#define MAX_DEPTH	128u
#define MAX_COMMANDS	300u
#define DUS_SIZE	((size_t)SDEV_DUS_STRIDE(MAX_DEPTH))

/* Shared memory, each piece between pages that nobody may touch. */
static struct {
	struct sdev_status *status;
	struct sdev_doorbell *db;
	uint8_t *dus;
} shared;

static struct {
	struct wdi_bus_dev bus;
	struct wdi_device dev;
	struct wdi_queue *q;
	struct fuzz_in in;
	struct sdev_admin answer;
	uint32_t depth;			/* of the queue, once it is there */
	uint32_t max_depth;		/* as it was last said: the rings lie accordingly */
	struct sdev_cpl ring[MAX_DEPTH];	/* what the completion ring has to hold */
	struct {
		bool out;		/* sent and not polled */
		bool used;
		bool given_up;		/* its last use ended without the device */
		uint32_t tag;		/* of its last use */
		bool written[MAX_COMMANDS];	/* by use: the device wrote a completion of it */
	} slots[MAX_DEPTH];
	bool drained;			/* the device has written the completion of a drain */
	bool sync;			/* somebody waits for one message */
	uint32_t sent, polled, dropped;
	char sessions[2];		/* their addresses are what messages are told apart by */
} f;

/* ---- bus ----------------------------------------------------------------- */

/* Most answers are good, so that the input gets further than the first of them. */
static bool lies(void)
{
	return fuzz_uint(&f.in, 1) >= 250;
}

static int bus_read(struct wdi_bus_dev *bus, unsigned int region, uint64_t off, void *buf,
		    size_t len)
{
	static const struct {
		uint64_t off, value;
	} regs[] = {
		{ SDEV_REG_MAGIC, SDEV_MAGIC }, { SDEV_REG_VERSION, SDEV_VERSION },
		{ SDEV_REG_CAP, UINT64_MAX }, { SDEV_REG_MAX_QUEUES, 4 },
		{ SDEV_REG_MAX_DEPTH, MAX_DEPTH }, { SDEV_REG_ENGINES, 1 },
		{ SDEV_REG_GUARD, SDEV_GUARD_SIGNAL },
	};

	(void)bus;
	fuzz_assert(region == SDEV_REGION_MMIO && off + len <= SDEV_REG_SPACE);
	memset(buf, 0, len);
	for (size_t i = 0; i < wdi_array_size(regs); i++) {
		if (off == regs[i].off)
			memcpy(buf, &regs[i].value, len);
	}
	if (off == SDEV_REG_ADMIN && len == sizeof(f.answer))
		memcpy(buf, &f.answer, len);
	if (lies()) {
		uint8_t how = (uint8_t)fuzz_uint(&f.in, 1);

		if (how == 255)
			return -EIO;
		if (how & 1)
			fuzz_bytes(&f.in, buf, len);
		else
			memcpy(buf, &(uint32_t){ 1u << how / 2 % 32 }, 4);
	}
	if (off == SDEV_REG_MAX_DEPTH)
		memcpy(&f.max_depth, buf, sizeof(f.max_depth));
	return 0;
}

static int bus_write(struct wdi_bus_dev *bus, unsigned int region, uint64_t off, const void *buf,
		     size_t len)
{
	(void)bus;
	fuzz_assert(region == SDEV_REGION_MMIO && off == SDEV_REG_ADMIN &&
		    len == sizeof(f.answer));
	memcpy(&f.answer, buf, len);
	f.answer.status = 0;
	return lies() ? -EIO : 0;
}

static int bus_map(struct wdi_bus_dev *bus, unsigned int region, uint64_t off, size_t len,
		   void **out)
{
	(void)bus;
	if (lies())
		return -ENOMEM;
	if (region == SDEV_REGION_DUS)
		*out = shared.dus;
	else
		*out = off == SDEV_STATUS_PAGE ? (void *)shared.status : (void *)shared.db;
	return len <= (region == SDEV_REGION_DUS ? DUS_SIZE : PAGE) ? 0 : -EINVAL;
}

static int bus_irq(struct wdi_bus_dev *bus, unsigned int queue, int efd)
{
	(void)bus, (void)queue, (void)efd;
	return lies() ? -EINVAL : 0;
}

static void bus_kick(struct wdi_bus_dev *bus)
{
	(void)bus;
}

static const struct wdi_bus_ops bus_ops = {
	.read = bus_read,
	.write = bus_write,
	.map = bus_map,
	.irq = bus_irq,
	.kick = bus_kick,
};

/* ---- the device's hand in the shared memory ------------------------------ */

static struct sdev_cpl *cq(void)
{
	return (void *)(shared.dus + SDEV_DUS_CQ_OFF(f.max_depth));
}

static void cq_write(uint32_t index, const struct sdev_cpl *cpl)
{
	uint32_t slot = wdi_tag_slot(cpl->tag), use = cpl->tag / WDI_TAG_SLOTS;

	if (slot < MAX_DEPTH && use < MAX_COMMANDS)
		f.slots[slot].written[use] = true;
	f.drained |= cpl->tag == SDEV_TAG_DRAIN;
	f.ring[index % f.max_depth] = *cpl;
	cq()[index % f.max_depth] = *cpl;
}

/* A completion where the driver looks next, or @behind it. */
static void post(uint32_t behind, struct sdev_cpl cpl)
{
	uint32_t index = wdi_io_load32(&shared.db->cq_head) + behind;
	uint32_t phase = index & f.depth ? 0 : 1;

	cpl.end = (cpl.end & 0x7fffffff) | phase << 31;
	cq_write(index & (f.depth - 1), &cpl);
}

/* As the device knows it, from the descriptor. */
static uint32_t submitted_tag(uint32_t index)
{
	const struct sdev_slot *sq = (const void *)shared.dus;

	return sq[index % f.depth].desc.tag;
}

/* One that went out, one of an earlier or later use of its slot, or any. */
static uint32_t some_tag(void)
{
	uint8_t how = (uint8_t)fuzz_uint(&f.in, 1);

	if (how < 240)
		return submitted_tag(how);
	if (how < 250)
		return submitted_tag(how) + (how - 245u) * WDI_TAG_SLOTS;
	if (how < 253)
		return SDEV_TAG_DRAIN;
	return (uint32_t)fuzz_uint(&f.in, 4);
}

static void device_acts(void)
{
	uint8_t how = (uint8_t)fuzz_uint(&f.in, 1);
	struct sdev_cpl cpl;

	switch (how % 8) {
	case 0:
	case 1:
	case 2:
	case 3:
		/* Well placed, with a tag that may be out; the rest is anything. */
		for (uint32_t i = 0; i <= how / 8 % 4u; i++) {
			fuzz_bytes(&f.in, &cpl, sizeof(cpl));
			cpl.tag = some_tag();
			post(i, cpl);
		}
		break;
	case 4:
		fuzz_bytes(&f.in, &cpl, sizeof(cpl));
		cq_write((uint32_t)fuzz_uint(&f.in, 1), &cpl);
		break;
	case 5:
		/* A whole ring of one word, which may be the phase that is looked for. */
		memset(&cpl, how / 8 * 8 + 7, sizeof(cpl));
		for (uint32_t i = 0; i < f.max_depth; i++)
			cq_write(i, &cpl);
		break;
	case 6:
		wdi_io_store32(&shared.db->sq_head, (uint32_t)fuzz_uint(&f.in, 4));
		wdi_io_store32(&shared.db->state, (uint32_t)fuzz_uint(&f.in, 4));
		wdi_io_store32(&shared.db->irq_arm, (uint32_t)fuzz_uint(&f.in, 1));
		break;
	default:
		wdi_io_store32(&shared.status->need_kick, (uint32_t)fuzz_uint(&f.in, 4));
	}
}

/* Every tag in the ring: whoever waits sent the last of them, and has his answer. */
static void complete_all(void)
{
	for (uint32_t i = 0; i < f.depth; i++)
		post(i, (struct sdev_cpl){ .tag = submitted_tag(i) });
}

/* A synchronous caller comes here until its message is done. */
static unsigned int bus_step(void *handle, unsigned int queue)
{
	(void)handle, (void)queue;
	if (!f.sync)
		return 0;
	if (f.in.left)
		device_acts();
	else
		complete_all();
	return 1;
}

/* ---- the client ---------------------------------------------------------- */

/* A tag that is given out is none that was out before. */
static void tag_goes_out(uint32_t tag)
{
	uint32_t slot = wdi_tag_slot(tag);

	fuzz_assert(slot < f.depth && !f.slots[slot].out);
	if (f.slots[slot].given_up)
		fuzz_assert(f.drained || f.slots[slot].written[f.slots[slot].tag / WDI_TAG_SLOTS]);
	f.slots[slot].given_up = false;
	fuzz_assert(!f.slots[slot].used || (int32_t)(tag - f.slots[slot].tag) > 0);
	f.slots[slot].used = true;
	f.slots[slot].tag = tag;
}

static void tag_comes_back(uint32_t tag)
{
	uint32_t slot = wdi_tag_slot(tag);

	fuzz_assert(slot < f.depth && f.slots[slot].out && f.slots[slot].tag == tag);
	f.slots[slot].out = false;
}

static void assert_answered(uint32_t tag)
{
	fuzz_assert(f.slots[wdi_tag_slot(tag)].written[tag / WDI_TAG_SLOTS]);
}

static void count_drop(struct wdi_msg *msg)
{
	tag_comes_back(msg->tag);
	f.dropped++;
}

static void fill_list(struct wdi_msg *msg)
{
	unsigned int n = msg->src_len % (WDI_PK_PARAMS + 1);

	msg->src = msg->params;
	msg->src_len = n * sizeof(msg->params[0]);
	msg->dst_len = 0;
	for (unsigned int i = 0; i < n; i++)
		msg->params[i] = (struct wdi_pk_param){ .len = (uint32_t)fuzz_uint(&f.in, 2) };
}

/* A time that is over, or one that does not come while this runs; nothing depends on the clock. */
static void fill_terms(struct wdi_msg *msg)
{
	uint8_t how = (uint8_t)fuzz_uint(&f.in, 1);

	msg->sess = (struct wdi_sess *)&f.sessions[how & 1];
	if (how >= 224)
		msg->deadline_ns = wdi_now_ns() + 3600 * WDI_NSEC_PER_SEC;
	else if (how >= 160)
		msg->deadline_ns = 1;
}

static void fill_msg(struct wdi_msg *msg)
{
	fill_terms(msg);
	msg->op = (uint8_t)(fuzz_uint(&f.in, 1) % WDI_OP_COUNT);
	msg->src_len = (uint32_t)fuzz_uint(&f.in, 2);
	msg->dst_len = (uint32_t)fuzz_uint(&f.in, 2);
	if (msg->op == WDI_OP_PK)
		fill_list(msg);
	msg->src_sgl = msg->src_len & 1;
	msg->dst_sgl = msg->dst_len & 1;
	if (msg->op == WDI_OP_STREAM_OPEN)
		msg->comp.dir = msg->src_sgl ? WDI_OP_COMPRESS : WDI_OP_DECOMPRESS;
}

static void assert_given_up(const struct wdi_msg *msg)
{
	fuzz_assert(msg->status == WDI_ST_CANCELLED ||
		    (msg->status == WDI_ST_TIMED_OUT && msg->deadline_ns));
	fuzz_assert(!msg->consumed && !msg->produced);
	f.slots[wdi_tag_slot(msg->tag)].given_up = true;
}

static void assert_ended(const struct wdi_msg *msg)
{
	uint64_t most_in = msg->src_len, most_out = msg->dst_len;

	if (msg->abandoned) {
		assert_given_up(msg);
		return;
	}
	if (msg->op == WDI_OP_PK) {
		most_in = 0;
		for (size_t i = 0; i < msg->src_len / sizeof(msg->params[0]); i++)
			most_in += msg->params[i].len;
		most_out = most_in;
	}
	assert_answered(msg->tag);
	fuzz_assert(msg->status < WDI_ST_COUNT && *wdi_core_status_name(msg->status));
	fuzz_assert(msg->consumed <= most_in && msg->produced <= most_out);
	fuzz_assert(f.dev.drv->engine_name(msg->engine));
}

static void send_async(void)
{
	/* Before: a full ring is looked through for what nobody waits for. */
	uint32_t taken = f.sent - f.polled + f.q->expiry.quarantined + f.q->expiry.draining;
	struct wdi_msg *msg = wdi_core_begin(f.q);

	if (!msg) {
		fuzz_assert(taken >= f.depth);
		return;
	}
	fuzz_assert(msg->async);
	tag_goes_out(msg->tag);
	fill_msg(msg);
	msg->drop = count_drop;
	f.slots[wdi_tag_slot(msg->tag)].out = true;
	f.sent++;
	wdi_core_commit(f.q, msg);
}

static void poll_async(void)
{
	struct wdi_msg *msgs[8];
	unsigned int max = 1 + fuzz_uint(&f.in, 1) % wdi_array_size(msgs);
	unsigned int n = wdi_core_poll(f.q, msgs, max);

	fuzz_assert(n <= max);
	for (unsigned int i = 0; i < n; i++) {
		tag_comes_back(msgs[i]->tag);
		assert_ended(msgs[i]);
	}
	f.polled += n;
	wdi_core_put(f.q, msgs, n);
}

static void run_sync(void)
{
	struct wdi_msg msg = { 0 };

	fill_msg(&msg);
	/* Who has a deadline runs no steps, in which the device would act. */
	if (msg.deadline_ns != 1)
		msg.deadline_ns = 0;
	f.sync = true;
	if (!wdi_core_run(f.q, &msg, false)) {
		fuzz_assert(msg.done && !msg.async);
		tag_goes_out(msg.tag);
		assert_ended(&msg);
	}
	f.sync = false;
}

/* What ended without the device is still to come, has come late, or has been lost. */
static void assert_adds_up(void)
{
	const struct wdi_expiry *x = &f.q->expiry;

	fuzz_assert(x->timeouts + x->cancelled == x->quarantined + x->late + x->lost);
	fuzz_assert(f.q->completed + x->timeouts + x->cancelled <= f.q->submitted);
	fuzz_assert(x->quarantined <= f.depth);
}

static bool all_zero(const void *p, size_t len)
{
	static const uint8_t zeros[DUS_SIZE];

	return !memcmp(p, zeros, len);
}

/* The driver writes to the first descriptors and to the client's half of the doorbell. */
static void assert_nothing_else_written(void)
{
	size_t sq_size = f.depth * sizeof(struct sdev_slot);

	fuzz_assert(!memcmp(cq(), f.ring, f.max_depth * sizeof(f.ring[0])));
	fuzz_assert(all_zero(shared.dus + sq_size, SDEV_DUS_CQ_OFF(f.max_depth) - sq_size));
	fuzz_assert(all_zero(shared.db + 1, PAGE - sizeof(*shared.db)));
}

static void one_command(void)
{
	switch (fuzz_uint(&f.in, 1) % 10) {
	case 0:
	case 1:
		send_async();
		break;
	case 2:
	case 3:
		device_acts();
		break;
	case 4:
	case 5:
		poll_async();
		break;
	case 6:
		run_sync();
		break;
	case 7:
		wdi_core_cancel(f.q, (const struct wdi_sess *)&f.sessions[fuzz_uint(&f.in, 1) & 1]);
		break;
	case 8:
		wdi_expire_drain(f.q);
		break;
	default:
		if (fuzz_uint(&f.in, 1) % 8)
			wdi_core_wait(f.q, 0);
		else
			wdi_core_event_fd(f.q);
	}
	assert_adds_up();
	assert_nothing_else_written();
}

/* ---- life ---------------------------------------------------------------- */

static void *fenced(size_t size)
{
	uint8_t *p = mmap(NULL, size + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	fuzz_assert(p != MAP_FAILED && !(size % PAGE));
	fuzz_assert(!mprotect(p + PAGE, size, PROT_READ | PROT_WRITE));
	return p + PAGE;
}

static void shared_clear(void)
{
	if (!shared.dus) {
		shared.status = fenced(PAGE);
		shared.db = fenced(PAGE);
		shared.dus = fenced(DUS_SIZE);
	}
	memset(shared.status, 0, PAGE);
	memset(shared.db, 0, PAGE);
	memset(shared.dus, 0, DUS_SIZE);
}

static const struct wdi_driver *sdev_driver(void)
{
	const struct wdi_driver *const *drv = wdi_drivers;

	while (strcmp((*drv)->name, "weft_sdev"))
		drv++;
	return *drv;
}

/* What the device said of itself may be wrong, but it is whole. */
static bool probe(void)
{
	struct wdi_caps *caps = &f.dev.caps;

	memset(caps, 0, sizeof(*caps));
	if (f.dev.drv->probe(&f.dev.io, caps))
		return false;
	fuzz_assert(caps->queues && wdi_is_pow2(caps->depth));
	fuzz_assert(memchr(caps->engines, 0, sizeof(caps->engines)));
	fuzz_assert(memchr(caps->guard, 0, sizeof(caps->guard)));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&f, 0, sizeof(f));
	shared_clear();
	f.in = (struct fuzz_in){ data, size };
	f.bus.ops = &bus_ops;
	f.bus.step = bus_step;
	f.dev.io.bus = &f.bus;
	f.dev.drv = sdev_driver();
	f.dev.env.inline_steps = 1;
	if (!probe() || wdi_queue_create(&f.dev, 1, f.dev.caps.depth, &f.q))
		return 0;
	f.depth = f.dev.caps.depth;
	fuzz_assert(f.depth <= f.max_depth && f.max_depth <= MAX_DEPTH);
	f.dev.caps.engine_threads = 1;
	for (unsigned int i = 0; i < MAX_COMMANDS && f.in.left; i++)
		one_command();
	wdi_queue_destroy(f.q);
	fuzz_assert(f.sent == f.polled + f.dropped);
	return 0;
}
