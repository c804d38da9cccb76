/* SPDX-License-Identifier: Apache-2.0 */
/* pb_read.h - parts of messages into the model of oci/spec.h */
#pragma once

#include <stddef.h>

#include "oci.pb-c.h"

struct err;
struct oci_resources;
struct oci_seccomp;

/* protobuf has no unset strings: empty ones are. Owned. */
char *read_text(const char *s);

/* Owned; NULL when there are none. */
char **read_words(size_t n, char **from);

/* An empty vector with room for @n strings; NULL for none. Owned. */
char **read_room(size_t n);

/*
 * Puts "key=value" into *slot. -EINVAL, naming @map, when the key could not be
 * told from the value.
 */
int read_pair(char **slot, const char *map, const char *key, const char *value, struct err *err);

/* *ret is the caller's to free even when it fails. */
int seccomp_from_pb(const Grpc__LinuxSeccomp *pb, struct oci_seccomp **ret, struct err *err);

/* resources_from_pb() without its checks, which those of the whole configuration contain. */
int resources_read_pb(const Grpc__LinuxResources *pb, struct oci_resources *ret, struct err *err);
