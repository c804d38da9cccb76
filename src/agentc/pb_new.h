/* SPDX-License-Identifier: Apache-2.0 */
/* pb_new.h - messages of protobuf-c that own all of their parts; of agentc/ only */
#pragma once

#include <stddef.h>

#include "oci.pb-c.h"
#include "rpc/pb.h"

struct oci_seccomp;

/* An unset string is the empty one, which must be protobuf-c's own or on the heap. */
char *pb_text(const char *s);

/* A vector of @ret_n strings; NULL when there are none. */
char **pb_words(char *const *from, size_t *ret_n);

/* "key=value", both owned. */
void pb_pair(const char *word, char **ret_key, char **ret_value);

Grpc__LinuxSeccomp *seccomp_to_pb(const struct oci_seccomp *from);
