/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/err_report.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"

#define MIN_WIDTH 12u /* reference 02, "list" */
#define PADDING   3u

struct row {
	struct container_view view;
	struct sandbox_record *sandbox; /* NULL: it cannot be read */
	char *owner;                    /* "#<uid>" */
};

struct rows {
	struct row *items;
	size_t n;
};

static void rows_done(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		container_view_done(&rows->items[i].view);
		sandbox_record_free(rows->items[i].sandbox);
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
				err_report(&err, NULL);
			container_view_done(&row->view);
			continue;
		}
		rows->n++;
		(void)sandbox_look(row->view.record->sandbox, &row->sandbox, &err);
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

/* What differs from what the configuration names now: a list of kernel and image, or "-". Owned. */
static char *stale_assets(const struct row *row, const struct config *latest)
{
	CLEANUP(strv_free) char **stale = NULL;

	if (row->sandbox && row->sandbox->kernel &&
	    !str_eq(row->sandbox->kernel, latest->hypervisor.kernel))
		strv_add(&stale, "kernel");
	if (row->sandbox && row->sandbox->image &&
	    !str_eq(row->sandbox->image, config_image(latest)))
		strv_add(&stale, "image");
	return stale ? strv_join(stale, ",") : xstrdup("-");
}

/* Six columns, and six more with --kata-all. */
static char **cells_of(const struct row *row, const struct config *latest)
{
	const struct container_record *record = row->view.record;
	const struct sandbox_record *sandbox = row->sandbox;
	char **cells = NULL;

	strv_add(&cells, record->id);
	strv_addf(&cells, "%d", row->view.state == STATE_STOPPED ? 0 : record->shim.pid);
	strv_add(&cells, state_name(row->view.state));
	strv_add(&cells, record->bundle);
	strv_add(&cells, record->created);
	strv_add(&cells, row->owner);
	if (!latest)
		return cells;
	strv_add(&cells, sandbox && sandbox->hypervisor ? sandbox->hypervisor : "-");
	strv_add(&cells, sandbox && sandbox->kernel ? sandbox->kernel : "-");
	strv_add(&cells, sandbox && sandbox->image ? sandbox->image : "-");
	strv_add(&cells, latest->hypervisor.kernel);
	strv_add(&cells, config_image(latest));
	strv_take(&cells, stale_assets(row, latest));
	return cells;
}

static void print_line(char *const *cells, const size_t *widths)
{
	for (size_t c = 0; cells[c]; c++) {
		if (cells[c + 1])
			printf("%-*s", (int)widths[c], cells[c]);
		else
			printf("%s\n", cells[c]);
	}
}

#define N_COLUMNS 12

static void print_table(const struct rows *rows, const struct config *latest)
{
	CLEANUP(strv_free)
	char **head = strv_split(
		latest ? "ID PID STATUS BUNDLE CREATED OWNER HYPERVISOR KERNEL IMAGE LATEST-KERNEL "
			 "LATEST-IMAGE STALE"
		       : "ID PID STATUS BUNDLE CREATED OWNER",
		" ");
	size_t widths[N_COLUMNS];

	for (int c = 0; c < N_COLUMNS; c++)
		widths[c] = MIN_WIDTH;
	for (size_t i = 0; i < rows->n; i++) {
		CLEANUP(strv_free) char **cells = cells_of(&rows->items[i], latest);

		for (size_t c = 0; cells[c]; c++)
			if (strlen(cells[c]) + PADDING > widths[c])
				widths[c] = strlen(cells[c]) + PADDING;
	}
	for (size_t c = 0; head[c]; c++)
		if (strlen(head[c]) + PADDING > widths[c])
			widths[c] = strlen(head[c]) + PADDING;
	print_line(head, widths);
	for (size_t i = 0; i < rows->n; i++) {
		CLEANUP(strv_free) char **cells = cells_of(&rows->items[i], latest);

		print_line(cells, widths);
	}
}

static void put_asset(struct json_writer *w, const char *key, const char *path)
{
	json_open_object(w, key);
	json_put_string(w, "path", path ? path : "");
	json_put_bool(w, "bool", false); /* none is chosen by annotation */
	json_close_object(w);
}

static void put_assets(struct json_writer *w, const char *key, const char *hypervisor,
		       const char *image, const char *kernel)
{
	json_open_object(w, key);
	put_asset(w, "hypervisorAsset", hypervisor);
	put_asset(w, "imageAsset", image);
	put_asset(w, "kernelAsset", kernel);
	json_close_object(w);
}

static void put_row(struct json_writer *w, const struct row *row, const struct config *latest)
{
	const struct container_record *record = row->view.record;
	const struct sandbox_record *sandbox = row->sandbox;
	CLEANUP(free) char *stale = stale_assets(row, latest);
	CLEANUP(strv_free) char **list = str_eq(stale, "-") ? NULL : strv_split(stale, ",");

	json_open_object(w, NULL);
	json_put_string(w, "ociVersion", record->oci_version);
	json_put_string(w, "id", record->id);
	json_put_i64(w, "pid", row->view.state == STATE_STOPPED ? 0 : record->shim.pid);
	json_put_string(w, "status", state_name(row->view.state));
	json_put_string(w, "bundle", record->bundle);
	json_put_string(w, "rootfs", record->rootfs);
	json_put_string(w, "created", record->created);
	json_put_map(w, "annotations", record->annotations);
	json_put_string(w, "owner", row->owner);
	put_assets(w, "currentHypervisor", sandbox ? sandbox->hypervisor : NULL,
		   sandbox ? sandbox->image : NULL, sandbox ? sandbox->kernel : NULL);
	put_assets(w, "latestHypervisor", latest->hypervisor.path, config_image(latest),
		   latest->hypervisor.kernel);
	json_put_strv(w, "StaleAssets", list);
	json_close_object(w);
}

static void print_json(const struct rows *rows, const struct config *latest)
{
	struct json_writer w = { 0 };
	CLEANUP(free) char *text = NULL;

	if (rows->n == 0) {
		printf("null\n");
		return;
	}
	json_open_array(&w, NULL);
	for (size_t i = 0; i < rows->n; i++)
		put_row(&w, &rows->items[i], latest);
	json_close_array(&w);
	text = json_finish(&w);
	printf("%s\n", text);
}

static int run_list(const struct globals *globals, int argc, char **argv, struct err *err)
{
	CLEANUP(config_free) struct config *config = NULL;
	__attribute__((cleanup(rows_done))) struct rows rows = { 0 };
	CLEANUP(strv_free) char **ids = NULL;
	const char *format = "table";
	bool quiet = false;
	bool all = false;
	bool json;
	int r;

	const struct opt opts[] = {
		OPT_STRING('f', "format", &format, "FORMAT", "table or json"),
		OPT_BOOL('q', "quiet", &quiet, "ids only"),
		OPT_BOOL(0, "kata-all", &all,
			 "also hypervisor, kernel and image, and which are stale"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	if (!str_eq(format, "table") && !str_eq(format, "json"))
		return err_set(err, EINVAL, "--format: '%s' is not one of: table, json", format);
	json = str_eq(format, "json");
	/* Without need for it, a broken configuration does not stop a list. */
	if (!quiet && (json || all)) {
		r = load_config(globals, false, &config, err);
		if (r < 0)
			return r;
	}
	r = id_list(&ids, err);
	if (r < 0)
		return r;
	collect(ids, &rows);
	if (quiet)
		print_quiet(&rows);
	else if (json)
		print_json(&rows, config);
	else
		print_table(&rows, config);
	return 0;
}

const struct command cmd_list = { "list", NULL, "list the containers of this host", run_list };
