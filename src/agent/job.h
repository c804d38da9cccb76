/* SPDX-License-Identifier: Apache-2.0 */
/* job.h - work that may block, done by a forked helper (design E4) */
#pragma once

struct err;
struct loop;

/* Runs in the helper. Returns 0 or -errno; the error's text reaches the callback. */
typedef int (*job_fn)(void *data, struct err *err);

/* @error->code is 0 after success. A helper that died without a word is EIO. */
typedef void (*job_done_fn)(void *data, const struct err *error);

/*
 * @data is used by the helper's copy of our memory and given to @done here; it
 * must live until then. When no helper can be started, @done is called at once.
 */
void job_start(struct loop *loop, job_fn fn, job_done_fn done, void *data);
