/* SPDX-License-Identifier: Apache-2.0 */
/* kata-runtime timeline: where the time of a container's start went. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/io.h"
#include "base/str.h"
#include "runtime/command.h"
#include "runtime/timeline_show.h"
#include "sandbox/sandbox.h"
#include "sandbox/timeline.h"

static int write_out(const char *path, const struct buf *text, struct err *err)
{
	CLEANUP(close) int fd = -1;
	int r;

	if (!path) {
		r = write_full(STDOUT_FILENO, buf_data(text), buf_len(text));
		return r < 0 ? err_set(err, -r, "timeline: nobody reads it any more") : 0;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, "--output: open %s", path);
	errno = -write_full(fd, buf_data(text), buf_len(text));
	return errno ? err_errno(err, "--output: write %s", path) : 0;
}

static int run_timeline(const struct globals *globals __attribute__((unused)), int argc,
			char **argv, struct err *err)
{
	__attribute__((cleanup(saved_timeline_done))) struct saved_timeline saved = { 0 };
	__attribute__((cleanup(buf_donep))) struct buf text = { 0 };
	CLEANUP(free) char *id = NULL;
	const char *format = "table";
	const char *output = NULL;
	const char *name = NULL;
	int r;

	const struct opt opts[] = {
		OPT_STRING('f', "format", &format, "FORMAT", "table (default), json, or svg"),
		OPT_STRING('o', "output", &output, "FILE",
			   "where it goes, instead of standard output"),
		OPT_ARG("container-id", &name, "the container"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	if (!str_eq(format, "table") && !str_eq(format, "json") && !str_eq(format, "svg"))
		return err_set(err, EINVAL, "--format: '%s' is not one of: table, json, svg",
			       format);
	r = id_resolve(name, &id, err);
	if (r == 0)
		r = saved_timeline_read(id, &saved, err);
	if (r < 0)
		return r;
	if (str_eq(format, "table"))
		timeline_show_table(&saved, &text);
	else if (str_eq(format, "json"))
		timeline_show_json(id, &saved, &text);
	else
		timeline_show_svg(id, &saved, &text);
	return write_out(output, &text, err);
}

const struct command cmd_timeline = { "timeline", NULL,
				      "where the time of a container's start went", run_timeline };
