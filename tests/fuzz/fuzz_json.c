/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken once is taken again in the form that it is printed in. */
static void read_members(struct json *doc)
{
	struct json_at root = json_root(doc);
	CLEANUP(free) char *text = NULL;
	CLEANUP(strv_free) char **v = NULL;
	CLEANUP(strv_free) char **map = NULL;
	CLEANUP(free) char *s = NULL;
	CLEANUP(json_free) struct json *again = NULL;
	struct err err = { 0 };
	uint64_t u = 0;
	int64_t i = 0;

	if (json_check_object(&root, &err) < 0)
		return;
	(void)json_get_string(&root, "a", &s, &err);
	(void)json_get_strv(&root, "a", &v, &err);
	(void)json_get_map(&root, "a", &map, &err);
	(void)json_get_u64(&root, "a", &u, &err);
	(void)json_get_i64(&root, "a", &i, &err);
	text = json_member_text(&root, "a");
	if (json_parse(text, strlen(text), 64, &again, &err) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(json_free) struct json *doc = NULL;
	struct err err = { 0 };

	if (json_parse((const char *)data, size, 64, &doc, &err) == 0)
		read_members(doc);
	return 0;
}
