/* SPDX-License-Identifier: Apache-2.0 */
/* stats_pb.h - the guest's numbers as they came over the wire */
#pragma once

#include "agent.pb-c.h"

struct cgroup_stats;

/* Into an empty @ret, freed by cgroup_stats_done(). Names are made printable and cut. */
void stats_from_pb(const Grpc__StatsContainerResponse *pb, struct cgroup_stats *ret);
