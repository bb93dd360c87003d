/* SPDX-License-Identifier: MIT */
/*
 * Digests: SHA-256 of every file of a folder through one queue, 64 of them in flight.
 * Files are mapped, not read: the device takes the addresses as they are.
 *
 *	cc hash.c $(pkg-config --cflags --libs libwd_crypto libwd) -o hash
 *	./hash FOLDER
 */
#define _GNU_SOURCE	/* asprintf() */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uadk/wd_digest.h>
#include <uadk/wd_sched.h>

#define DEPTH	64

struct file {
	char *path;
	void *data;
	size_t len;
	unsigned char hash[WD_DIGEST_SHA256_LEN];
};

static unsigned int in_flight, failed;

/* Runs inside wd_digest_poll(); the request is the library's copy. */
static void *done(void *request)
{
	struct wd_digest_req *req = request;
	struct file *file = req->cb_param;

	for (int i = 0; !req->state && i < WD_DIGEST_SHA256_LEN; i++)
		printf("%02x", file->hash[i]);
	printf("%s  %s\n", req->state ? "failed" : "", file->path);
	failed += req->state != 0;
	if (file->len)
		munmap(file->data, file->len);
	free(file->path);
	free(file);
	in_flight--;
	return NULL;
}

static void poll_some(void)
{
	__u32 count = 0;

	wd_digest_poll(DEPTH, &count);
}

static void send(handle_t sess, const char *folder, const char *name)
{
	struct file *file = calloc(1, sizeof(*file));
	struct wd_digest_req req = { .out = file->hash, .out_bytes = sizeof(file->hash),
		.out_buf_bytes = sizeof(file->hash), .cb = done, .cb_param = file };
	struct stat st;
	int fd = -1;

	if (asprintf(&file->path, "%s%s%s", folder, *folder ? "/" : "", name) > 0)
		fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		free(file->path);
		free(file);
		return;
	}
	file->len = (size_t)st.st_size;
	if (file->len)
		file->data = mmap(NULL, file->len, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	req.in = file->data;
	req.in_bytes = (__u32)file->len;
	in_flight++;
	while (in_flight > DEPTH || wd_do_digest_async(sess, &req) == -WD_EBUSY)
		poll_some();
}

int main(int argc, char **argv)
{
	struct wd_ctx_nums nums = { .async_ctx_num = 1 };
	struct wd_ctx_params params = { .op_type_num = 1, .ctx_set_num = &nums };
	struct wd_digest_sess_setup setup = { .alg = WD_DIGEST_SHA256, .mode = WD_DIGEST_NORMAL };
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	handle_t sess;

	if (argc != 2 || wd_digest_init2_("sha256", SCHED_POLICY_RR, TASK_MIX, &params)) {
		fprintf(stderr, "usage: hash FOLDER\n");
		return 2;
	}
	sess = wd_digest_alloc_sess(&setup);
	if (dir) {
		while ((entry = readdir(dir)))
			send(sess, argv[1], entry->d_name);
		closedir(dir);
	} else {
		send(sess, "", argv[1]);
	}
	while (in_flight)
		poll_some();
	wd_digest_free_sess(sess);
	wd_digest_uninit2();
	return failed != 0;
}
