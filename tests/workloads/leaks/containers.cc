// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leaks of C++ programs: containers that are only added to, objects that hold each other, memory that an
 * exception jumps over. The sites are named in corpus.tsv; containers may inline what is between them and
 * operator new.
 */
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "frame.h"

namespace
{

using Sample = std::array<char, 1000>;

SITE size_t remember_sample()
{
	static auto &samples = *new std::vector<std::unique_ptr<Sample>>;

	samples.push_back(std::make_unique<Sample>());
	samples.back()->fill(1);
	use(samples.back().get());
	count(sizeof(Sample));
	return sizeof(Sample);
}

void vector()
{
	leak_forever(target_bytes, remember_sample);
}
PATTERN("vector", vector);

/* Counted is what was asked for beside the nodes, the texts. */
SITE size_t index_document()
{
	static auto &documents = *new std::map<unsigned long, std::string>;
	static unsigned long nr;
	std::string &text = documents[nr++];

	text.assign(700, 'x');
	use(&text[0]);
	count(701);
	return 701;
}

void map()
{
	leak_forever(target_bytes, index_document);
}
PATTERN("map", map);

SITE size_t cache_page()
{
	static auto &pages = *new std::unordered_map<std::string, std::string>;
	static unsigned long nr;
	std::string &text = pages["https://example.org/" + std::to_string(nr++)];

	text.assign(2000, 'x');
	use(&text[0]);
	count(2001);
	return 2001;
}

void string_cache()
{
	leak_forever(target_bytes, cache_page);
}
PATTERN("string-cache", string_cache);

struct Node {
	std::shared_ptr<Node> other;
	char state[900];
};

/* Two that hold each other are never destroyed. */
SITE size_t link_nodes()
{
	auto one = std::make_shared<Node>(), two = std::make_shared<Node>();

	std::memset(one->state, 1, sizeof(one->state));
	std::memset(two->state, 1, sizeof(two->state));
	one->other = two;
	two->other = one;
	count(2 * sizeof(Node));
	return 2 * sizeof(Node);
}

void cycle()
{
	leak_forever(target_bytes, link_nodes);
}
PATTERN("cycle", cycle);

SITE void check(const char *frame)
{
	if (frame[0])
		throw std::runtime_error("the frame is not empty");
}

/* The exception jumps over the delete. */
SITE size_t parse_frame()
{
	char *frame = new char[1500];

	std::memset(frame, 1, 1500);
	use(frame);
	count(1500);
	check(frame);
	delete[] frame;
	count(-1500);
	return 1500;
}

size_t parse_or_not()
{
	try {
		return parse_frame();
	} catch (const std::runtime_error &) {
		return 1500;
	}
}

void exception()
{
	leak_forever(target_bytes, parse_or_not);
}
PATTERN("exception", exception);

} // namespace
