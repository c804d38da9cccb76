/* SPDX-License-Identifier: Apache-2.0 */
/* spec_pb.h - the OCI configuration for the wire; the agent's spec_pb is its mirror */
#pragma once

#include "oci.pb-c.h"

struct oci_process;
struct oci_resources;
struct oci_spec;

/* Deep copies, freed by pb_free(&….base). Of the hooks, those go along that run in the guest. */
Grpc__Spec *spec_to_pb(const struct oci_spec *from);
Grpc__Process *process_to_pb(const struct oci_process *from);
Grpc__LinuxResources *resources_to_pb(const struct oci_resources *from);
