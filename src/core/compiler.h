/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* compiler - attributes and small macros. */
#ifndef TP_CORE_COMPILER_H
#define TP_CORE_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define tp_likely(x)	__builtin_expect(!!(x), 1)
#define tp_unlikely(x)	__builtin_expect(!!(x), 0)
#define tp_printf(f, a) __attribute__((format(printf, f, a)))
#define tp_noinline	__attribute__((noinline))
#define tp_unused	__attribute__((unused))
/* No call to find it, even in a shared library: the lock checks stand on hot paths. */
#define tp_thread_local _Thread_local __attribute__((tls_model("initial-exec")))

#define TP_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Each argument is evaluated once, in the type that both convert to. */
#define TP_MIN(a, b)		 TP_PICK(a, <, b, __COUNTER__)
#define TP_MAX(a, b)		 TP_PICK(a, >, b, __COUNTER__)
#define TP_PICK(a, better, b, n) TP_PICK_NAMED(a, better, b, n)
#define TP_PICK_NAMED(a, better, b, n)                          \
	__extension__({                                         \
		__typeof__(1 ? (a) : (b)) tp_a_##n = (a);       \
		__typeof__(1 ? (a) : (b)) tp_b_##n = (b);       \
		tp_a_##n better tp_b_##n ? tp_a_##n : tp_b_##n; \
	})

/* Where only constants may stand. */
#define TP_CONST_MAX(a, b) ((a) > (b) ? (a) : (b))
#define TP_CONST_MIN(a, b) ((a) < (b) ? (a) : (b))

#define tp_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Of options that are 0 where nobody said anything. */
static inline uint64_t tp_or_usual(uint64_t given, uint64_t usual)
{
	return given ? given : usual;
}

static inline uint64_t tp_align_up(uint64_t x, uint64_t to)
{
	return (x + to - 1) / to * to;
}

static inline bool tp_is_power_of_two(uint64_t x)
{
	return x && !(x & (x - 1));
}

#if defined(__SANITIZE_THREAD__)
#define TP_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TP_TSAN 1
#endif
#endif
#ifndef TP_TSAN
#define TP_TSAN 0
#endif

#endif
