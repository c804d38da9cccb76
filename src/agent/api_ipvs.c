/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load balancing: the calls of katac.proto.
 *
 * Each is done by a helper (design E4), as tables may be long. What it has to
 * say goes through a file in memory. Changes are made one after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/api.h"
#include "agent/conntrack.h"
#include "agent/ipvs.h"
#include "agent/job.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "katac.pb-c.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_frame.h"
#include "rpc/ttrpc_server.h"

#define RULES_PER_CALL 1024u
#define STAGED_MAX_MS  30000u /* between two parts of one change */
#define CHANGES_LOCK   "/run/kata-ipvs.lock"

/* In the helper: appends its packed answer to @out. */
typedef int (*work_fn)(const ProtobufCMessage *in, struct buf *out, struct err *err);

struct work {
	struct ttrpc_request *req;
	work_fn fn;
	ProtobufCMessage *in; /* owned */
	const ProtobufCMessageDescriptor *answer;
	int fd; /* of the file in memory; owned */
};

static void work_free(struct work *work)
{
	if (work->in)
		pb_free(work->in);
	if (work->fd >= 0)
		close(work->fd);
	free(work);
}

static int work_run(void *data, struct err *err)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	struct work *work = data;
	int r;

	r = work->fn(work->in, &out, err);
	if (r < 0)
		return r;
	r = write_full(work->fd, buf_data(&out), buf_len(&out));
	return r < 0 ? err_set(err, -r, "keep the answer") : 0;
}

static ProtobufCMessage *read_answer(const struct work *work)
{
	CLEANUP(free) uint8_t *data = NULL;
	struct stat st;

	if (fstat(work->fd, &st) < 0 || st.st_size > TTRPC_REPLY_MAX)
		return NULL;
	data = xmalloc((size_t)st.st_size + 1);
	if (pread(work->fd, data, (size_t)st.st_size, 0) != st.st_size)
		return NULL;
	return pb_unpack(work->answer, data, (size_t)st.st_size);
}

static void work_done(void *data, const struct err *error)
{
	struct work *work = data;
	ProtobufCMessage *answer = NULL;
	struct err err = *error;

	if (error->code == 0) {
		answer = read_answer(work);
		if (!answer)
			(void)err_set(&err, EIO, "the helper's answer cannot be read");
	}
	if (answer) {
		ttrpc_reply(work->req, answer);
		pb_free(answer);
	} else {
		ttrpc_reply_error(work->req, &err);
	}
	work_free(work);
}

/* Answers @req by @fn, which gets a copy of @in. */
static void start_work(struct ttrpc_request *req, const ProtobufCMessage *in, work_fn fn,
		       const ProtobufCMessageDescriptor *answer)
{
	struct work *work = xcalloc(1, sizeof(*work));
	struct agent *agent = req->context;
	struct err err = { 0 };
	int r = 0;

	work->req = req;
	work->fn = fn;
	work->answer = answer;
	work->in = api_copy_message(in);
	work->fd = memfd_create("answer", MFD_CLOEXEC);
	if (!work->in)
		r = err_set(&err, ENOMEM, "the request is too large");
	else if (work->fd < 0)
		r = err_errno(&err, "memfd_create");
	if (r < 0) {
		ttrpc_reply_error(req, &err);
		work_free(work);
		return;
	}
	job_start(agent->loop, work_run, work_done, work);
}

/* Reading. */

static int work_list(const ProtobufCMessage *in, struct buf *out, struct err *err)
{
	return ipvs_list((const Katac__IpvsListRequest *)in, out, err);
}

void api_ipvs_list(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start_work(req, in, work_list, &katac__ipvs_list_response__descriptor);
}

static int work_connections(const ProtobufCMessage *in, struct buf *out, struct err *err)
{
	return ipvs_connections((const Katac__IpvsConnectionsRequest *)in, out, err);
}

void api_ipvs_connections(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start_work(req, in, work_connections, &katac__ipvs_connections_response__descriptor);
}

static int work_conntrack_delete(const ProtobufCMessage *in, struct buf *out, struct err *err)
{
	return conntrack_delete((const Katac__ConntrackDeleteRequest *)in, out, err);
}

void api_conntrack_delete(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start_work(req, in, work_conntrack_delete, &katac__conntrack_delete_response__descriptor);
}

/* Changes. */

/*
 * Of a change that comes in several calls: what has come. It belongs to the
 * connection and ends with it. One that was given up stays there, dead, so that
 * its rest is not taken for a whole.
 */
struct ipvs_staged {
	struct agent *agent;
	struct timer timer;
	struct ipvs_change change;
	bool dead;
};

static void staged_give_up(struct ipvs_staged *staged)
{
	timer_cancel(&staged->timer);
	ipvs_change_done(&staged->change);
	staged->dead = true;
	if (staged->agent->ipvs_staged == staged)
		staged->agent->ipvs_staged = NULL;
}

static void staged_free(void *data)
{
	struct ipvs_staged *staged = data;

	staged_give_up(staged);
	free(staged);
}

static void staged_too_late(struct timer *timer)
{
	staged_give_up(container_of(timer, struct ipvs_staged, timer));
}

/* Finds or begins what is staged on the connection of @req; NULL with @err set. */
static struct ipvs_staged *staged_open(struct ttrpc_request *req, struct err *err)
{
	struct agent *agent = req->context;
	struct ipvs_staged *staged = req->conn->kept;

	if (staged && staged->dead) {
		(void)err_set(err, ETIMEDOUT,
			      "an earlier part of this change was refused, or came more than %u s "
			      "before",
			      STAGED_MAX_MS / 1000);
		return NULL;
	}
	if (staged)
		return staged;
	if (agent->ipvs_staged) {
		(void)err_set(err, EBUSY, "another restore is under way; try again");
		return NULL;
	}
	staged = xcalloc(1, sizeof(*staged));
	staged->agent = agent;
	req->conn->kept = staged;
	req->conn->kept_free = staged_free;
	agent->ipvs_staged = staged;
	return staged;
}

static int stage(struct ipvs_staged *staged, const Katac__IpvsChangeRequest *message,
		 struct err *err)
{
	int r = ipvs_change_add(&staged->change, message, err);

	if (r < 0)
		staged_give_up(staged);
	else
		timer_set(staged->agent->loop, &staged->timer, deadline_in(STAGED_MAX_MS),
			  staged_too_late);
	return r;
}

/* The whole change that @in is or completes; *ret stays empty as long as more is to come. */
static int gather(struct ttrpc_request *req, const ProtobufCMessage *in, struct ipvs_change *ret,
		  struct err *err)
{
	const Katac__IpvsChangeRequest *message = (const Katac__IpvsChangeRequest *)in;
	struct ipvs_staged *staged;
	int r;

	if (message->n_rules == 0 || message->n_rules > RULES_PER_CALL)
		return err_set(err, EINVAL, "%zu rules in one call, allowed are 1 to %u",
			       message->n_rules, RULES_PER_CALL);
	if (!message->more && !req->conn->kept)
		return ipvs_change_add(ret, message, err);
	staged = staged_open(req, err);
	if (!staged)
		return -err->code;
	r = stage(staged, message, err);
	if (r < 0 || message->more)
		return r;
	req->conn->kept = NULL;
	*ret = ipvs_change_take(&staged->change);
	staged_free(staged);
	return 0;
}

struct change_work {
	struct ttrpc_request *req;
	struct ipvs_change change;
};

static int change_run(void *data, struct err *err)
{
	struct change_work *work = data;
	CLEANUP(close) int lock = open(CHANGES_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (lock < 0)
		return err_errno(err, "open " CHANGES_LOCK);
	if (flock(lock, LOCK_EX) < 0)
		return err_errno(err, "lock " CHANGES_LOCK);
	return ipvs_change_make(&work->change, err);
}

static void change_made(void *data, const struct err *error)
{
	const Katac__IpvsChangeResponse response = KATAC__IPVS_CHANGE_RESPONSE__INIT;
	struct change_work *work = data;

	if (error->code)
		ttrpc_reply_error(work->req, error);
	else
		ttrpc_reply(work->req, &response.base);
	ipvs_change_done(&work->change);
	free(work);
}

void api_ipvs_change(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Katac__IpvsChangeResponse response = KATAC__IPVS_CHANGE_RESPONSE__INIT;
	struct change_work *work = xcalloc(1, sizeof(*work));
	struct agent *agent = req->context;
	struct err error = { 0 };

	work->req = req;
	if (gather(req, in, &work->change, &error) == 0 && work->change.n_rules > 0) {
		job_start(agent->loop, change_run, change_made, work);
		return;
	}
	if (error.code)
		ttrpc_reply_error(req, &error);
	else
		ttrpc_reply(req, &response.base);
	free(work);
}
