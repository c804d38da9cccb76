/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What src/config/toml.c makes of files, in a form that can be compared:
 *
 *   == FILE
 *   TABLE<tab>KEY<tab>VALUE     for each key, or
 *   refused: ERROR
 *
 * Names and strings are hexadecimal.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "config/toml.h"

static void print_hex(const char *text)
{
	for (; *text; text++)
		printf("%02x", (unsigned)(unsigned char)*text);
}

static void print_entry(const struct toml_entry *entry)
{
	print_hex(entry->table);
	printf("\t");
	print_hex(entry->key);
	printf("\t");
	switch (entry->type) {
	case TOML_STRING:
		printf("s");
		print_hex(entry->string);
		break;
	case TOML_INTEGER:
		printf("i%" PRId64, entry->integer);
		break;
	case TOML_BOOL:
		printf("b%d", entry->integer != 0);
		break;
	case TOML_STRINGS:
		printf("a");
		for (char **word = entry->strings; word && *word; word++) {
			printf(" ");
			print_hex(*word);
		}
		break;
	}
	printf("\n");
}

static void print_file(const char *path)
{
	CLEANUP(toml_free) struct toml *toml = NULL;
	CLEANUP(free) char *text = NULL;
	struct err err = { 0 };
	size_t len = 0;

	printf("== %s\n", path);
	if (file_read(path, 1u << 20, &text, &len, &err) < 0 ||
	    toml_parse(text, len, "f", &toml, &err) < 0) {
		printf("refused: %s\n", err.text);
		return;
	}
	for (size_t i = 0; i < toml->n_entries; i++)
		print_entry(&toml->entries[i]);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		print_file(argv[i]);
	return 0;
}
