// SPDX-License-Identifier: GPL-2.0-or-later
/* What is known of the process in question; see view.h. */
#include "view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_JIT_BYTES (64u << 20)
/* Of files that are mapped whole: half of the address space that there is (confine.c). */
#define MANY_MODULE_BYTES (512u << 20)

void view_init(struct view *view, view_ask_fn ask, void *ctx)
{
	memset(view, 0, sizeof(*view));
	view->ask = ask;
	view->ctx = ctx;
}

static void forget_process(struct view *view)
{
	view->nr_regions = 0;
	jitmap_free(&view->jitmap);
	free(view->jit_text.text);
	view->jit_text = (struct text_file){};
	view->has_jitmap = false;
	dwfl_end(view->dwfl);
	view->dwfl = NULL;
}

void view_begin(struct view *view, __u64 number)
{
	if (number != view->number)
		forget_process(view);
	/* Compilers go on writing. */
	view->has_jitmap = false;
	view->number = number;
}

bool view_is_full(const struct view *view)
{
	__u64 bytes = 0;

	/* Sparse files are of any size, but no larger than what can be added up here. */
	for (__u32 i = 0; i < view->nr_modules && bytes <= MANY_MODULE_BYTES; i++)
		bytes += (__u64)view->modules[i]->st.st_size;
	return view->nr_modules > MAX_MODULES / 2 || bytes > MANY_MODULE_BYTES;
}

void view_forget(struct view *view)
{
	forget_process(view);
	for (__u32 i = 0; i < view->nr_modules; i++)
		module_close(view->modules[i]);
	view->nr_modules = 0;
	if (view->vdso)
		module_close(view->vdso);
	view->vdso = NULL;
}

/* --- modules ---------------------------------------------------------------------------------- */

static int ask_debug(void *ctx, const unsigned char *build_id, size_t nr)
{
	struct view *view = ctx;
	struct answer_need need = { .need = NEED_DEBUG };
	struct given given;
	int fd;

	if (nr > sizeof(need.build_id))
		return -1;
	need.h.nr = (__u32)nr;
	memcpy(need.build_id, build_id, nr);
	view->ask(view->ctx, &need, &given, &fd);
	return fd;
}

/* The module of a file that is open, which is the module's or closed. */
static struct module *find_module(struct view *view, int fd)
{
	struct module *module;
	struct stat st;

	if (fstat(fd, &st) < 0)
		st = (struct stat){};
	for (__u32 i = 0; i < view->nr_modules; i++) {
		if (!module_is_of(view->modules[i], &st))
			continue;
		close(fd);
		return view->modules[i];
	}
	module = module_open(fd, ask_debug, view);
	if (module)
		view->modules[view->nr_modules++] = module;
	return module;
}

static struct module *find_vdso(struct view *view)
{
	if (!view->vdso)
		view->vdso = module_open_vdso();
	return view->vdso;
}

/* --- regions ---------------------------------------------------------------------------------- */

const struct region *view_region(struct view *view, __u64 address)
{
	struct answer_need need = { .need = NEED_MAPPING, .address = address };
	struct region *region;
	int fd;

	for (__u32 i = 0; i < view->nr_regions; i++) {
		region = &view->regions[i];
		if (address >= region->given.start && address < region->given.end)
			return region;
	}
	/* A table that is full is filled anew. */
	if (view->nr_regions == MAX_REGIONS)
		view->nr_regions = 0;
	region = &view->regions[view->nr_regions];
	region->module = NULL;
	view->ask(view->ctx, &need, &region->given, &fd);
	if (region->given.start >= region->given.end) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	view->nr_regions++;
	if (region->given.type == GIVEN_VDSO)
		region->module = find_vdso(view);
	else if (fd >= 0)
		region->module = find_module(view, fd);
	return region;
}

/* --- code that was compiled at run time ------------------------------------------------------- */

static void read_jit_text(struct view *view, int fd)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > MAX_JIT_BYTES)
		return;
	view->jit_text.text = malloc((size_t)st.st_size);
	if (!view->jit_text.text)
		return;
	do {
		n = pread(fd, view->jit_text.text + view->jit_text.size,
			  (size_t)st.st_size - view->jit_text.size, (off_t)view->jit_text.size);
		view->jit_text.size += n > 0 ? (size_t)n : 0;
	} while (n > 0 && view->jit_text.size < (size_t)st.st_size);
}

static void read_jitmap(struct view *view)
{
	struct answer_need need = { .need = NEED_JIT };
	struct given given;
	int fd;

	view->has_jitmap = true;
	view->ask(view->ctx, &need, &given, &fd);
	jitmap_free(&view->jitmap);
	free(view->jit_text.text);
	view->jit_text = (struct text_file){};
	if (fd < 0)
		return;
	read_jit_text(view, fd);
	close(fd);
	if (view->jit_text.size && jitmap_parse(view->jit_text.text, view->jit_text.size, &view->jitmap))
		jitmap_free(&view->jitmap);
}

const struct jit_function *view_jit_function(struct view *view, __u64 address)
{
	if (!view->has_jitmap)
		read_jitmap(view);
	return jitmap_find(&view->jitmap, address);
}
