/* SPDX-License-Identifier: MIT */
/* Devices: which there are, which are open, and how libwd shows them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/algs.h"
#include "core/core_internal.h"
#include "core/numa.h"
#include "util/log.h"

#define DEVICES_MAX	64
#define SYSFS_CLASS	"/sys/class/uacce/"

static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER;
static struct wdi_device *devices[DEVICES_MAX];

int wdi_io_read(struct wdi_io *io, unsigned int region, uint64_t off, void *buf, size_t len)
{
	return io->bus->ops->read(io->bus, region, off, buf, len);
}

int wdi_io_write(struct wdi_io *io, unsigned int region, uint64_t off, const void *buf, size_t len)
{
	return io->bus->ops->write(io->bus, region, off, buf, len);
}

int wdi_io_map(struct wdi_io *io, unsigned int region, uint64_t off, size_t len, void **out)
{
	return io->bus->ops->map(io->bus, region, off, len, out);
}

bool wdi_io_direct(struct wdi_io *io, unsigned int queue, const void *desc, void *cpl)
{
	struct wdi_bus_dev *bus = io->bus;

	return bus->direct && bus->direct(bus->step_handle, queue, desc, cpl);
}

void wdi_io_lock(struct wdi_io *io)
{
	pthread_mutex_lock(&io->lock);
}

void wdi_io_unlock(struct wdi_io *io)
{
	pthread_mutex_unlock(&io->lock);
}

static const struct wdi_driver *driver_for(const char *api)
{
	for (const struct wdi_driver *const *drv = wdi_drivers; *drv; drv++) {
		if (!strncmp(api, (*drv)->api, strlen((*drv)->api)))
			return *drv;
	}
	return NULL;
}

static uint32_t pow2_at_least(uint32_t v)
{
	uint32_t p = 1;

	while (p < v)
		p <<= 1;
	return p;
}

static int device_open(const struct wdi_bus_info *info, struct wdi_device **out)
{
	struct wdi_device *dev = calloc(1, sizeof(*dev));
	struct wdi_bus_config config;
	int ret;

	if (!dev)
		return -ENOMEM;
	pthread_mutex_init(&dev->io.lock, NULL);
	pthread_mutex_init(&dev->bond_lock, NULL);
	wdi_core_env_load(&dev->env);
	dev->env.queue_depth = pow2_at_least(dev->env.queue_depth);
	dev->info = *info;
	dev->drv = driver_for(info->api);
	if (!dev->drv) {
		wdi_err("%s: no driver for \"%s\"", info->name, info->api);
		ret = -ENODEV;
		goto free_dev;
	}
	config = (struct wdi_bus_config){
		.queues = dev->env.ctx_max,
		.depth = dev->env.queue_depth,
		.engine_threads = dev->env.engine_threads,
		/* The row lists "auto" first, then the modes in the device's order. */
		.guard = (int32_t)dev->env.guard - 1,
		.fault_mode = dev->env.fault_mode,
		/* Bit 0 is "all"; the others stand where the device numbers its libraries. */
		.codecs = dev->env.codecs & 1 ? 0 : dev->env.codecs,
		.crypto = dev->env.crypto & 1 ? 0 : dev->env.crypto,
		.isolate = dev->env.isolate,
		.spin_ns = dev->env.spin_us * UINT64_C(1000),
	};
	ret = info->bus->open(info, &config, &dev->io.bus);
	if (ret)
		goto free_dev;
	ret = dev->drv->probe(&dev->io, &dev->caps);
	if (ret) {
		wdi_err("%s: driver %s does not recognise the device: errno %d", info->name,
			dev->drv->name, -ret);
		goto close_bus;
	}
	if (!dev->io.bus->has_svm) {
		wdi_err("%s: the device cannot share the address space", info->name);
		ret = -EOPNOTSUPP;
		goto close_bus;
	}
	*out = dev;
	return 0;

close_bus:
	dev->io.bus->ops->close(dev->io.bus);
free_dev:
	free(dev);
	return ret;
}

/* ---- fork ----------------------------------------------------------------------- */

/* From a parent, for the contexts that came along. Whoever opens anew gets a device of their own. */
static struct wdi_device *inherited;

/* A device whose work is done by whoever waits for it does none for other processes. */
static void pass_on_prepare(struct wdi_device *dev)
{
	const struct wdi_bus_ops *ops = dev->io.bus->ops;

	dev->passed_on = dev->env.fork == WDI_FORK_INHERIT && dev->caps.engine_threads &&
			 ops->fork_prepare && !ops->fork_prepare(dev->io.bus);
}

static void pass_on_parent(struct wdi_device *dev)
{
	if (dev->passed_on)
		dev->io.bus->ops->fork_parent(dev->io.bus);
}

/*
 * What the child's descriptors point to is its parent's memory. So the device has
 * nothing for the child that takes memory of the runtime's (keys, lists of operands),
 * nor anything that would outlive the child in it.
 */
static void pass_on_child(struct wdi_device *dev)
{
	if (!dev->passed_on) {
		dev->io.bus->ops->forget(dev->io.bus);
		free(dev);
		return;
	}
	dev->io.bus->ops->fork_child(dev->io.bus);
	pthread_mutex_init(&dev->io.lock, NULL);
	pthread_mutex_init(&dev->bond_lock, NULL);
	dev->caps.ops &= UINT32_C(1) << WDI_OP_NOOP | UINT32_C(1) << WDI_OP_COMPRESS |
			 UINT32_C(1) << WDI_OP_DECOMPRESS;
	memset(dev->caps.algs, 0, sizeof(dev->caps.algs));
	dev->caps.fault_report = false;
	dev->env.inline_steps = 0;
	dev->env.inject = "";
	dev->refs = 0;
	dev->inherited = true;
	dev->next_inherited = inherited;
	inherited = dev;
}

struct wdi_device *wdi_device_inherit(const struct wdi_device *dev)
{
	struct wdi_device *d = inherited;

	while (d && d != dev)
		d = d->next_inherited;
	if (d)
		d->refs++;
	return d;
}

static void devices_each(void (*fn)(struct wdi_device *dev))
{
	struct wdi_device *dev, *next;

	for (size_t i = 0; i < DEVICES_MAX; i++) {
		if (devices[i])
			fn(devices[i]);
	}
	for (dev = inherited; dev; dev = next) {
		next = dev->next_inherited;
		fn(dev);
	}
}

static void devices_hold(void)
{
	pthread_mutex_lock(&devices_lock);
	devices_each(pass_on_prepare);
	wdi_bus_fork_hold();
}

static void devices_go_on(void)
{
	wdi_bus_fork_go_on();
	devices_each(pass_on_parent);
	pthread_mutex_unlock(&devices_lock);
}

/* In the child: the parent's devices are not ours, unless they are to be. */
static void devices_forget(void)
{
	struct wdi_device *old[DEVICES_MAX], *dev = inherited, *next;

	memcpy(old, devices, sizeof(old));
	memset(devices, 0, sizeof(devices));
	inherited = NULL;
	for (; dev; dev = next) {
		next = dev->next_inherited;
		pass_on_child(dev);
	}
	for (size_t i = 0; i < DEVICES_MAX; i++) {
		if (old[i])
			pass_on_child(old[i]);
	}
	wdi_bus_forked();
	pthread_mutex_unlock(&devices_lock);
}

static struct wdi_fork_hook devices_fork = {
	.rank = WDI_FORK_DEVICE,
	.prepare = devices_hold,
	.parent = devices_go_on,
	.child = devices_forget,
};
WDI_FORK_HOOK(devices_fork)

int wdi_device_get(const struct wdi_bus_info *info, struct wdi_device **out)
{
	struct wdi_device **place = NULL;
	int ret = 0;

	pthread_mutex_lock(&devices_lock);
	for (size_t i = 0; i < DEVICES_MAX; i++) {
		if (devices[i] && !strcmp(devices[i]->info.name, info->name)) {
			place = &devices[i];
			break;
		}
		if (!devices[i] && !place)
			place = &devices[i];
	}
	if (!place)
		ret = -EMFILE;
	else if (!*place)
		ret = device_open(info, place);
	if (!ret) {
		(*place)->refs++;
		*out = *place;
	}
	pthread_mutex_unlock(&devices_lock);
	return ret;
}

void wdi_device_hold(struct wdi_device *dev)
{
	pthread_mutex_lock(&devices_lock);
	dev->refs++;
	pthread_mutex_unlock(&devices_lock);
}

static void inherited_remove(const struct wdi_device *dev)
{
	struct wdi_device **at = &inherited;

	while (*at && *at != dev)
		at = &(*at)->next_inherited;
	if (*at)
		*at = dev->next_inherited;
}

void wdi_device_put(struct wdi_device *dev)
{
	pthread_mutex_lock(&devices_lock);
	if (--dev->refs == 0) {
		inherited_remove(dev);
		for (size_t i = 0; i < DEVICES_MAX; i++) {
			if (devices[i] == dev)
				devices[i] = NULL;
		}
		dev->io.bus->ops->close(dev->io.bus);
		free(dev);
	}
	pthread_mutex_unlock(&devices_lock);
}

int wdi_device_scan(struct wdi_bus_info *list, unsigned int max)
{
	return wdi_bus_scan(list, max);
}

int wdi_device_find(const struct uacce_dev *dev, struct wdi_bus_info *info)
{
	struct wdi_bus_info list[DEVICES_MAX];
	const char *name = strrchr(dev->dev_root, '/');
	int n = wdi_device_scan(list, DEVICES_MAX);

	name = name ? name + 1 : dev->dev_root;
	for (int i = 0; i < n && i < DEVICES_MAX; i++) {
		if (!strcmp(list[i].name, name)) {
			*info = list[i];
			return 0;
		}
	}
	return -ENODEV;
}

static const struct {
	const char *name;
	enum wdi_format format;
} comp_algs[] = {
	{ "zlib", WDI_FMT_ZLIB },
	{ "gzip", WDI_FMT_GZIP },
	{ "deflate", WDI_FMT_DEFLATE },
};

static bool has_format(const struct wdi_caps *caps, enum wdi_format format)
{
	return caps->comp_formats & caps->decomp_formats & (UINT32_C(1) << format);
}

static void add_word(char *buf, size_t len, size_t *at, const char *word)
{
	if (*at < len)
		*at += (size_t)snprintf(buf + *at, len - *at, "%s\n", word);
}

/* Compression formats, and of the crypto algorithms, which are many, their classes. */
void wdi_device_algs(const struct wdi_caps *caps, char *buf, size_t len)
{
	const char *class = NULL;
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < wdi_array_size(comp_algs); i++) {
		if (has_format(caps, comp_algs[i].format))
			add_word(buf, len, &at, comp_algs[i].name);
	}
	/* Rows of one class stand together. */
	for (size_t i = 0; i < wdi_alg_row_count; i++) {
		const struct wdi_alg_row *row = &wdi_alg_rows[i];

		if (!wdi_caps_alg(caps, row->device) || (class && !strcmp(class, row->class)))
			continue;
		class = row->class;
		add_word(buf, len, &at, class);
	}
}

bool wdi_device_has(const struct wdi_caps *caps, const char *name)
{
	for (size_t i = 0; i < wdi_array_size(comp_algs); i++) {
		if (has_format(caps, comp_algs[i].format) &&
		    (!strcmp(name, comp_algs[i].name) || !strcmp(name, "comp")))
			return true;
	}
	for (size_t i = 0; i < wdi_alg_row_count; i++) {
		const struct wdi_alg_row *row = &wdi_alg_rows[i];

		if (wdi_caps_alg(caps, row->device) &&
		    (!strcmp(name, row->name) || !strcmp(name, row->class)))
			return true;
	}
	return false;
}

/* ---- libwd's view ------------------------------------------------------- */

/* NULL also when the device has not @alg. */
static struct uacce_dev *uacce_from_info(const struct wdi_bus_info *info, const char *alg)
{
	struct wdi_device *dev;
	struct uacce_dev *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	if (wdi_device_get(info, &dev)) {
		free(u);
		return NULL;
	}
	if (!wdi_device_has(&dev->caps, alg)) {
		wdi_device_put(dev);
		free(u);
		return NULL;
	}
	u->flags = UACCE_DEV_SVA;
	u->numa_id = info->numa_id;
	snprintf(u->api, sizeof(u->api), "%s", info->api);
	wdi_device_algs(&dev->caps, u->algs, sizeof(u->algs));
	snprintf(u->dev_root, sizeof(u->dev_root), SYSFS_CLASS "%s", info->name);
	snprintf(u->char_dev_path, sizeof(u->char_dev_path), "/dev/%s", info->name);
	wdi_device_put(dev);
	return u;
}

struct uacce_dev_list *wd_get_accel_list(const char *alg_name)
{
	struct wdi_bus_info list[DEVICES_MAX];
	struct uacce_dev_list *head = NULL, **tail = &head;
	int n;

	if (!alg_name)
		return NULL;
	n = wdi_min(wdi_device_scan(list, DEVICES_MAX), DEVICES_MAX);
	for (int i = 0; i < n; i++) {
		struct uacce_dev *dev = uacce_from_info(&list[i], alg_name);
		struct uacce_dev_list *node;

		if (!dev)
			continue;
		node = calloc(1, sizeof(*node));
		if (!node) {
			free(dev);
			break;
		}
		node->dev = dev;
		*tail = node;
		tail = &node->next;
	}
	return head;
}

void wd_free_list_accels(struct uacce_dev_list *list)
{
	while (list) {
		struct uacce_dev_list *next = list->next;

		free(list->dev);
		free(list);
		list = next;
	}
}

struct uacce_dev *wd_clone_dev(struct uacce_dev *dev)
{
	struct uacce_dev *copy;

	if (!dev)
		return NULL;
	copy = malloc(sizeof(*copy));
	if (copy)
		*copy = *dev;
	return copy;
}

void wd_add_dev_to_list(struct uacce_dev_list *head, struct uacce_dev_list *node)
{
	if (!head || !node)
		return;
	while (head->next)
		head = head->next;
	head->next = node;
}

/*
 * What a device says of itself now, and how many contexts it has in all. @alg: it
 * must have that; NULL: whatever it has.
 */
static int device_query(const struct uacce_dev *dev, const char *alg,
			struct wdi_dev_status *status, int *total)
{
	struct wdi_bus_info info;
	struct wdi_device *d;
	int ret;

	if (!dev)
		return -WD_EINVAL;
	ret = wdi_device_find(dev, &info);
	if (!ret)
		ret = wdi_device_get(&info, &d);
	if (ret)
		return ret;
	if (alg && !wdi_device_has(&d->caps, alg)) {
		wdi_err("%s: no algorithm \"%s\"", info.name, alg);
		ret = -WD_EINVAL;
	} else {
		ret = d->drv->status(&d->io, status);
		*total = (int)d->caps.queues;
	}
	wdi_device_put(d);
	return ret;
}

int wd_get_avail_ctx(struct uacce_dev *dev)
{
	struct wdi_dev_status status;
	int total;
	int ret = device_query(dev, NULL, &status, &total);

	return ret ? ret : (int)status.queues_free;
}

int wd_is_isolate(struct uacce_dev *dev)
{
	struct wdi_dev_status status;
	int total;
	int ret = device_query(dev, NULL, &status, &total);

	return ret ? ret : status.state == WDI_DEV_ISOLATED;
}

struct uacce_dev *wd_find_dev_by_numa(struct uacce_dev_list *list, int numa_id)
{
	struct uacce_dev *best = NULL;
	int most = 0;

	if (!list)
		return WD_ERR_PTR((uintptr_t)-WD_EINVAL);
	for (; list; list = list->next) {
		int avail;

		if (!list->dev || list->dev->numa_id != numa_id)
			continue;
		avail = wd_get_avail_ctx(list->dev);
		if (avail > most) {
			most = avail;
			best = list->dev;
		}
	}
	return best ? best : WD_ERR_PTR((uintptr_t)-WD_ENODEV);
}

/*
 * The device closest to the calling CPU that has a context left. Distances come
 * from libnuma where it is; on one node they are all the same.
 */
struct uacce_dev *wd_get_accel_dev(const char *alg_name)
{
	struct uacce_dev_list *list = wd_get_accel_list(alg_name);
	struct uacce_dev *best = NULL;
	int best_distance = 0;
	int node = wdi_numa_here();

	for (struct uacce_dev_list *at = list; at; at = at->next) {
		int distance = wdi_numa_distance(node, at->dev->numa_id);

		if (wd_get_avail_ctx(at->dev) <= 0)
			continue;
		if (!best || distance < best_distance) {
			best = at->dev;
			best_distance = distance;
		}
	}
	best = wd_clone_dev(best);
	wd_free_list_accels(list);
	return best;
}

/* "hisi_zip-0" of "/dev/hisi_zip-0", or without its number. The caller frees it. */
char *wd_get_accel_name(char *dev_path, int no_apdx)
{
	const char *name;
	const char *dash;

	if (!dev_path || !*dev_path)
		return NULL;
	name = strrchr(dev_path, '/');
	name = name ? name + 1 : dev_path;
	dash = no_apdx ? strrchr(name, '-') : NULL;
	return dash ? strndup(name, (size_t)(dash - name)) : strdup(name);
}

/*
 * Share of the device's contexts that are taken, in percent. The software
 * device has no better measure of load: its engines are the machine's CPUs.
 */
int wd_get_dev_usage(struct uacce_dev *dev, const char *alg_name, __u8 alg_op_type)
{
	struct wdi_dev_status status;
	int total, ret;

	if (!dev || !alg_name || alg_op_type > 1)
		return -WD_EINVAL;
	ret = device_query(dev, alg_name, &status, &total);
	return ret ? ret : (total - (int)status.queues_free) * 100 / total;
}
