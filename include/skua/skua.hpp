// SPDX-License-Identifier: Apache-2.0
//
// skua for C++17: loops, reductions, scans and sorts over lambdas, and exceptions that come back to the caller.
//
//     #include <skua/skua.hpp>
//     #include <vector>
//
//     int main()
//     {
//         std::vector<double> x(1000000, 1.0), y(x);
//         skua::parallel_for(0, x.size(), [&](std::size_t i) { y[i] += 2 * x[i]; });
//         double sum = skua::parallel_reduce(0, y.size(), 0.0,
//                 [&](std::size_t begin, std::size_t end, double sum) {
//                     for (std::size_t i = begin; i < end; i++)
//                         sum += y[i];
//                     return sum;
//                 },
//                 [](double left, double right) { return left + right; });
//         return sum != 3e6;
//     }
//
// What loop.h says of each loop holds here too: who may call, what blocks, how ranges are cut. In addition:
//
//     Exceptions   The first one that leaves a body, a combination or a comparison is rethrown by the call, when all
//                  pieces that had begun are over; pieces that have not begun then are skipped. Which one is the first
//                  is a matter of time. Data that the loop was to write is left in part.
//     Inlining     A body is called for whole pieces, through a function that the compiler makes of the lambda: the
//                  loop inside it is as fast as one written by hand.
//
// parallel_for(begin, end, body [, how])        body(i), or body(begin, end) if it takes two; how: skua_loop of loop.h
// parallel_for_2d(rows, columns, body)          body(row, column), or body(row, row_end, column, column_end)
// parallel_reduce(begin, end, identity, body, combine)           T body(begin, end, T partial), T combine(T, T)
// parallel_reduce_ordered(...)                  the same bits for any number of workers
// inclusive_scan(first, last, out, identity, combine)            out may be first; T must be trivially copyable
// sort(first, last [, less])                    stable; contiguous iterators
// invoke(f, g, ...)                             all of them, in parallel
// run(f)                                        f() as a task, as SKUA_RUN does; gives its result
// local<T>                                      one T for each worker: mine(), each(f)
//
// Not for tasks: those are the macros of task.h, also in C++.
#ifndef SKUA_SKUA_HPP
#define SKUA_SKUA_HPP

#include <skua/skua.h>

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace skua
{
namespace detail
{

// The first exception of a loop. Pieces call guard; the caller rethrows when all of them are over.
class failure
{
      public:
	bool happened() const noexcept
	{
		return taken_.load(std::memory_order_relaxed);
	}
	template <class F> void guard(F &&f) noexcept
	{
		if (happened())
			return;
		try {
			f();
		} catch (...) {
			if (!taken_.exchange(true, std::memory_order_relaxed)) // the end of the loop orders `first_`
				first_ = std::current_exception();
		}
	}
	void rethrow() const
	{
		if (first_)
			std::rethrow_exception(first_);
	}

      private:
	std::atomic<bool> taken_{ false };
	std::exception_ptr first_;
};

template <class Body> struct for_call {
	Body &body;
	failure failed;

	static void run(std::size_t begin, std::size_t end, void *arg)
	{
		for_call &call = *static_cast<for_call *>(arg);
		call.failed.guard([&] {
			if constexpr (std::is_invocable_v<Body &, std::size_t, std::size_t>) {
				call.body(begin, end);
			} else {
				Body &each = call.body;
				for (std::size_t i = begin; i < end; i++)
					each(i);
			}
		});
	}
	static void run_2d(std::size_t r0, std::size_t r1, std::size_t c0, std::size_t c1, void *arg)
	{
		for_call &call = *static_cast<for_call *>(arg);
		call.failed.guard([&] {
			if constexpr (std::is_invocable_v<Body &, std::size_t, std::size_t, std::size_t, std::size_t>) {
				call.body(r0, r1, c0, c1);
			} else {
				Body &each = call.body;
				for (std::size_t r = r0; r < r1; r++)
					for (std::size_t c = c0; c < c1; c++)
						each(r, c);
			}
		});
	}
};

// A partial result. The library copies it as bytes, so what is not trivially copyable lies behind a pointer; null is
// the identity.
template <class T, class Body, class Combine> struct reduce_call {
	static constexpr bool plain = std::is_trivially_copyable_v<T>;
	using partial = std::conditional_t<plain, T, T *>;

	const T &identity;
	Body &body;
	Combine &combine;
	failure failed;

	static void add(std::size_t begin, std::size_t end, void *into, void *arg)
	{
		reduce_call &call = *static_cast<reduce_call *>(arg);
		partial &total = *static_cast<partial *>(into);
		call.failed.guard([&] {
			if constexpr (plain) {
				total = call.body(begin, end, total);
			} else {
				if (!total)
					total = new T(call.identity);
				*total = call.body(begin, end, std::move(*total));
			}
		});
	}
	static void join(void *into, const void *from, void *arg)
	{
		reduce_call &call = *static_cast<reduce_call *>(arg);
		partial &left = *static_cast<partial *>(into);
		const partial &right = *static_cast<const partial *>(from);
		if constexpr (plain) {
			call.failed.guard([&] { left = call.combine(left, right); });
		} else {
			std::unique_ptr<T> owned(right);
			if (owned && left)
				call.failed.guard([&] { *left = call.combine(std::move(*left), std::move(*owned)); });
			else if (owned)
				left = owned.release();
		}
	}
};

using reducer = void(std::size_t, std::size_t, void *, std::size_t, skua_reduce_body, skua_combine, void *);

template <class T, class Body, class Combine>
T reduce(reducer *how, std::size_t begin, std::size_t end, const T &identity, Body &body, Combine &combine)
{
	using call_type = reduce_call<T, Body, Combine>;
	call_type call{ identity, body, combine, {} };
	if constexpr (call_type::plain) {
		T total = identity;
		how(begin, end, &total, sizeof(total), call_type::add, call_type::join, &call);
		call.failed.rethrow();
		return total;
	} else {
		T *total = nullptr;
		how(begin, end, &total, sizeof(total), call_type::add, call_type::join, &call);
		std::unique_ptr<T> owned(total);
		call.failed.rethrow();
		return owned ? std::move(*owned) : identity;
	}
}

template <class T, class In, class Out, class Combine> struct scan_call {
	In first;
	Out out;
	Combine &combine;
	failure failed;
	using difference = typename std::iterator_traits<In>::difference_type;

	static void sum(std::size_t begin, std::size_t end, void *partial, void *arg)
	{
		scan_call &call = *static_cast<scan_call *>(arg);
		call.failed.guard([&] {
			T total = *static_cast<T *>(partial);
			for (std::size_t i = begin; i < end; i++)
				total = call.combine(total, call.first[static_cast<difference>(i)]);
			*static_cast<T *>(partial) = total;
		});
	}
	static void scan(std::size_t begin, std::size_t end, void *partial, void *arg)
	{
		scan_call &call = *static_cast<scan_call *>(arg);
		call.failed.guard([&] {
			T total = *static_cast<T *>(partial);
			for (std::size_t i = begin; i < end; i++) {
				total = call.combine(total, call.first[static_cast<difference>(i)]);
				call.out[static_cast<difference>(i)] = total;
			}
			*static_cast<T *>(partial) = total;
		});
	}
	static void join(void *into, const void *from, void *arg)
	{
		scan_call &call = *static_cast<scan_call *>(arg);
		T &left = *static_cast<T *>(into);
		call.failed.guard([&] { left = call.combine(left, *static_cast<const T *>(from)); });
	}
};

// The parts of a sort for a type and a comparison; Element is what is moved about, Value what is compared.
template <class Element, class Value, class Less> struct sort_call {
	Less &less;
	failure failed;

	static const Value &value(const void *element)
	{
		if constexpr (std::is_same_v<Element, Value>)
			return *static_cast<const Value *>(element);
		else
			return **static_cast<const Element *>(element);
	}
	static int before(const void *a, const void *b, void *arg)
	{
		sort_call &call = *static_cast<sort_call *>(arg);
		if constexpr (noexcept(call.less(value(a), value(b)))) {
			return call.less(value(a), value(b));
		} else {
			bool answer = false;
			call.failed.guard([&] { answer = call.less(value(a), value(b)); });
			return answer;
		}
	}
	static void leaf(void *data, void *spare, std::size_t count, int to_spare, void *arg)
	{
		sk_sort_leaf(static_cast<char *>(data), static_cast<char *>(spare), count, to_spare, sizeof(Element),
			     before, arg);
	}
	static void merge(const void *left, std::size_t lefts, const void *right, std::size_t rights, void *out,
			  void *arg)
	{
		sk_sort_merge(static_cast<const char *>(left), lefts, static_cast<const char *>(right), rights,
			      static_cast<char *>(out), sizeof(Element), before, arg);
	}
	static int ordered(const void *data, std::size_t count, void *arg)
	{
		return sk_sort_ordered(static_cast<const char *>(data), count, sizeof(Element), before, arg);
	}
	static void sort(Element *base, std::size_t count, Less &less)
	{
		static const sk_sort_type type = { sizeof(Element), before, leaf, merge, ordered };
		sort_call call{ less, {} };
		sk_sort_run(base, count, &type, &call);
		call.failed.rethrow();
	}
};

// A function of invoke.
struct invocation {
	void (*call)(void *function);
	void *function;
	failure *failed;
};

SKUA_TASK(void, invoke_one, const invocation *, one)
{
	one->failed->guard([&] { one->call(one->function); });
}

SKUA_TASK(void, invoke_all, const invocation *, all, std::size_t, count)
{
	for (std::size_t i = count; i-- > 1;)
		SKUA_SPAWN(invoke_one, &all[i]);
	SKUA_CALL(invoke_one, &all[0]);
	for (std::size_t i = 1; i < count; i++)
		SKUA_SYNC(invoke_one);
}
template <class Pointer> void call_it(void *pointer)
{
	(**static_cast<Pointer *>(pointer))();
}

template <class... Pointer> void invoke_pointers(Pointer... pointers)
{
	failure failed;
	const invocation all[] = { { call_it<Pointer>, std::addressof(pointers), &failed }... };
	SKUA_RUN(invoke_all, all, sizeof...(Pointer));
	failed.rethrow();
}

} // namespace detail

template <class Body>
void parallel_for(std::size_t begin, std::size_t end, Body &&body, const skua_loop &how = { SKUA_ADAPTIVE, 0 })
{
	using call_type = detail::for_call<std::remove_reference_t<Body>>;
	call_type call{ body, {} };
	skua_for_with(&how, begin, end, call_type::run, &call);
	call.failed.rethrow();
}

template <class Body> void parallel_for_2d(std::size_t rows, std::size_t columns, Body &&body)
{
	using call_type = detail::for_call<std::remove_reference_t<Body>>;
	call_type call{ body, {} };
	skua_for_2d(rows, columns, call_type::run_2d, &call);
	call.failed.rethrow();
}

template <class T, class Body, class Combine>
T parallel_reduce(std::size_t begin, std::size_t end, const T &identity, Body &&body, Combine &&combine)
{
	return detail::reduce<T>(skua_reduce, begin, end, identity, body, combine);
}

template <class T, class Body, class Combine>
T parallel_reduce_ordered(std::size_t begin, std::size_t end, const T &identity, Body &&body, Combine &&combine)
{
	return detail::reduce<T>(skua_reduce_ordered, begin, end, identity, body, combine);
}

template <class In, class Out, class T, class Combine>
void inclusive_scan(In first, In last, Out out, const T &identity, Combine &&combine)
{
	static_assert(std::is_trivially_copyable_v<T>, "skua::inclusive_scan copies partial results as bytes");
	using call_type = detail::scan_call<T, In, Out, std::remove_reference_t<Combine>>;
	call_type call{ first, out, combine, {} };
	skua_scan_blocks(0, static_cast<std::size_t>(last - first), &identity, sizeof(identity), call_type::sum,
			 call_type::scan, call_type::join, &call);
	call.failed.rethrow();
}

// Elements that cannot be copied as bytes are sorted as pointers, and then moved twice.
template <class Iterator, class Less = std::less<>> void sort(Iterator first, Iterator last, Less less = {})
{
	using value = typename std::iterator_traits<Iterator>::value_type;
	auto count = static_cast<std::size_t>(last - first);
	if (count < 2)
		return;
	value *base = std::addressof(*first);
	if constexpr (std::is_trivially_copyable_v<value>) {
		detail::sort_call<value, value, Less>::sort(base, count, less);
	} else {
		std::vector<value *> order(count);
		for (std::size_t i = 0; i < count; i++)
			order[i] = base + i;
		detail::sort_call<value *, value, Less>::sort(order.data(), count, less);
		std::vector<value> sorted;
		sorted.reserve(count);
		for (value *element : order)
			sorted.push_back(std::move(*element));
		std::move(sorted.begin(), sorted.end(), first);
	}
}

template <class... F> void invoke(F &&...f)
{
	if constexpr (sizeof...(F) > 0)
		detail::invoke_pointers(std::addressof(f)...);
}

template <class F> decltype(auto) run(F &&f)
{
	using result = decltype(f());
	if constexpr (std::is_void_v<result>) {
		invoke(f);
	} else if constexpr (std::is_reference_v<result>) {
		std::remove_reference_t<result> *out = nullptr;
		invoke([&] { out = std::addressof(f()); });
		return static_cast<result>(*out);
	} else {
		alignas(result) unsigned char place[sizeof(result)];
		invoke([&] { new (place) result(f()); });
		result *out = std::launder(reinterpret_cast<result *>(place));
		struct end {
			result *it;
			~end()
			{
				it->~result();
			}
		} destroy{ out };
		return result(std::move(*out));
	}
}

// One T for each worker, made by T(). mine() and each() as skua_local_mine and skua_local_each in loop.h.
template <class T> class local
{
      public:
	local() : local_(skua_local_create(sizeof(T), nullptr, nullptr))
	{
		static_assert(alignof(T) <= 64, "skua::local aligns to 64 bytes");
		if (!local_)
			throw std::bad_alloc();
		std::size_t made = 0;
		struct unmake {
			local &of;
			std::size_t &count;
			bool all = false;
			~unmake()
			{
				if (!all)
					of.destroy(count);
			}
		} guard{ *this, made };
		detail::failure failed;
		each_place([&](void *place) {
			failed.guard([&] {
				new (place) T();
				made++;
			});
		});
		failed.rethrow();
		guard.all = true;
	}
	local(const local &) = delete;
	local &operator=(const local &) = delete;
	~local()
	{
		destroy(SIZE_MAX);
	}
	T &mine()
	{
		return *static_cast<T *>(skua_local_mine(local_));
	}
	template <class F> void each(F &&f)
	{
		detail::failure failed;
		each_place([&](void *place) { failed.guard([&] { f(*static_cast<T *>(place)); }); });
		failed.rethrow();
	}

      private:
	template <class F> void each_place(F &&f)
	{
		skua_local_each(
			local_,
			[](void *place, void *arg) { (*static_cast<std::remove_reference_t<F> *>(arg))(place); },
			std::addressof(f));
	}
	void destroy(std::size_t count)
	{
		each_place([&](void *place) {
			if (count > 0) {
				count--;
				static_cast<T *>(place)->~T();
			}
		});
		skua_local_destroy(local_);
	}

	skua_local *local_;
};

} // namespace skua

#endif
