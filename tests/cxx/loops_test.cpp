// SPDX-License-Identifier: Apache-2.0
//
// skua.hpp: results of every loop with 1 to 3 workers, types that own memory, and exceptions that come back once, with
// nothing leaked.
#include <skua/skua.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#define REQUIRE(condition)                                                                                             \
	((condition) ? (void)0                                                                                         \
		     : (std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition), std::abort()))

namespace
{

// Counts its objects: each that is made must be destroyed.
struct counted {
	static std::atomic<long> alive;
	long value;
	explicit counted(long v = 0) : value(v)
	{
		alive++;
	}
	counted(const counted &other) : value(other.value)
	{
		alive++;
	}
	counted(counted &&other) noexcept : value(other.value)
	{
		alive++;
	}
	counted &operator=(const counted &) = default;
	counted &operator=(counted &&) = default;
	~counted()
	{
		alive--;
	}
};
std::atomic<long> counted::alive{ 0 };

void loops()
{
	std::vector<int> once(10000);
	skua::parallel_for(0, once.size(), [&](std::size_t i) { once[i]++; });
	skua::parallel_for(0, once.size(), [&](std::size_t begin, std::size_t end) {
		for (std::size_t i = begin; i < end; i++)
			once[i]++;
	});
	skua::parallel_for(0, once.size(), [&](std::size_t i) { once[i]++; }, { SKUA_STATIC, 0 });
	skua::parallel_for(0, once.size(), [&](std::size_t i) { once[i]++; }, { SKUA_FIXED, 16 });
	skua::parallel_for(5, 5, [&](std::size_t) { std::abort(); });
	REQUIRE(std::all_of(once.begin(), once.end(), [](int n) { return n == 4; }));

	std::vector<int> cells(100 * 70);
	skua::parallel_for_2d(100, 70, [&](std::size_t r, std::size_t c) { cells[r * 70 + c]++; });
	skua::parallel_for_2d(100, 70, [&](std::size_t r0, std::size_t r1, std::size_t c0, std::size_t c1) {
		for (std::size_t r = r0; r < r1; r++)
			for (std::size_t c = c0; c < c1; c++)
				cells[r * 70 + c]++;
	});
	REQUIRE(std::all_of(cells.begin(), cells.end(), [](int n) { return n == 2; }));
}

void reductions()
{
	auto add = [](std::size_t begin, std::size_t end, long sum) {
		for (std::size_t i = begin; i < end; i++)
			sum += static_cast<long>(i);
		return sum;
	};
	REQUIRE(skua::parallel_reduce(0, 100000, 0L, add, std::plus<>()) == 4999950000);
	REQUIRE(skua::parallel_reduce_ordered(0, 100000, 0L, add, std::plus<>()) == 4999950000);
	REQUIRE(skua::parallel_reduce(3, 3, 42L, add, std::plus<>()) == 42);

	std::string expected;
	for (std::size_t i = 0; i < 20000; i++)
		expected += static_cast<char>('a' + i * 7 % 26);
	auto append = [](std::size_t begin, std::size_t end, std::string text) {
		for (std::size_t i = begin; i < end; i++)
			text += static_cast<char>('a' + i * 7 % 26);
		return text;
	};
	REQUIRE(skua::parallel_reduce(0, 20000, std::string(), append, std::plus<>()) == expected);
	REQUIRE(skua::parallel_reduce_ordered(0, 20000, std::string(), append, std::plus<>()) == expected);

	auto count = [](std::size_t begin, std::size_t end, counted sum) {
		return counted(sum.value + static_cast<long>(end - begin));
	};
	auto join = [](const counted &a, const counted &b) { return counted(a.value + b.value); };
	REQUIRE(skua::parallel_reduce(0, 50000, counted(0), count, join).value == 50000);
	REQUIRE(counted::alive == 0);
}

void scans()
{
	std::vector<long> in(100000), out(in.size()), expected(in.size());
	std::iota(in.begin(), in.end(), -300);
	std::partial_sum(in.begin(), in.end(), expected.begin());
	skua::inclusive_scan(in.begin(), in.end(), out.begin(), 0L, std::plus<>());
	REQUIRE(out == expected);
	skua::inclusive_scan(in.begin(), in.end(), in.begin(), 0L, std::plus<>());
	REQUIRE(in == expected);
}

void sorts()
{
	for (std::size_t count : { 0u, 1u, 2u, 50u, 3000u, 50000u }) {
		std::vector<double> numbers(count);
		std::vector<std::string> words(count);
		for (std::size_t i = 0; i < count; i++) {
			numbers[i] = static_cast<double>(i * 7919 % (count + 1));
			words[i] = std::to_string(i * 7919 % 1000) + " and what makes it too long for its own place";
		}
		std::vector<double> sorted_numbers = numbers;
		std::vector<std::string> sorted_words = words;
		std::stable_sort(sorted_numbers.begin(), sorted_numbers.end(), std::greater<>());
		std::stable_sort(sorted_words.begin(), sorted_words.end());
		skua::sort(numbers.begin(), numbers.end(), std::greater<>());
		skua::sort(words.begin(), words.end());
		REQUIRE(numbers == sorted_numbers);
		REQUIRE(words == sorted_words);
	}
}

void functions()
{
	int a = 0, b = 0, c = 0;
	skua::invoke([&] { a = 1; }, [&] { b = 2; }, [&] { c = 3; });
	REQUIRE(a == 1 && b == 2 && c == 3);
	skua::invoke([&] { a = 4; });
	skua::invoke();
	REQUIRE(a == 4);
	REQUIRE(skua::run([&] { return std::string("x") + std::to_string(a); }) == "x4");
	REQUIRE(&skua::run([&]() -> int & { return b; }) == &b);
	skua::run([&] { c = 5; });
	REQUIRE(c == 5);
	REQUIRE(skua::run([] { return counted(9); }).value == 9);
	REQUIRE(counted::alive == 0);
}

void instances()
{
	{
		skua::local<std::vector<std::size_t>> seen;
		skua::local<counted> made;
		skua::parallel_for(0, 30000, [&](std::size_t i) {
			seen.mine().push_back(i);
			made.mine().value++;
		});
		std::vector<std::size_t> all;
		long total = 0;
		seen.each([&](std::vector<std::size_t> &mine) { all.insert(all.end(), mine.begin(), mine.end()); });
		made.each([&](counted &mine) { total += mine.value; });
		std::sort(all.begin(), all.end());
		for (std::size_t i = 0; i < 30000; i++)
			REQUIRE(all[i] == i);
		REQUIRE(total == 30000);
	}
	REQUIRE(counted::alive == 0);
}

// --- exceptions ---

template <class F> void must_throw(F f)
{
	bool caught = false;
	try {
		f();
	} catch (const std::runtime_error &error) {
		caught = std::string(error.what()) == "thrown";
	}
	REQUIRE(caught);
	REQUIRE(counted::alive == 0);
}

[[noreturn]] void fail()
{
	throw std::runtime_error("thrown");
}

struct throws_when_made {
	counted member;
	throws_when_made()
	{
		if (++made > 1 || skua_workers() == 1)
			fail();
	}
	static std::atomic<int> made;
};
std::atomic<int> throws_when_made::made{ 0 };

void exceptions()
{
	must_throw([] { skua::parallel_for(0, 10000, [](std::size_t i) { i % 100 == 77 ? fail() : void(); }); });
	must_throw([] {
		skua::parallel_for_2d(100, 100, [](std::size_t r, std::size_t) { r == 50 ? fail() : void(); });
	});
	must_throw([] {
		skua::parallel_reduce(
			0, 10000, counted(0),
			[](std::size_t, std::size_t end, counted sum) {
				counted more(1);
				if (end > 9000)
					fail();
				return sum;
			},
			[](const counted &a, const counted &) { return a; });
	});
	must_throw([] {
		skua::parallel_reduce_ordered(
			0, 10000, counted(0), [](std::size_t, std::size_t, counted sum) { return sum; },
			[](const counted &, const counted &) -> counted { fail(); });
	});
	must_throw([] {
		std::vector<long> in(10000, 1);
		skua::inclusive_scan(in.begin(), in.end(), in.begin(), 0L, [](long a, long b) {
			if (a + b == 5)
				fail();
			return a + b;
		});
	});
	must_throw([] {
		std::vector<int> numbers(5000);
		for (std::size_t i = 0; i < numbers.size(); i++)
			numbers[i] = static_cast<int>(i * 7919 % 5000);
		skua::sort(numbers.begin(), numbers.end(), [](int a, int b) {
			if (a == 2500)
				fail();
			return a < b;
		});
	});
	must_throw([] { skua::invoke([] {}, [] { fail(); }, [] {}); });
	must_throw([] { skua::run([]() -> std::string { fail(); }); });
	throws_when_made::made = 0;
	must_throw([] { skua::local<throws_when_made> local; });
	must_throw([] {
		auto inner = [](std::size_t) { skua::parallel_for(0, 100, [](std::size_t) { fail(); }); };
		skua::parallel_for(0, 100, inner);
	});
}

void everything()
{
	loops();
	reductions();
	scans();
	sorts();
	functions();
	instances();
	exceptions();
}

} // namespace

int main()
{
	for (unsigned workers = 1; workers <= 3; workers++) {
		skua_config config = {};
		config.workers = workers;
		config.bind = "none";
		REQUIRE(skua_start(&config) == 0);
		everything();
		skua::run(everything);
		skua_stop();
	}
	std::puts("skua.hpp: as it should be");
}
