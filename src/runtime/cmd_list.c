/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"

#define MIN_WIDTH 12u /* reference 02, "list" */
#define PADDING   3u

struct row {
	struct container_view view;
	char *owner; /* "#<uid>" */
};

struct rows {
	struct row *items;
	size_t n;
};

static void rows_done(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		container_view_done(&rows->items[i].view);
		free(rows->items[i].owner);
	}
	free(rows->items);
}

/* A container that goes away meanwhile, or is only half there, is passed over with a word. */
static void collect(char *const *ids, struct rows *rows)
{
	rows->items = xcalloc(strv_len(ids), sizeof(*rows->items));
	for (; *ids; ids++) {
		struct row *row = &rows->items[rows->n];
		struct err err = { 0 };
		struct stat st;

		if (container_look(*ids, &row->view, &err) < 0) {
			if (err.code != ENOENT)
				(void)fprintf(stderr, "%s\n", err.text);
			container_view_done(&row->view);
			continue;
		}
		rows->n++;
		if (row->view.record->rootfs && stat(row->view.record->rootfs, &st) == 0)
			row->owner = xasprintf("#%u", st.st_uid);
		else
			row->owner = xstrdup("-");
	}
}

static void print_quiet(const struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		printf("%s\n", rows->items[i].view.record->id);
}

#define N_COLUMNS 6

static void cells_of(const struct row *row, const char *cells[N_COLUMNS], char pid[16])
{
	const struct container_record *record = row->view.record;

	snprintf(pid, 16, "%d", row->view.state == STATE_STOPPED ? 0 : record->shim.pid);
	cells[0] = record->id;
	cells[1] = pid;
	cells[2] = state_name(row->view.state);
	cells[3] = record->bundle;
	cells[4] = record->created;
	cells[5] = row->owner;
}

static void print_line(const char *const cells[N_COLUMNS], const size_t widths[N_COLUMNS])
{
	for (int c = 0; c < N_COLUMNS - 1; c++)
		printf("%-*s", (int)widths[c], cells[c]);
	printf("%s\n", cells[N_COLUMNS - 1]);
}

static void print_table(const struct rows *rows)
{
	const char *head[N_COLUMNS] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
	size_t widths[N_COLUMNS];
	const char *cells[N_COLUMNS];
	char pid[16];

	for (int c = 0; c < N_COLUMNS; c++)
		widths[c] = MIN_WIDTH;
	for (size_t i = 0; i < rows->n; i++) {
		cells_of(&rows->items[i], cells, pid);
		for (int c = 0; c < N_COLUMNS; c++)
			if (strlen(cells[c]) + PADDING > widths[c])
				widths[c] = strlen(cells[c]) + PADDING;
	}
	print_line(head, widths);
	for (size_t i = 0; i < rows->n; i++) {
		cells_of(&rows->items[i], cells, pid);
		print_line(cells, widths);
	}
}

static void print_json(const struct rows *rows)
{
	struct json_writer w = { 0 };
	CLEANUP(free) char *text = NULL;

	if (rows->n == 0) {
		printf("null\n");
		return;
	}
	json_open_array(&w, NULL);
	for (size_t i = 0; i < rows->n; i++) {
		const struct container_record *record = rows->items[i].view.record;
		bool stopped = rows->items[i].view.state == STATE_STOPPED;

		json_open_object(&w, NULL);
		json_put_string(&w, "ociVersion", record->oci_version);
		json_put_string(&w, "id", record->id);
		json_put_i64(&w, "pid", stopped ? 0 : record->shim.pid);
		json_put_string(&w, "status", state_name(rows->items[i].view.state));
		json_put_string(&w, "bundle", record->bundle);
		json_put_string(&w, "rootfs", record->rootfs);
		json_put_string(&w, "created", record->created);
		json_put_map(&w, "annotations", record->annotations);
		json_put_string(&w, "owner", rows->items[i].owner);
		json_close_object(&w);
	}
	json_close_array(&w);
	text = json_finish(&w);
	printf("%s\n", text);
}

static int run_list(const struct globals *globals __attribute__((unused)), int argc, char **argv,
		    struct err *err)
{
	__attribute__((cleanup(rows_done))) struct rows rows = { 0 };
	CLEANUP(strv_free) char **ids = NULL;
	const char *format = "table";
	bool quiet = false;
	int r;

	const struct opt opts[] = {
		OPT_STRING('f', "format", &format, "FORMAT", "table or json"),
		OPT_BOOL('q', "quiet", &quiet, "ids only"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	if (!str_eq(format, "table") && !str_eq(format, "json"))
		return err_set(err, EINVAL, "--format: '%s' is not one of: table, json", format);
	r = id_list(&ids, err);
	if (r < 0)
		return r;
	collect(ids, &rows);
	if (quiet)
		print_quiet(&rows);
	else if (str_eq(format, "json"))
		print_json(&rows);
	else
		print_table(&rows);
	return 0;
}

const struct command cmd_list = { "list", "list the containers of this host", run_list };
