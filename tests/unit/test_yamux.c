/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "rpc/wire.h"
#include "rpc/yamux.h"

enum { DATA = 0, WINDOW = 1, PING = 2, GO_AWAY = 3 };
enum { SYN = 1, ACK = 2, FIN = 4, RST = 8 };

/* What the callbacks of one session have seen. */
struct seen {
	unsigned opened;
	unsigned readable;
	unsigned writable;
	struct yamux_stream *last; /* the latest that was opened */
	uint32_t turns[64];        /* ids in the order of their writable() */
	bool release_on_open;
	bool release_on_read;
	size_t per_turn; /* written at each writable() */
};

static struct seen *seen_of(const struct yamux_stream *stream)
{
	return stream->session->data;
}

static void on_opened(struct yamux_stream *stream)
{
	struct seen *seen = seen_of(stream);

	seen->opened++;
	seen->last = stream;
	if (seen->release_on_open)
		yamux_release(stream);
}

static void on_readable(struct yamux_stream *stream)
{
	struct seen *seen = seen_of(stream);

	seen->readable++;
	if (seen->release_on_read)
		yamux_release(stream);
}

static void on_writable(struct yamux_stream *stream)
{
	static const uint8_t zeros[YAMUX_WINDOW];
	struct seen *seen = seen_of(stream);

	if (seen->writable < 64)
		seen->turns[seen->writable] = stream->id;
	seen->writable++;
	if (seen->per_turn > 0)
		(void)yamux_write(stream, zeros, seen->per_turn);
}

static const struct yamux_ops ops = { on_opened, on_readable, on_writable };
static const struct yamux_ops ops_closed = { NULL, on_readable, on_writable };

/* Two sessions, fed to each other through memory. */
struct pair {
	struct yamux a; /* the client */
	struct yamux b;
	struct seen seen_a;
	struct seen seen_b;
};

static struct pair p;

static int setup(void **state __attribute__((unused)))
{
	memset(&p, 0, sizeof(p));
	yamux_init(&p.a, true, &ops, &p.seen_a);
	yamux_init(&p.b, false, &ops, &p.seen_b);
	return 0;
}

static int teardown(void **state __attribute__((unused)))
{
	yamux_done(&p.a);
	yamux_done(&p.b);
	return 0;
}

/* Moves what @from has to say, at most @step bytes at a time. */
static void move(struct yamux *from, struct yamux *to, size_t step)
{
	struct err err = { 0 };

	while (buf_len(&from->out) > 0) {
		size_t n = buf_len(&from->out) < step ? buf_len(&from->out) : step;
		uint8_t *copy = xmemdup(buf_data(&from->out), n);
		int r;

		buf_consume(&from->out, n);
		r = yamux_feed(to, copy, n, &err);
		free(copy);
		assert_string_equal(err.text, "");
		assert_int_equal(r, 0);
		yamux_flushed(from);
	}
}

static void settle(void)
{
	while (buf_len(&p.a.out) > 0 || buf_len(&p.b.out) > 0) {
		move(&p.a, &p.b, SIZE_MAX);
		move(&p.b, &p.a, SIZE_MAX);
	}
}

/* A stream of the client with its other end. */
static struct yamux_stream *open_pair(struct yamux_stream **ret_peer)
{
	struct yamux_stream *stream = NULL;
	struct err err = { 0 };

	assert_int_equal(yamux_open(&p.a, &stream, &err), 0);
	settle();
	*ret_peer = p.seen_b.last;
	assert_int_equal((*ret_peer)->id, stream->id);
	return stream;
}

/* One raw frame for @y. */
static int frame(struct yamux *y, uint8_t version, uint8_t type, uint16_t flags, uint32_t stream,
		 uint32_t length, struct err *err)
{
	uint8_t h[YAMUX_HEADER_LEN] = { version, type };

	write_be16(h + 2, flags);
	write_be32(h + 4, stream);
	write_be32(h + 8, length);
	return yamux_feed(y, h, sizeof(h), err);
}

static void frame_ok(struct yamux *y, uint8_t type, uint16_t flags, uint32_t stream,
		     uint32_t length)
{
	struct err err = { 0 };

	assert_int_equal(frame(y, 0, type, flags, stream, length, &err), 0);
	assert_string_equal(err.text, "");
}

/* A frame that ends the session, with these words. */
static void frame_ends(struct yamux *y, uint8_t version, uint8_t type, uint16_t flags,
		       uint32_t stream, uint32_t length, const char *words)
{
	struct err err = { 0 };

	assert_int_equal(frame(y, version, type, flags, stream, length, &err), -EBADMSG);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not hold '%s'", err.text, words);
}

static void feed_zeros(struct yamux *y, size_t n)
{
	static const uint8_t zeros[4096];
	struct err err = { 0 };

	for (; n > 0; n -= n < sizeof(zeros) ? n : sizeof(zeros))
		assert_int_equal(yamux_feed(y, zeros, n < sizeof(zeros) ? n : sizeof(zeros), &err),
				 0);
}

/* The latest header that @y wrote. */
static void last_header(const struct yamux *y, uint8_t *ret_type, uint16_t *ret_flags,
			uint32_t *ret_stream, uint32_t *ret_length)
{
	const uint8_t *h;

	assert_true(buf_len(&y->out) >= YAMUX_HEADER_LEN);
	h = buf_data(&y->out) + buf_len(&y->out) - YAMUX_HEADER_LEN;
	*ret_type = h[1];
	*ret_flags = read_be16(h + 2);
	*ret_stream = read_be32(h + 4);
	*ret_length = read_be32(h + 8);
}

static void assert_last(const struct yamux *y, uint8_t type, uint16_t flags, uint32_t stream,
			uint32_t length)
{
	uint32_t s;
	uint32_t l;
	uint16_t f;
	uint8_t t;

	last_header(y, &t, &f, &s, &l);
	assert_int_equal(t, type);
	assert_int_equal(f, flags);
	assert_int_equal(s, stream);
	assert_int_equal(l, length);
}

TEST(what_one_end_writes_the_other_end_reads)
{
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);

	assert_int_equal(yamux_write(stream, "hello", 5), 5);
	settle();
	assert_int_equal(buf_len(&peer->in), 5);
	assert_memory_equal(buf_data(&peer->in), "hello", 5);
	assert_int_equal(yamux_write(peer, "answer", 6), 6);
	settle();
	assert_int_equal(buf_len(&stream->in), 6);
	assert_memory_equal(buf_data(&stream->in), "answer", 6);
}

TEST(bytes_may_arrive_one_by_one)
{
	struct yamux_stream *stream = NULL;
	struct err err = { 0 };

	assert_int_equal(yamux_open(&p.a, &stream, &err), 0);
	assert_int_equal(yamux_write(stream, "hello", 5), 5);
	yamux_finish(stream);
	move(&p.a, &p.b, 1);
	assert_int_equal(p.seen_b.opened, 1);
	assert_int_equal(buf_len(&p.seen_b.last->in), 5);
	assert_memory_equal(buf_data(&p.seen_b.last->in), "hello", 5);
	assert_true(p.seen_b.last->remote_fin);
}

TEST(clients_use_odd_ids_and_servers_even_ones)
{
	struct yamux_stream *stream = NULL;
	struct err err = { 0 };

	for (uint32_t id = 1; id < 8; id += 2) {
		assert_int_equal(yamux_open(&p.a, &stream, &err), 0);
		assert_int_equal(stream->id, id);
		assert_int_equal(yamux_open(&p.b, &stream, &err), 0);
		assert_int_equal(stream->id, id + 1);
	}
}

TEST(a_writer_gets_no_further_than_the_window)
{
	static uint8_t data[YAMUX_WINDOW];
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);
	size_t sent = 0;
	size_t n;

	while ((n = yamux_write(stream, data, sizeof(data))) > 0) {
		sent += n;
		settle();
	}
	assert_int_equal(sent, YAMUX_WINDOW);
	assert_int_equal(stream->send_window, 0);
	assert_true(stream->starved);
	assert_int_equal(buf_len(&peer->in), YAMUX_WINDOW);
}

TEST(half_a_window_consumed_opens_it_again)
{
	static uint8_t data[YAMUX_WINDOW];
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);

	while (yamux_write(stream, data, sizeof(data)) > 0)
		settle();
	yamux_consume(peer, YAMUX_WINDOW / 2 - 1);
	assert_int_equal(buf_len(&p.b.out), 0); /* not worth a frame yet */
	p.seen_a.writable = 0;
	yamux_consume(peer, 1);
	settle();
	assert_int_equal(stream->send_window, YAMUX_WINDOW / 2);
	assert_int_equal(p.seen_a.writable, 1);
	assert_int_equal(peer->recv_window, YAMUX_WINDOW / 2);
}

TEST(a_wire_that_does_not_drain_bounds_what_waits)
{
	static uint8_t data[YAMUX_WINDOW];
	struct yamux_stream *streams[4];
	struct yamux_stream *peer;
	size_t taken = 0;

	for (int i = 0; i < 4; i++)
		streams[i] = open_pair(&peer);
	for (int i = 0; i < 4; i++)
		taken += yamux_write(streams[i], data, sizeof(data));
	assert_int_equal(taken, YAMUX_OUT_MAX);
	assert_true(buf_len(&p.a.out) <= YAMUX_OUT_MAX + 4 * YAMUX_HEADER_LEN);
	for (int i = 0; i < 4; i++)
		assert_true(streams[i]->starved);
}

TEST(starved_streams_take_turns)
{
	struct yamux_stream *streams[3];
	struct yamux_stream *peer;
	unsigned count[3] = { 0 };

	for (int i = 0; i < 3; i++)
		streams[i] = open_pair(&peer);
	p.seen_a.per_turn = YAMUX_WINDOW; /* each would fill the wire alone */
	for (int i = 0; i < 3; i++)
		on_writable(streams[i]);
	p.seen_a.writable = 0;
	for (int round = 0; round < 6; round++) {
		uint8_t *copy = xmemdup(buf_data(&p.a.out), buf_len(&p.a.out));
		size_t n = buf_len(&p.a.out);
		struct err err = { 0 };

		buf_consume(&p.a.out, n);
		yamux_flushed(&p.a);
		assert_int_equal(yamux_feed(&p.b, copy, n, &err), 0);
		free(copy);
		for (struct yamux_stream *s = p.b.streams; s; s = s->next)
			if (buf_len(&s->in) > 0)
				yamux_consume(s, buf_len(&s->in));
		move(&p.b, &p.a, SIZE_MAX);
	}
	for (unsigned i = 0; i < p.seen_a.writable && i < 64; i++)
		count[(p.seen_a.turns[i] - 1) / 2]++;
	for (int i = 0; i < 3; i++)
		if (count[i] < 2)
			fail_msg("stream %d had %u turns of %u", i, count[i], p.seen_a.writable);
}

TEST(a_stream_with_a_closed_window_does_not_hold_up_others)
{
	static uint8_t data[YAMUX_WINDOW];
	struct yamux_stream *stuck_peer;
	struct yamux_stream *stuck = open_pair(&stuck_peer);
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);

	while (yamux_write(stuck, data, sizeof(data)) > 0)
		settle();
	for (int i = 0; i < 100; i++) {
		assert_int_equal(yamux_write(stream, data, 65536), 65536);
		settle();
		assert_int_equal(buf_len(&peer->in), 65536);
		yamux_consume(peer, 65536);
		settle();
	}
	assert_int_equal(buf_len(&stuck_peer->in), YAMUX_WINDOW);
}

TEST(much_through_one_stream_keeps_buffers_small)
{
	static uint8_t data[65536];
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);

	for (int i = 0; i < 2048; i++) {
		assert_int_equal(yamux_write(stream, data, sizeof(data)), sizeof(data));
		settle();
		yamux_consume(peer, buf_len(&peer->in));
		settle();
		assert_true(peer->in.cap <= (size_t)2 * YAMUX_WINDOW);
		assert_true(p.a.out.cap <= (size_t)4 * YAMUX_OUT_MAX);
	}
}

/* The ends of a stream, in every order. */

TEST(fin_of_one_side_leaves_the_other_direction_open)
{
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);

	assert_int_equal(yamux_write(stream, "x", 1), 1);
	yamux_finish(stream);
	settle();
	assert_true(peer->remote_fin);
	assert_false(peer->reset);
	assert_int_equal(yamux_write(peer, "late", 4), 4);
	settle();
	assert_memory_equal(buf_data(&stream->in), "late", 4);
}

TEST(both_released_after_fin_of_both_leaves_no_stream)
{
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);

	yamux_finish(stream);
	yamux_finish(stream); /* once is enough, twice does no harm */
	settle();
	yamux_finish(peer);
	settle();
	yamux_release(stream);
	yamux_release(peer);
	settle();
	assert_int_equal(p.a.n_streams, 0);
	assert_int_equal(p.b.n_streams, 0);
}

TEST(release_first_waits_for_the_peers_fin)
{
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);

	yamux_release(stream);
	settle();
	assert_int_equal(p.a.n_streams, 1);
	assert_true(peer->remote_fin);
	yamux_release(peer);
	assert_int_equal(p.b.n_streams, 0);
	settle();
	assert_int_equal(p.a.n_streams, 0);
}

TEST(both_may_release_at_the_same_time)
{
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);

	yamux_release(stream);
	yamux_release(peer);
	settle();
	assert_int_equal(p.a.n_streams, 0);
	assert_int_equal(p.b.n_streams, 0);
}

TEST(a_released_stream_throws_away_at_most_a_window)
{
	static uint8_t data[YAMUX_WINDOW];
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);
	size_t sent = 0;
	size_t n;

	assert_int_equal(yamux_write(peer, data, 1000), 1000);
	sent += 1000;
	settle();
	yamux_release(stream);
	assert_int_equal(buf_len(&stream->in), 0);
	while ((n = yamux_write(peer, data, sizeof(data))) > 0) {
		sent += n;
		settle();
	}
	assert_int_equal(sent, YAMUX_WINDOW);
	assert_int_equal(stream->in.cap, 0);
	yamux_release(peer);
	settle();
	assert_int_equal(p.a.n_streams, 0);
}

TEST(a_stream_may_be_released_while_its_data_arrives)
{
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);

	(void)peer;
	p.seen_b.release_on_read = true;
	assert_int_equal(yamux_write(stream, "0123456789", 10), 10);
	yamux_finish(stream);
	move(&p.a, &p.b, 3); /* the release happens in the middle of the frame */
	assert_int_equal(p.b.n_streams, 0);
	settle();
}

TEST(a_stream_may_be_released_as_it_is_opened)
{
	struct yamux_stream *stream = NULL;
	struct err err = { 0 };

	p.seen_b.release_on_open = true;
	assert_int_equal(yamux_open(&p.a, &stream, &err), 0);
	assert_int_equal(yamux_write(stream, "data", 4), 4);
	settle();
	assert_true(stream->remote_fin);
	yamux_release(stream);
	settle();
	assert_int_equal(p.a.n_streams, 0);
	assert_int_equal(p.b.n_streams, 0);
}

TEST(a_reset_ends_both_directions)
{
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);
	size_t before;

	frame_ok(&p.a, WINDOW, RST, stream->id, 0);
	assert_true(stream->reset);
	assert_true(stream->remote_fin);
	before = buf_len(&p.a.out);
	assert_int_equal(yamux_write(stream, "gone", 4), 4);
	yamux_finish(stream);
	assert_int_equal(buf_len(&p.a.out), before); /* the peer does not know it any more */
	yamux_release(stream);
	assert_int_equal(p.a.n_streams, 0);
}

TEST(fin_then_reset_and_reset_then_fin_are_no_errors)
{
	struct yamux_stream *peer;
	struct yamux_stream *one = open_pair(&peer);
	struct yamux_stream *two = open_pair(&peer);

	frame_ok(&p.a, WINDOW, FIN, one->id, 0);
	frame_ok(&p.a, WINDOW, RST, one->id, 0);
	assert_true(one->reset);
	frame_ok(&p.a, WINDOW, RST, two->id, 0);
	frame_ok(&p.a, WINDOW, FIN, two->id, 0);
	yamux_release(one);
	yamux_release(two);
	assert_int_equal(p.a.n_streams, 0);
}

TEST(a_reset_of_a_released_stream_frees_it)
{
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);
	uint32_t id = stream->id;

	yamux_release(stream);
	frame_ok(&p.a, WINDOW, RST, id, 0);
	assert_int_equal(p.a.n_streams, 0);
	frame_ok(&p.a, WINDOW, RST, id, 0); /* and once more, for nobody */
}

TEST(fin_in_a_data_frame_comes_behind_the_data)
{
	struct err err = { 0 };

	frame_ok(&p.b, WINDOW, SYN, 1, 0);
	frame_ok(&p.b, DATA, FIN, 1, 3);
	assert_false(p.seen_b.last->remote_fin);
	assert_int_equal(yamux_feed(&p.b, (const uint8_t *)"ab", 2, &err), 0);
	assert_false(p.seen_b.last->remote_fin);
	assert_int_equal(yamux_feed(&p.b, (const uint8_t *)"c", 1, &err), 0);
	assert_true(p.seen_b.last->remote_fin);
	assert_memory_equal(buf_data(&p.seen_b.last->in), "abc", 3);
}

TEST(an_empty_data_frame_may_carry_fin)
{
	frame_ok(&p.b, WINDOW, SYN, 1, 0);
	frame_ok(&p.b, DATA, FIN, 1, 0);
	assert_true(p.seen_b.last->remote_fin);
}

TEST(a_stream_may_open_carry_data_and_end_in_one_frame)
{
	frame_ok(&p.b, DATA, SYN | FIN, 1, 2);
	feed_zeros(&p.b, 2);
	assert_int_equal(p.seen_b.opened, 1);
	assert_int_equal(buf_len(&p.seen_b.last->in), 2);
	assert_true(p.seen_b.last->remote_fin);
}

/* The number of streams. */

TEST(no_more_than_the_limit_can_be_opened)
{
	struct yamux_stream *stream = NULL;
	struct err err = { 0 };

	for (unsigned i = 0; i < YAMUX_STREAMS_MAX; i++)
		assert_int_equal(yamux_open(&p.a, &stream, &err), 0);
	assert_int_equal(yamux_open(&p.a, &stream, &err), -EMFILE);
	assert_string_equal(err.text, "yamux: 1024 streams are open, no more are allowed");
}

TEST(the_peers_stream_over_the_limit_is_reset_and_the_session_lives)
{
	for (uint32_t i = 0; i < YAMUX_STREAMS_MAX; i++)
		frame_ok(&p.b, WINDOW, SYN, 2 * i + 1, 0);
	buf_done(&p.b.out);
	frame_ok(&p.b, WINDOW, SYN, 2 * YAMUX_STREAMS_MAX + 1, 0);
	assert_last(&p.b, WINDOW, RST, 2 * YAMUX_STREAMS_MAX + 1, 0);
	assert_int_equal(p.b.n_streams, YAMUX_STREAMS_MAX);
	frame_ok(&p.b, WINDOW, FIN, 1, 0);
}

TEST(a_peer_that_never_says_fin_loses_its_oldest_released_stream)
{
	p.seen_b.release_on_open = true;
	for (uint32_t i = 0; i < 2 * YAMUX_STREAMS_MAX; i++) {
		frame_ok(&p.b, WINDOW, SYN, 2 * i + 1, 0);
		buf_done(&p.b.out);
	}
	assert_int_equal(p.b.n_streams, YAMUX_STREAMS_MAX);
}

TEST(data_for_a_stream_that_is_not_there_is_thrown_away)
{
	frame_ok(&p.b, DATA, 0, 77, 100);
	feed_zeros(&p.b, 100);
	frame_ok(&p.b, WINDOW, 0, 77, 100);
	frame_ok(&p.b, WINDOW, FIN, 77, 0);
	assert_int_equal(p.b.n_streams, 0);
	assert_int_equal(p.seen_b.readable, 0);
}

TEST(a_session_without_opened_resets_what_the_peer_opens)
{
	yamux_done(&p.b);
	yamux_init(&p.b, false, &ops_closed, &p.seen_b);
	frame_ok(&p.b, DATA, SYN, 1, 5);
	feed_zeros(&p.b, 5);
	assert_last(&p.b, WINDOW, RST, 1, 0);
	assert_int_equal(p.b.n_streams, 0);
}

/* Breaches of the protocol. */

TEST(an_unknown_version_ends_the_session)
{
	frame_ends(&p.b, 1, DATA, 0, 1, 0, "an unknown version");
	assert_last(&p.b, GO_AWAY, 0, 0, 1);
}

TEST(an_unknown_type_ends_the_session)
{
	frame_ends(&p.b, 0, 4, 0, 1, 0, "an unknown type");
	frame_ends(&p.a, 0, 255, 0, 1, 0,
		   "an unknown type (type 255, flags 0, stream 1, length 0)");
}

TEST(an_id_of_our_own_parity_ends_the_session)
{
	frame_ends(&p.b, 0, WINDOW, SYN, 2, 0, "a stream opened with an id of ours");
	frame_ends(&p.a, 0, WINDOW, SYN, 1, 0, "a stream opened with an id of ours");
}

TEST(stream_zero_ends_the_session)
{
	frame_ends(&p.b, 0, WINDOW, SYN, 0, 0, "a stream frame for the session");
	frame_ends(&p.b, 0, DATA, 0, 0, 10, "a stream frame for the session");
}

TEST(a_stream_opened_twice_ends_the_session)
{
	frame_ok(&p.b, WINDOW, SYN, 1, 0);
	frame_ends(&p.b, 0, WINDOW, SYN, 1, 0, "a stream opened twice");
}

TEST(data_over_the_window_ends_the_session)
{
	frame_ok(&p.b, WINDOW, SYN, 1, 0);
	frame_ok(&p.b, DATA, 0, 1, YAMUX_WINDOW - 1);
	feed_zeros(&p.b, YAMUX_WINDOW - 1);
	frame_ends(&p.b, 0, DATA, 0, 1, 2, "more data than the window allows");
}

TEST(data_over_a_window_ends_the_session_for_an_unknown_stream_too)
{
	frame_ends(&p.b, 0, DATA, 0, 9, YAMUX_WINDOW + 1, "more data than the window allows");
}

TEST(a_huge_length_ends_the_session)
{
	frame_ok(&p.b, WINDOW, SYN, 1, 0);
	frame_ends(&p.b, 0, DATA, 0, 1, UINT32_MAX, "more data than the window allows");
}

TEST(a_window_that_grows_over_its_size_ends_the_session)
{
	frame_ok(&p.b, WINDOW, SYN, 1, 0);
	frame_ends(&p.b, 0, WINDOW, 0, 1, 1, "a window larger than it was");
	frame_ends(&p.b, 0, WINDOW, 0, 1, UINT32_MAX, "a window larger than it was");
}

TEST(data_behind_fin_ends_the_session)
{
	frame_ok(&p.b, WINDOW, SYN, 1, 0);
	frame_ok(&p.b, WINDOW, FIN, 1, 0);
	frame_ends(&p.b, 0, DATA, 0, 1, 1, "data behind the end");
}

TEST(data_behind_a_reset_ends_the_session)
{
	frame_ok(&p.b, WINDOW, SYN, 1, 0);
	frame_ok(&p.b, WINDOW, RST, 1, 0);
	frame_ends(&p.b, 0, DATA, 0, 1, 1, "data behind the end");
}

TEST(go_away_ends_the_session_with_its_code)
{
	frame_ends(&p.b, 0, GO_AWAY, 0, 0, 2, "the peer ended the session, code 2");
}

TEST(a_flood_of_pings_ends_the_session_and_stays_bounded)
{
	struct err err = { 0 };
	int r = 0;

	for (unsigned i = 0; i < 1000000 && r == 0; i++)
		r = frame(&p.b, 0, PING, SYN, 0, i, &err);
	assert_int_equal(r, -EBADMSG);
	assert_non_null(strstr(err.text, "the peer sends and does not read"));
	assert_true(buf_len(&p.b.out) <= YAMUX_CONTROL_MAX + 4 * YAMUX_HEADER_LEN);
}

TEST(a_flood_of_refused_streams_ends_the_session_and_stays_bounded)
{
	struct err err = { 0 };
	int r = 0;

	yamux_done(&p.b);
	yamux_init(&p.b, false, &ops_closed, &p.seen_b);
	for (uint32_t i = 1; i < 1000000 && r == 0; i += 2)
		r = frame(&p.b, 0, WINDOW, SYN, i, 0, &err);
	assert_int_equal(r, -EBADMSG);
	assert_true(buf_len(&p.b.out) <= YAMUX_CONTROL_MAX + 4 * YAMUX_HEADER_LEN);
}

TEST(a_flood_of_empty_frames_grows_nothing)
{
	frame_ok(&p.b, WINDOW, SYN, 1, 0);
	buf_done(&p.b.out);
	for (unsigned i = 0; i < 100000; i++) {
		frame_ok(&p.b, DATA, 0, 1, 0);
		frame_ok(&p.b, WINDOW, ACK, 1, 0);
		frame_ok(&p.b, PING, ACK, 0, i);
	}
	assert_int_equal(buf_len(&p.b.out), 0);
	assert_int_equal(p.b.n_streams, 1);
}

TEST(a_ping_is_answered_with_its_number)
{
	frame_ok(&p.b, PING, SYN, 0, 0xdeadbeef);
	assert_last(&p.b, PING, ACK, 0, 0xdeadbeef);
	move(&p.b, &p.a, SIZE_MAX); /* an answer is no question */
	assert_int_equal(buf_len(&p.a.out), 0);
}

TEST(a_session_ends_with_streams_open)
{
	struct yamux_stream *peer;
	struct yamux_stream *stream = open_pair(&peer);

	assert_int_equal(yamux_write(stream, "unsent", 6), 6);
	/* teardown() frees both sessions; the sanitizer sees what is left. */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETUP_TEST(what_one_end_writes_the_other_end_reads),
		SETUP_TEST(bytes_may_arrive_one_by_one),
		SETUP_TEST(clients_use_odd_ids_and_servers_even_ones),
		SETUP_TEST(a_writer_gets_no_further_than_the_window),
		SETUP_TEST(half_a_window_consumed_opens_it_again),
		SETUP_TEST(a_wire_that_does_not_drain_bounds_what_waits),
		SETUP_TEST(starved_streams_take_turns),
		SETUP_TEST(a_stream_with_a_closed_window_does_not_hold_up_others),
		SETUP_TEST(much_through_one_stream_keeps_buffers_small),
		SETUP_TEST(fin_of_one_side_leaves_the_other_direction_open),
		SETUP_TEST(both_released_after_fin_of_both_leaves_no_stream),
		SETUP_TEST(release_first_waits_for_the_peers_fin),
		SETUP_TEST(both_may_release_at_the_same_time),
		SETUP_TEST(a_released_stream_throws_away_at_most_a_window),
		SETUP_TEST(a_stream_may_be_released_while_its_data_arrives),
		SETUP_TEST(a_stream_may_be_released_as_it_is_opened),
		SETUP_TEST(a_reset_ends_both_directions),
		SETUP_TEST(fin_then_reset_and_reset_then_fin_are_no_errors),
		SETUP_TEST(a_reset_of_a_released_stream_frees_it),
		SETUP_TEST(fin_in_a_data_frame_comes_behind_the_data),
		SETUP_TEST(an_empty_data_frame_may_carry_fin),
		SETUP_TEST(a_stream_may_open_carry_data_and_end_in_one_frame),
		SETUP_TEST(no_more_than_the_limit_can_be_opened),
		SETUP_TEST(the_peers_stream_over_the_limit_is_reset_and_the_session_lives),
		SETUP_TEST(a_peer_that_never_says_fin_loses_its_oldest_released_stream),
		SETUP_TEST(data_for_a_stream_that_is_not_there_is_thrown_away),
		SETUP_TEST(a_session_without_opened_resets_what_the_peer_opens),
		SETUP_TEST(an_unknown_version_ends_the_session),
		SETUP_TEST(an_unknown_type_ends_the_session),
		SETUP_TEST(an_id_of_our_own_parity_ends_the_session),
		SETUP_TEST(stream_zero_ends_the_session),
		SETUP_TEST(a_stream_opened_twice_ends_the_session),
		SETUP_TEST(data_over_the_window_ends_the_session),
		SETUP_TEST(data_over_a_window_ends_the_session_for_an_unknown_stream_too),
		SETUP_TEST(a_huge_length_ends_the_session),
		SETUP_TEST(a_window_that_grows_over_its_size_ends_the_session),
		SETUP_TEST(data_behind_fin_ends_the_session),
		SETUP_TEST(data_behind_a_reset_ends_the_session),
		SETUP_TEST(go_away_ends_the_session_with_its_code),
		SETUP_TEST(a_flood_of_pings_ends_the_session_and_stays_bounded),
		SETUP_TEST(a_flood_of_refused_streams_ends_the_session_and_stays_bounded),
		SETUP_TEST(a_flood_of_empty_frames_grows_nothing),
		SETUP_TEST(a_ping_is_answered_with_its_number),
		SETUP_TEST(a_session_ends_with_streams_open),
	};

	return cmocka_run_group_tests_name("yamux", tests, NULL, NULL);
}
