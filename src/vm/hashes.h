/* SPDX-License-Identifier: Apache-2.0 */
/* hashes.h - whether the files of a machine are those that an annotation means */
#pragma once

struct config;
struct err;

/*
 * Reads each file that has a hash in @config (see config_hash()). -EBADMSG with both hashes when
 * one is another file.
 */
int hashes_check(const struct config *config, struct err *err);

/* The SHA-512 of the file @path in @ret: 128 hexadecimal digits in lower case. */
#define SHA512_TEXT 129u
int hashes_of_file(const char *path, char ret[SHA512_TEXT], struct err *err);
