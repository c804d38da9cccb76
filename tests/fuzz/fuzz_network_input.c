/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "sandbox/network_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct agentc_interface update;
	struct agentc_routes routes;
	struct nic_request request;
	struct err err = { 0 };
	char *name = NULL;

	if (nic_request_parse(text, size, true, &request, &err) == 0)
		nic_request_done(&request);
	if (nic_update_parse(text, size, &update, &err) == 0)
		agentc_interface_done(&update);
	if (nic_name_parse(text, size, &name, &err) == 0)
		free(name);
	if (route_parse(text, size, &routes, &err) == 0)
		agentc_routes_done(&routes);
	if (route_match_parse(text, size, &routes, &err) == 0)
		agentc_routes_done(&routes);
	if (routes_parse(text, size, &routes, &err) == 0)
		agentc_routes_done(&routes);
	return 0;
}
