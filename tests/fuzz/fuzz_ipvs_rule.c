/* SPDX-License-Identifier: Apache-2.0 */
/* An administrator's words for IPVS: whatever they are, what is taken is within its ranges. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "runtime/ipvs_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(int r, const struct err *err)
{
	if (r == 0)
		return;
	if (r != -err->code || !*err->text)
		abort();
	for (const char *c = err->text; *c; c++)
		if (*c < ' ' || *c > '~')
			abort();
}

static void check_rule(const struct ipvs_rule *rule)
{
	if (rule->persistent > IPVS_PERSISTENT_MAX || rule->weight > IPVS_WEIGHT_MAX ||
	    rule->timeouts.tcp > IPVS_TIMEOUT_MAX || rule->timeouts.tcp_fin > IPVS_TIMEOUT_MAX ||
	    rule->timeouts.udp > IPVS_TIMEOUT_MAX)
		abort();
	if ((rule->protocol != 0) != (rule->service.port != 0) ||
	    (rule->server.family && rule->server.family != rule->service.family))
		abort();
	if (strnlen(rule->scheduler, sizeof(rule->scheduler)) == sizeof(rule->scheduler))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly its size, so that a byte too far is seen. */
	CLEANUP(free) char *text = xmemdup(data, size);
	CLEANUP(free) struct ipvs_rule *rules = NULL;
	struct ipvs_address address;
	struct ipvs_command command;
	struct err err = { 0 };
	int protocol = 0;
	size_t n = 0;
	int r;

	r = ipvs_command_parse(text, size, &command, &err);
	check_error(r, &err);
	if (r == 0)
		check_rule(&command.rule);
	err = (struct err){ 0 };
	r = ipvs_rules_parse(text, size, &rules, &n, &err);
	check_error(r, &err);
	for (size_t i = 0; i < n; i++) {
		check_rule(&rules[i]);
		if (rules[i].line == 0 || rules[i].protocol == 0)
			abort();
	}
	err = (struct err){ 0 };
	check_error(ipvs_cleanup_parse(text, size, &address, &protocol, &err), &err);
	return 0;
}
