/* SPDX-License-Identifier: MIT */
#include "elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SCRIPTS_MAX	4	/* as deep as the kernel goes */
#define OBJECTS_MAX	64	/* libraries that are looked at */
#define ZLIB_SONAME	"libz.so.1"

struct file {
	const uint8_t *data;
	size_t len;
};

static int map_file(struct file *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *at;

	*f = (struct file){ 0 };
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size) {
		close(fd);
		return -ENOEXEC;
	}
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return -ENOMEM;
	*f = (struct file){ at, (size_t)st.st_size };
	return 0;
}

static void unmap_file(struct file *f)
{
	if (f->data)
		munmap((void *)(uintptr_t)f->data, f->len);
	f->data = NULL;
}

/* @len bytes at @at of the file, or NULL. */
static const void *part(const struct file *f, uint64_t at, uint64_t len)
{
	return at <= f->len && len <= f->len - at ? f->data + at : NULL;
}

/* ---- one ELF file ------------------------------------------------------- */

struct elf {
	struct file file;
	const ElfW(Ehdr) *head;
	const ElfW(Phdr) *segments;
	const ElfW(Dyn) *dynamic;
	size_t dynamic_count;
	const char *strings;	/* the dynamic string table, which ends with a zero */
	size_t strings_len;
};

/* Where an address of the image lies in the file. */
static const void *at_address(const struct elf *e, uint64_t address, uint64_t len)
{
	for (unsigned int i = 0; i < e->head->e_phnum; i++) {
		const ElfW(Phdr) *p = &e->segments[i];

		if (p->p_type == PT_LOAD && address >= p->p_vaddr &&
		    address - p->p_vaddr < p->p_filesz &&
		    len <= p->p_filesz - (address - p->p_vaddr))
			return part(&e->file, p->p_offset + (address - p->p_vaddr), len);
	}
	return NULL;
}

static const ElfW(Phdr) *segment(const struct elf *e, unsigned int type)
{
	for (unsigned int i = 0; i < e->head->e_phnum; i++) {
		if (e->segments[i].p_type == type)
			return &e->segments[i];
	}
	return NULL;
}

static uint64_t dynamic_value(const struct elf *e, int64_t tag)
{
	for (size_t i = 0; i < e->dynamic_count && e->dynamic[i].d_tag != DT_NULL; i++) {
		if (e->dynamic[i].d_tag == tag)
			return e->dynamic[i].d_un.d_val;
	}
	return 0;
}

static const char *string_at(const struct elf *e, uint64_t at)
{
	return at < e->strings_len ? e->strings + at : NULL;
}

static void find_dynamic(struct elf *e)
{
	const ElfW(Phdr) *p = segment(e, PT_DYNAMIC);
	uint64_t len;

	if (!p || p->p_offset % sizeof(long))
		return;
	e->dynamic = part(&e->file, p->p_offset, p->p_filesz);
	if (!e->dynamic)
		return;
	e->dynamic_count = p->p_filesz / sizeof(*e->dynamic);
	len = dynamic_value(e, DT_STRSZ);
	e->strings = len ? at_address(e, dynamic_value(e, DT_STRTAB), len) : NULL;
	e->strings_len = e->strings && !e->strings[len - 1] ? len : 0;
}

/* What this very program is, is what a program must be to load our library. */
static bool our_kind(const ElfW(Ehdr) *head)
{
	static const uint16_t one = 1;
	const bool little = *(const uint8_t *)&one;

	return head->e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
		head->e_ident[EI_DATA] == (little ? ELFDATA2LSB : ELFDATA2MSB) &&
#if defined(__x86_64__)
		head->e_machine == EM_X86_64;
#elif defined(__aarch64__)
		head->e_machine == EM_AARCH64;
#else
		true;
#endif
}

static bool is_elf(const struct file *f)
{
	return f->len >= EI_NIDENT && !memcmp(f->data, ELFMAG, SELFMAG);
}

/* False when it is not a whole ELF file of our kind. */
static bool elf_parse(struct elf *e)
{
	e->head = part(&e->file, 0, sizeof(*e->head));
	if (!e->head || !is_elf(&e->file) || !our_kind(e->head) ||
	    e->head->e_phentsize != sizeof(*e->segments) || e->head->e_phoff % sizeof(long))
		return false;
	e->segments = part(&e->file, e->head->e_phoff,
			   (uint64_t)e->head->e_phnum * sizeof(*e->segments));
	if (!e->segments)
		return false;
	find_dynamic(e);
	return true;
}

/*
 * A zlib that was linked into something carries two lines, " deflate VERSION
 * Copyright 1995-YEAR ..." and the same of inflate; either will do.
 */
static bool has_zlib_inside(const struct file *f)
{
	static const char mark[] = "flate 1.", rest[] = " Copyright 1995-";
	const uint8_t *at = f->data, *end = f->data + f->len;

	while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1))) {
		size_t left = (size_t)(end - at);

		at += sizeof(mark) - 1;
		if (memmem(at, left > 48 ? 40 : left - (sizeof(mark) - 1), rest, sizeof(rest) - 1))
			return true;
	}
	return false;
}

/* ---- the libraries that a program names ---------------------------------- */

struct walk {
	struct program *program;
	char origin[PATH_MAX];		/* folder of the program */
	char seen[OBJECTS_MAX][256];
	size_t seen_count;
};

static bool try_folder(const char *folder, size_t len, const char *origin, const char *name,
		       char *path)
{
	static const char token[] = "$ORIGIN", braced[] = "${ORIGIN}";
	size_t skip = !strncmp(folder, token, sizeof(token) - 1) ? sizeof(token) - 1 :
		!strncmp(folder, braced, sizeof(braced) - 1) ? sizeof(braced) - 1 : 0;
	int n;

	if (!len || skip > len)
		return false;
	n = snprintf(path, PATH_MAX, "%s%.*s/%s", skip ? origin : "", (int)(len - skip),
		     folder + skip, name);
	return n < PATH_MAX && !access(path, R_OK);
}

static bool try_list(const char *list, const char *origin, const char *name, char *path)
{
	while (list && *list) {
		size_t len = strcspn(list, ":");

		if (try_folder(list, len, origin, name, path))
			return true;
		list += len + (list[len] == ':');
	}
	return false;
}

/* Where the loader would find @name; its cache and configuration are not read. */
static bool find_library(const struct elf *e, const char *origin, const char *name, char *path)
{
	static const char usual[] =
#ifdef __x86_64__
		"/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:"
#elif defined(__aarch64__)
		"/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu:"
#endif
		"/lib64:/usr/lib64:/lib:/usr/lib:/usr/local/lib";
	const char *own = string_at(e, dynamic_value(e, DT_RUNPATH));

	if (strchr(name, '/'))
		return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX && !access(path, R_OK);
	if (!own || !*own)
		own = string_at(e, dynamic_value(e, DT_RPATH));
	return try_list(own, origin, name, path) ||
		try_list(getenv("LD_LIBRARY_PATH"), origin, name, path) ||
		try_list(usual, origin, name, path);
}

static void folder_of(const char *path, char *folder)
{
	char *slash;

	if (!realpath(path, folder))
		snprintf(folder, PATH_MAX, "%s", path);
	slash = strrchr(folder, '/');
	if (slash)
		*slash = 0;
}

static void walk_needed(struct walk *w, const struct elf *e, const char *origin);

static void walk_library(struct walk *w, const char *path)
{
	struct elf e = { 0 };
	char origin[PATH_MAX];

	if (map_file(&e.file, path))
		return;
	if (elf_parse(&e)) {
		if (!*w->program->own_zlib && has_zlib_inside(&e.file))
			snprintf(w->program->own_zlib, sizeof(w->program->own_zlib), "%s", path);
		folder_of(path, origin);
		walk_needed(w, &e, origin);
	}
	unmap_file(&e.file);
}

static bool seen_before(struct walk *w, const char *name)
{
	for (size_t i = 0; i < w->seen_count; i++) {
		if (!strcmp(w->seen[i], name))
			return true;
	}
	if (w->seen_count == OBJECTS_MAX || strlen(name) >= sizeof(w->seen[0]))
		return true;
	strcpy(w->seen[w->seen_count++], name);
	return false;
}

static void walk_needed(struct walk *w, const struct elf *e, const char *origin)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < e->dynamic_count && e->dynamic[i].d_tag != DT_NULL; i++) {
		const char *name = e->dynamic[i].d_tag == DT_NEEDED ?
			string_at(e, e->dynamic[i].d_un.d_val) : NULL;

		if (!name || seen_before(w, name))
			continue;
		if (!strcmp(name, ZLIB_SONAME))
			w->program->needs_zlib = true;
		else if (find_library(e, origin, name, path))
			walk_library(w, path);
	}
}

/* ---- the program -------------------------------------------------------- */

/* As execvp() finds it. */
static int find_program(const char *name, char *path)
{
	const char *list = getenv("PATH");
	int ret = -ENOENT;

	if (strchr(name, '/')) {
		if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX)
			return -ENAMETOOLONG;
		return access(path, X_OK) ? -errno : 0;
	}
	if (!list)
		list = "/bin:/usr/bin";
	for (;;) {
		size_t len = strcspn(list, ":");
		struct stat st;

		if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)len, list, len ? "/" : "", name) <
		    PATH_MAX && !stat(path, &st) && S_ISREG(st.st_mode)) {
			if (!access(path, X_OK))
				return 0;
			ret = -EACCES;
		}
		if (!list[len])
			return ret;
		list += len + 1;
	}
}

/* The kernel gives it the rights of its owner or of its file, and the loader hears of that. */
static bool is_privileged(const char *path)
{
	struct statvfs fs;
	struct stat st;

	if (stat(path, &st) || (!statvfs(path, &fs) && fs.f_flag & ST_NOSUID))
		return false;
	if (st.st_mode & S_ISUID && st.st_uid != geteuid())
		return true;
	if (st.st_mode & S_ISGID && st.st_mode & S_IXGRP && st.st_gid != getegid())
		return true;
	return geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

/* The interpreter of a script, from its first line; false when it is none. */
static bool interpreter(const struct file *f, char *path)
{
	const char *at = (const char *)f->data;
	size_t left = f->len, len = 0;

	if (left < 3 || at[0] != '#' || at[1] != '!')
		return false;
	at += 2;
	left -= 2;
	while (left && (*at == ' ' || *at == '\t')) {
		at++;
		left--;
	}
	while (len < left && !strchr(" \t\n", at[len]) && at[len])
		len++;
	if (!len || len >= PATH_MAX)
		return false;
	memcpy(path, at, len);
	path[len] = 0;
	/* "env NAME": the one that it finds. */
	if (len >= 4 && !strcmp(path + len - 4, "/env")) {
		char name[256];
		size_t n = 0;

		at += len;
		left -= len;
		while (left && (*at == ' ' || *at == '\t')) {
			at++;
			left--;
		}
		while (n < left && n + 1 < sizeof(name) && !strchr(" \t\n", at[n]) && at[n]) {
			name[n] = at[n];
			n++;
		}
		name[n] = 0;
		if (n && name[0] != '-' && !strchr(name, '='))
			(void)find_program(name, path);
	}
	return true;
}

static void examine_elf(struct program *p, struct elf *e)
{
	struct walk *w;

	if (!elf_parse(e)) {
		p->kind = PROGRAM_OTHER;
		return;
	}
	if (has_zlib_inside(&e->file))
		snprintf(p->own_zlib, sizeof(p->own_zlib), "%s", p->path);
	if (!segment(e, PT_INTERP)) {
		p->kind = PROGRAM_STATIC;
		return;
	}
	w = calloc(1, sizeof(*w));
	if (!w)
		return;
	w->program = p;
	folder_of(p->path, w->origin);
	walk_needed(w, e, w->origin);
	free(w);
}

int program_examine(struct program *p, const char *name)
{
	int ret;

	memset(p, 0, sizeof(*p));
	ret = find_program(name, p->path);
	if (ret)
		return ret;
	for (unsigned int depth = 0; depth <= SCRIPTS_MAX; depth++) {
		char next[PATH_MAX];
		struct elf e = { 0 };

		/* One may be allowed to run a file and not to read it. */
		p->privileged |= is_privileged(p->path);
		p->kind = PROGRAM_UNKNOWN;
		if (map_file(&e.file, p->path))
			return 0;
		if (is_elf(&e.file)) {
			p->kind = PROGRAM_DYNAMIC;
			examine_elf(p, &e);
			unmap_file(&e.file);
			return 0;
		}
		/* The rights of a script's file count for nothing. */
		p->privileged = false;
		if (!interpreter(&e.file, next)) {
			unmap_file(&e.file);
			return 0;
		}
		unmap_file(&e.file);
		if (!*p->script)
			snprintf(p->script, sizeof(p->script), "%s", p->path);
		snprintf(p->path, sizeof(p->path), "%s", next);
	}
	return 0;
}
