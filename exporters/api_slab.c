// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Slab allocations of the JSON API: the last look at what was asked for and what was given, by call site
 * and by process, and what the caches hold.
 */
#include "api_request.h"
#include "frames.h"

#include <stdlib.h>
#include <string.h>

/* Of each list so many are shown, those that waste most. */
#define MAX_SHOWN 50u

/* Of one row or of several. */
struct sums {
	__u64 nr, requested_bytes, given_bytes; /* of samples */
	double wasted_squares;
};

/* A process may have had another name before: that of the call site with most allocations is shown. */
struct owner {
	const struct task_identity *id;
	__u64 nr_by_name;
	struct sums sums;
};

static void sums_add(struct sums *sums, const struct rec_slab_site *site)
{
	sums->nr += site->nr_samples;
	sums->requested_bytes += site->requested_bytes;
	sums->given_bytes += site->given_bytes;
	sums->wasted_squares += (double)site->wasted_squares;
}

static __u64 root(double square)
{
	return square < 0x1p62 ? square_root((__u64)square) : root(square / 256) << 4;
}

/*
 * Of n samples with the values x, each met with the probability 1/every, the sum is estimated as every *
 * sum(x), with a variance of every * (every - 1) * sum(x^2) (Horvitz and Thompson, 1952, for independent
 * choices).
 */
static void write_sums(struct request *request, const struct sums *sums)
{
	__u32 every = model_slab(request->model)->every;
	double scale = (double)every * (every - 1.0);
	struct json *json = &request->json;

	json_add_u64(json, "count", sums->nr * every);
	json_add_u64(json, "count_error", root(scale * (double)sums->nr));
	json_add_u64(json, "requested_bytes", sums->requested_bytes * every);
	json_add_u64(json, "given_bytes", sums->given_bytes * every);
	json_add_u64(json, "wasted_bytes", (sums->given_bytes - sums->requested_bytes) * every);
	json_add_u64(json, "wasted_bytes_error", root(scale * sums->wasted_squares));
}

static __u64 wasted(__u64 requested_bytes, __u64 given_bytes)
{
	return given_bytes - requested_bytes;
}

/* For qsort(): the largest first. */
static int descending(__u64 a, __u64 b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

/* --- by call site ----------------------------------------------------------------------------- */

static int compare_sites(const void *a, const void *b)
{
	const struct rec_slab_site *site_a = *(const struct rec_slab_site *const *)a;
	const struct rec_slab_site *site_b = *(const struct rec_slab_site *const *)b;

	return descending(wasted(site_a->requested_bytes, site_a->given_bytes),
			  wasted(site_b->requested_bytes, site_b->given_bytes));
}

static void write_sites(struct request *request, const struct rec_slab_site **sites, __u32 nr)
{
	struct json *json = &request->json;

	qsort(sites, nr, sizeof(void *), compare_sites);
	json_array_begin(json, "sites");
	for (__u32 i = 0; i < nr && i < MAX_SHOWN; i++) {
		struct sums sums = {};
		char name[FRAME_NAME_LEN];

		sums_add(&sums, sites[i]);
		address_name(request->model, sites[i]->call_site, name);
		json_object_begin(json, NULL);
		write_task(request, &sites[i]->id);
		json_add_string(json, "call_site", name);
		json_add_string(json, "cache", sites[i]->cache[0] ? sites[i]->cache : "kmalloc");
		write_sums(request, &sums);
		json_object_end(json);
	}
	json_array_end(json);
}

/* --- by process ------------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	const struct task_identity *id_a = &(*(const struct rec_slab_site *const *)a)->id;
	const struct task_identity *id_b = &(*(const struct rec_slab_site *const *)b)->id;

	return id_a->tgid != id_b->tgid ? descending(id_a->tgid, id_b->tgid)
					: descending(id_a->start_ns, id_b->start_ns);
}

static int compare_owners(const void *a, const void *b)
{
	const struct sums *sums_a = &((const struct owner *)a)->sums,
			  *sums_b = &((const struct owner *)b)->sums;

	return descending(wasted(sums_a->requested_bytes, sums_a->given_bytes),
			  wasted(sums_b->requested_bytes, sums_b->given_bytes));
}

static void write_owners(struct request *request, const struct rec_slab_site **sites, struct owner *owners,
			 __u32 nr)
{
	struct json *json = &request->json;
	__u32 nr_owners = 0;

	qsort(sites, nr, sizeof(void *), compare_ids);
	for (__u32 i = 0; i < nr; i++) {
		struct owner *owner;

		if (!i || compare_ids(&sites[i - 1], &sites[i]) != 0)
			owners[nr_owners++] = (struct owner){};
		owner = &owners[nr_owners - 1];
		sums_add(&owner->sums, sites[i]);
		if (sites[i]->nr_samples < owner->nr_by_name)
			continue;
		owner->id = &sites[i]->id;
		owner->nr_by_name = sites[i]->nr_samples;
	}
	qsort(owners, nr_owners, sizeof(*owners), compare_owners);
	json_array_begin(json, "processes");
	for (__u32 i = 0; i < nr_owners && i < MAX_SHOWN; i++) {
		json_object_begin(json, NULL);
		write_task(request, owners[i].id);
		write_sums(request, &owners[i].sums);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_given(struct request *request)
{
	__u32 nr = model_nr_slab_sites(request->model);
	const struct rec_slab_site **sites = calloc(nr + 1, sizeof(void *));
	struct owner *owners = calloc(nr + 1, sizeof(*owners));
	struct sums total = {};

	if (sites && owners) {
		for (__u32 i = 0; i < nr; i++) {
			sites[i] = model_slab_site(request->model, i);
			sums_add(&total, sites[i]);
		}
		json_object_begin(&request->json, "total");
		write_sums(request, &total);
		json_object_end(&request->json);
		write_sites(request, sites, nr);
		write_owners(request, sites, owners, nr);
	} else {
		request->json.text->is_failed = true;
	}
	free(sites);
	free(owners);
}

/* --- caches ----------------------------------------------------------------------------------- */

static __u64 unused_bytes(const struct rec_slab_cache *cache)
{
	return cache->held_bytes - cache->nr_objects * cache->object_bytes;
}

static int compare_caches(const void *a, const void *b)
{
	return descending(unused_bytes(*(const struct rec_slab_cache *const *)a),
			  unused_bytes(*(const struct rec_slab_cache *const *)b));
}

static void write_caches(struct request *request)
{
	__u32 nr = model_nr_slab_caches(request->model);
	const struct rec_slab_cache **caches = calloc(nr + 1, sizeof(void *));
	struct json *json = &request->json;

	if (!nr)
		json_add_null(json, "caches");
	if (!caches)
		json->text->is_failed = true;
	if (!nr || !caches) {
		free(caches);
		return;
	}
	for (__u32 i = 0; i < nr; i++)
		caches[i] = model_slab_cache(request->model, i);
	qsort(caches, nr, sizeof(void *), compare_caches);
	json_array_begin(json, "caches");
	for (__u32 i = 0; i < nr && i < MAX_SHOWN; i++) {
		json_object_begin(json, NULL);
		json_add_string(json, "name", caches[i]->name);
		json_add_u64(json, "objects", caches[i]->nr_objects);
		json_add_u64(json, "object_bytes", caches[i]->object_bytes);
		json_add_u64(json, "held_bytes", caches[i]->held_bytes);
		json_add_u64(json, "unused_bytes", unused_bytes(caches[i]));
		json_object_end(json);
	}
	json_array_end(json);
	free(caches);
}

/* --- all of it -------------------------------------------------------------------------------- */

enum api_status slab_reply(struct request *request)
{
	const struct rec_slab *slab = model_slab(request->model);
	__u64 end_ns = request->context->slab_end_ns, now_ns = request->context->now_ns;
	struct json *json = &request->json;

	json_add_bool(json, "is_running", end_ns);
	json_add_u64(json, "remaining_ns", end_ns > now_ns ? end_ns - now_ns : 0);
	if (!slab) {
		json_add_null(json, "look");
		return API_OK;
	}
	json_object_begin(json, "look");
	json_add_u64(json, "age_ns", age_ns(request, slab->h.time_ns));
	json_add_u64(json, "duration_ns", slab->duration_ns);
	json_add_u64(json, "every", slab->every);
	json_add_string(json, "reason", slab->why_not);
	json_add_u64(json, "lost_samples", slab->nr_lost);
	if (slab->every) {
		write_given(request);
		write_caches(request);
	}
	json_object_end(json);
	return API_OK;
}
