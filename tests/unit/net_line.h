/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net_line - the one line of a test program, new for each test: a pipe, a generator that a test may
 * make for its first end, and a sink for what leaves the second.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_NET_LINE_H
#define TESTS_UNIT_NET_LINE_H

#include "net/pktgen.h"
#include "net/sink.h"
#include "net_pipe.h"

enum { SEED = 4711 };

static struct pipe line;
static struct tp_pktgen *gen; /* NULL: none was made */
static struct tp_sink *sink;

/* The sink hears of nothing by itself. */
static inline int begin_line(unsigned flows)
{
	const struct tp_sink_config config = { .seed = SEED, .flows = flows };

	pipe_begin(&line);
	must(tp_sink_create(&config, &sink));
	return 0;
}

static inline int end_line(void)
{
	if (gen)
		tp_pktgen_destroy(gen);
	gen = NULL;
	tp_sink_destroy(sink);
	pipe_end(&line);
	return 0;
}

/* K1 */
static inline struct tp_sink_stat received(void)
{
	struct tp_sink_stat s;

	tp_sink_stat(sink, &s);
	assert_int_equal(s.received,
			 s.in_order + s.late + s.again + s.stale + s.damaged + s.foreign);
	return s;
}

#endif
