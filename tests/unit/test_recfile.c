/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Record files and their replay: what is written is read back, a file cut at any byte gives what came
 * before, a foreign one nothing, and a disk that fills up leaves whole records.
 */
#include "model_stream.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/recfile.h"
#include "../../daemon/replay.h"

#define MAX_FILE_BYTES 8192

static char folder[] = "/tmp/memoir-recfile-XXXXXX";
static char path[64], other_path[64];

static int make_folder(void **state UNUSED)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/recording", folder);
	snprintf(other_path, sizeof(other_path), "%s/other", folder);
	return 0;
}

static int remove_files(void **state UNUSED)
{
	unlink(path);
	unlink(other_path);
	return 0;
}

static int remove_folder(void **state UNUSED)
{
	return rmdir(folder);
}

static void write_bytes(const char *to, const void *bytes, size_t size)
{
	FILE *file = fopen(to, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static size_t read_bytes(const char *from, void *bytes, size_t max)
{
	FILE *file = fopen(from, "r");
	size_t size;

	assert_non_null(file);
	size = fread(bytes, 1, max, file);
	assert_int_equal(fclose(file), 0);
	return size;
}

/* A recording of one empty snapshot; returns its size and, record by record, where each one ends. */
static size_t write_recording(size_t ret_ends[3])
{
	const struct rec_machine machine = stream_machine();
	const struct rec_snapshot_begin begin = {
		.h = HEADER(REC_SNAPSHOT_BEGIN, struct rec_snapshot_begin, 5), .sequence = 1
	};
	const struct rec_snapshot_end end = { .h = HEADER(REC_SNAPSHOT_END, struct rec_snapshot_end, 6) };
	struct recfile *file = NULL;

	assert_int_equal(recfile_create(path, &file), 0);
	assert_int_equal(recfile_bytes(file), sizeof(recfile_header));
	assert_int_equal(recfile_write(file, &machine, sizeof(machine)), 0);
	ret_ends[0] = recfile_bytes(file);
	assert_int_equal(recfile_write(file, &begin, sizeof(begin)), 0);
	ret_ends[1] = recfile_bytes(file);
	assert_int_equal(recfile_write(file, &end, sizeof(end)), 0);
	ret_ends[2] = recfile_bytes(file);
	assert_int_equal(recfile_close(file), 0);
	return ret_ends[2];
}

static void test_what_is_written_is_read(void **state UNUSED)
{
	const __u32 kinds[] = { REC_MACHINE, REC_SNAPSHOT_BEGIN, REC_SNAPSHOT_END };
	__u64 record[RECFILE_MAX_RECORD / sizeof(__u64)];
	const struct rec_machine machine = stream_machine();
	size_t ends[3];
	struct stat st;
	FILE *file;

	write_recording(ends);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, ends[2]);
	assert_int_equal(st.st_mode & 0777, 0600);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(recfile_read_header(file), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(recfile_read(file, record) > 0);
		assert_int_equal(((struct rec_header *)record)->kind, kinds[i]);
		assert_int_equal(ftell(file), ends[i]);
		if (!i)
			assert_memory_equal(record, &machine, sizeof(machine));
	}
	assert_int_equal(recfile_read(file, record), 0);
	fclose(file);
}

static void test_no_file_is_overwritten(void **state UNUSED)
{
	struct recfile *file = NULL;
	char text[5] = "";

	write_bytes(path, "mine", 4);
	assert_int_equal(symlink(path, other_path), 0);
	assert_int_equal(recfile_create(path, &file), -EEXIST);
	assert_int_equal(recfile_create(other_path, &file), -EEXIST);
	unlink(other_path);
	assert_int_equal(symlink("nowhere", other_path), 0);
	assert_int_equal(recfile_create(other_path, &file), -EEXIST);
	assert_int_equal(recfile_create("/dev/full", &file), -EEXIST);
	assert_int_equal(recfile_create(folder, &file), -EEXIST);
	assert_int_equal(recfile_create("", &file), -ENOENT);
	assert_int_equal(recfile_create("/proc/no-such-folder/recording", &file), -ENOENT);
	assert_null(file);
	assert_int_equal(recfile_close(NULL), 0);
	assert_int_equal(read_bytes(path, text, 4), 4);
	assert_string_equal(text, "mine");
}

/* --- files that are not whole, or not ours ---------------------------------------------------- */

static void test_cut_at_every_byte(void **state UNUSED)
{
	__u64 record[RECFILE_MAX_RECORD / sizeof(__u64)];
	unsigned char bytes[MAX_FILE_BYTES];
	size_t ends[3], size = write_recording(ends);

	assert_int_equal(read_bytes(path, bytes, sizeof(bytes)), size);
	for (size_t cut = 0; cut <= size; cut++) {
		FILE *file = fmemopen(bytes, cut + !cut, "r");
		int err = cut ? recfile_read_header(file) : -EINVAL;
		size_t whole = sizeof(recfile_header), n = 0;

		assert_non_null(file);
		assert_int_equal(err, cut < sizeof(recfile_header) ? -EINVAL : 0);
		while (n < 3 && cut >= ends[n]) {
			assert_true(recfile_read(file, record) > 0);
			whole = ends[n++];
		}
		if (!err)
			assert_int_equal(recfile_read(file, record), cut == whole ? 0 : -EPIPE);
		fclose(file);
	}
}

static int read_one(__u32 size, size_t nr_bytes)
{
	unsigned char bytes[sizeof(recfile_header) + RECFILE_MAX_RECORD + 64] = { 0 };
	const struct rec_header header = { .kind = REC_CELLS, .size = size };
	__u64 *record = malloc(RECFILE_MAX_RECORD);
	FILE *file;
	int ret;

	assert_non_null(record);
	memcpy(bytes, &recfile_header, sizeof(recfile_header));
	memcpy(bytes + sizeof(recfile_header), &header, sizeof(header));
	file = fmemopen(bytes, sizeof(recfile_header) + nr_bytes, "r");
	assert_non_null(file);
	assert_int_equal(recfile_read_header(file), 0);
	ret = recfile_read(file, record);
	fclose(file);
	free(record);
	return ret;
}

static void test_sizes(void **state UNUSED)
{
	const size_t all = RECFILE_MAX_RECORD + 64;

	assert_int_equal(read_one(sizeof(struct rec_header), all), sizeof(struct rec_header));
	assert_int_equal(read_one(RECFILE_MAX_RECORD, all), RECFILE_MAX_RECORD);
	assert_int_equal(read_one(RECFILE_MAX_RECORD, RECFILE_MAX_RECORD), RECFILE_MAX_RECORD);
	assert_int_equal(read_one(RECFILE_MAX_RECORD, RECFILE_MAX_RECORD - 1), -EPIPE);
	assert_int_equal(read_one(RECFILE_MAX_RECORD + 8, all), -EINVAL);
	assert_int_equal(read_one(0, all), -EINVAL);
	assert_int_equal(read_one(8, all), -EINVAL);
	assert_int_equal(read_one(20, all), -EINVAL);
	assert_int_equal(read_one(~0u, all), -EINVAL);
	assert_int_equal(read_one(~7u, all), -EINVAL);
}

/* Calls replay_file() and gives what it wrote to standard error. */
static int replay(const char *from, struct model **ret, char message[1024])
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO), err;
	size_t size;

	assert_non_null(file);
	*ret = NULL;
	dup2(fileno(file), STDERR_FILENO);
	err = replay_file("memoird", from, 10, ret);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	size = fread(message, 1, 1023, file);
	message[size] = '\0';
	fclose(file);
	return err;
}

/* One line that names the program and the file, and says why. */
static void expect_message(const char *message, const char *from, const char *reason)
{
	assert_int_equal(strncmp(message, "memoird: ", strlen("memoird: ")), 0);
	assert_non_null(strstr(message, from));
	assert_non_null(strstr(message, reason));
	assert_ptr_equal(strchr(message, '\n'), message + strlen(message) - 1);
}

static void test_replay(void **state UNUSED)
{
	struct model_status status;
	struct model *model;
	char message[1024];
	size_t ends[3];

	write_recording(ends);
	assert_int_equal(replay(path, &model, message), 0);
	assert_string_equal(message, "");
	model_status(model, &status);
	assert_int_equal(status.sequence, 1);
	model_free(model);
}

static void test_replay_of_a_cut_file(void **state UNUSED)
{
	unsigned char bytes[MAX_FILE_BYTES];
	size_t ends[3], size = write_recording(ends);
	struct model_status status;
	struct model *model;
	char message[1024];

	assert_int_equal(read_bytes(path, bytes, sizeof(bytes)), size);
	for (size_t cut = 0; cut < size; cut++) {
		bool is_whole = cut == sizeof(recfile_header) || cut == ends[0] || cut == ends[1];
		int err = cut < sizeof(recfile_header) ? -EINVAL : is_whole ? 0 : -EPIPE;

		write_bytes(other_path, bytes, cut);
		assert_int_equal(replay(other_path, &model, message), err);
		if (err)
			expect_message(message, other_path,
				       err == -EPIPE ? "ends inside a record" : "not a memoir record file");
		if (err == -EINVAL) {
			assert_null(model);
			continue;
		}
		assert_non_null(model);
		model_status(model, &status);
		assert_int_equal(status.machine != NULL, cut >= ends[0]);
		assert_int_equal(status.sequence, 0);
		model_free(model);
	}
}

static void test_replay_of_foreign_files(void **state UNUSED)
{
	unsigned char bytes[MAX_FILE_BYTES];
	size_t ends[3], size = write_recording(ends);
	struct model *model;
	char message[1024];

	assert_int_equal(read_bytes(path, bytes, sizeof(bytes)), size);
	bytes[sizeof(recfile_header) + offsetof(struct rec_machine, layout)] ^= 1;
	write_bytes(other_path, bytes, size);
	assert_int_equal(replay(other_path, &model, message), -EINVAL);
	expect_message(message, other_path, "byte 16: no record of this version");
	assert_null(model);
	assert_int_equal(replay("/proc/self/exe", &model, message), -EINVAL);
	expect_message(message, "/proc/self/exe", "not a memoir record file");
	assert_int_equal(replay("/dev/null", &model, message), -EINVAL);
	expect_message(message, "/dev/null", "not a memoir record file");
	assert_int_equal(replay("/", &model, message), -EIO);
	expect_message(message, "/", "error");
	unlink(other_path);
	assert_int_equal(replay(other_path, &model, message), -ENOENT);
	expect_message(message, other_path, "No such file");
	assert_null(model);
}

/* --- a disk that is full ---------------------------------------------------------------------- */

/* Writes until the file is refused more; returns what the last write said. */
static int fill(struct recfile *file)
{
	struct rec_cells cells = { .h = { REC_CELLS, sizeof(cells), 0 }, .nr = REC_MAX_CELLS };
	int err = 0;

	for (int i = 0; i < 1000 && !err; i++)
		err = recfile_write(file, &cells, sizeof(cells));
	if (err)
		assert_int_equal(recfile_write(file, &cells, sizeof(cells)), err);
	return err;
}

static void expect_whole_records(const char *from)
{
	__u64 record[RECFILE_MAX_RECORD / sizeof(__u64)];
	FILE *file = fopen(from, "r");
	int size, nr = 0;

	assert_non_null(file);
	assert_int_equal(recfile_read_header(file), 0);
	while ((size = recfile_read(file, record)) > 0)
		nr++;
	assert_int_equal(size, 0);
	assert_true(nr > 0);
	fclose(file);
}

/* The kernel refuses to let the file grow, at any place in a record. */
static void test_full_disk(void **state UNUSED)
{
	struct rlimit saved, limit;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
	limit = saved;
	for (rlim_t bytes = 65536; bytes < 3 * 65536; bytes += 7777) {
		struct recfile *file = NULL;
		int err, close_err;

		assert_int_equal(recfile_create(path, &file), 0);
		limit.rlim_cur = bytes;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		err = fill(file);
		close_err = recfile_close(file);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
		assert_int_equal(err, -EFBIG);
		assert_int_equal(close_err, -EFBIG);
		expect_whole_records(path);
		unlink(path);
	}
	signal(SIGXFSZ, handler);
}

/* It is found only when the last records are written, at the end. */
static void test_full_disk_at_the_end(void **state UNUSED)
{
	const struct rec_machine machine = stream_machine();
	struct rlimit saved, limit;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	struct recfile *file = NULL;
	struct stat st;
	int err;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
	limit = saved;
	limit.rlim_cur = 100;
	assert_int_equal(recfile_create(path, &file), 0);
	assert_int_equal(recfile_write(file, &machine, sizeof(machine)), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	err = recfile_close(file);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
	assert_int_equal(err, -EFBIG);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	signal(SIGXFSZ, handler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_what_is_written_is_read, remove_files),
		cmocka_unit_test_teardown(test_no_file_is_overwritten, remove_files),
		cmocka_unit_test_teardown(test_cut_at_every_byte, remove_files),
		cmocka_unit_test_teardown(test_sizes, remove_files),
		cmocka_unit_test_teardown(test_replay, remove_files),
		cmocka_unit_test_teardown(test_replay_of_a_cut_file, remove_files),
		cmocka_unit_test_teardown(test_replay_of_foreign_files, remove_files),
		cmocka_unit_test_teardown(test_full_disk, remove_files),
		cmocka_unit_test_teardown(test_full_disk_at_the_end, remove_files),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
