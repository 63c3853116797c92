// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For each line of standard input: keeps 1,000 bytes by operator new, gives back 100 others by the operator
 * delete that is told their size, which calls the one that is not, and asks for more than there is, which
 * throws an exception. Then it says how many it has caught, as one line of JSON, and once at the
 * begin. It ends with its input.
 */
#include <cstdio>
#include <new>

/* So that the compiler cannot know that it fails. */
static volatile size_t too_much = static_cast<size_t>(1) << 62;
static char *volatile kept;

struct block {
	char bytes[100];
};

static block *volatile passing;

int main()
{
	char line[64];
	int caught = 0;

	setvbuf(stdout, nullptr, _IONBF, 0);
	do {
		printf("{\"caught\": %d}\n", caught);
		if (!fgets(line, sizeof(line), stdin))
			break;
		kept = new char[1000];
		passing = new block;
		delete passing;
		try {
			kept = new char[too_much];
		} catch (const std::bad_alloc &) {
			caught++;
		}
	} while (true);
	return 0;
}
