/* SPDX-License-Identifier: Apache-2.0 */
/* spec_pb.h - the OCI configuration as it came over the wire */
#pragma once

#include "oci.pb-c.h"

struct err;
struct oci_process;
struct oci_resources;
struct oci_spec;

/*
 * The host has checked it, but we do not rely on that: what is missing or out
 * of range is -EINVAL, by the rules of oci/check.h.
 */
int spec_from_pb(const Grpc__Spec *pb, struct oci_spec **ret, struct err *err);

/* @ret is freshly initialised; the caller releases it even when this fails. */
int process_from_pb(const Grpc__Process *pb, struct oci_process *ret, struct err *err);
int resources_from_pb(const Grpc__LinuxResources *pb, struct oci_resources *ret, struct err *err);
