#!/bin/bash
# json-c alone takes text behind a value, which src/base/json.c therefore looks for itself
# Used in src/base/json.c, json_parse().
source "$(dirname "$0")/lib.sh"
needs pkg-config --exists json-c
compiled parse $(pkg-config --cflags --libs json-c) <<'C'
#include <json.h>
#include <stdio.h>
#include <string.h>
int main(void)
{
	static const char text[] = "{\"a\": 1} rubbish";
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *doc = json_tokener_parse_ex(tokener, text, (int)strlen(text));

	printf("%s, end %zu\n", json_tokener_error_desc(json_tokener_get_error(tokener)),
	       json_tokener_get_parse_end(tokener));
	return !(doc && json_tokener_get_error(tokener) == json_tokener_success &&
		 json_tokener_get_parse_end(tokener) < strlen(text));
}
C
"$work/parse"
