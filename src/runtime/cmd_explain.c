/* SPDX-License-Identifier: Apache-2.0 */
/* kata-runtime explain: what the code behind an error means */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "runtime/command.h"

static void put_code(struct json_writer *w, enum err_id id)
{
	json_open_object(w, NULL);
	json_put_string(w, "code", err_name(id));
	json_put_string(w, "meaning", err_meaning(id));
	json_put_string(w, "remedy", err_remedy(id));
	json_close_object(w);
}

/* All codes, where @id is ERR_NONE, in an array; one is an object. */
static void print_json(enum err_id id)
{
	struct json_writer w = { .indent = 2 };
	CLEANUP(free) char *text = NULL;

	if (id != ERR_NONE) {
		put_code(&w, id);
	} else {
		json_open_array(&w, NULL);
		for (id = ERR_NONE + 1; id < ERR_N_IDS; id++)
			put_code(&w, id);
		json_close_array(&w);
	}
	text = json_finish(&w);
	(void)puts(text);
}

static void print_text(enum err_id id)
{
	if (id != ERR_NONE) {
		(void)printf("%s\n%s\n%s\n", err_name(id), err_meaning(id), err_remedy(id));
		return;
	}
	for (id = ERR_NONE + 1; id < ERR_N_IDS; id++)
		(void)printf("%-28s %s\n", err_name(id), err_meaning(id));
}

static int run_explain(const struct globals *globals __attribute__((unused)), int argc, char **argv,
		       struct err *err)
{
	enum err_id id = ERR_NONE;
	const char *name = NULL;
	bool json = false;
	int r;

	const struct opt opts[] = {
		OPT_BOOL(0, "json", &json, "as JSON"),
		OPT_ARG_OPTIONAL("code", &name,
				 "as it stands behind an error, [KATA-…]; without one, all codes"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	if (name)
		id = err_by_name(name);
	if (name && id == ERR_NONE)
		return err_set_as(err, ERR_USAGE, ENOENT,
				  "there is no code '%.64s'; 'kata-runtime explain' lists all",
				  name);
	if (json)
		print_json(id);
	else
		print_text(id);
	return 0;
}

const struct command cmd_explain = { "explain", NULL, "say what the code behind an error means",
				     run_explain };
