/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/ipvs_rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "runtime/ipvs_words.h"

/* The options of ipvsadm that we have, operations first. */
enum {
	ADD_SERVICE,
	EDIT_SERVICE,
	DELETE_SERVICE,
	ADD_SERVER,
	EDIT_SERVER,
	DELETE_SERVER,
	CLEAR,
	ZERO,
	SET,
	LIST,
	LIST_TOO,
	N_OPERATIONS,
	TCP_SERVICE = N_OPERATIONS,
	UDP_SERVICE,
	SCHEDULER,
	PERSISTENT,
	REAL_SERVER,
	WEIGHT,
	MASQUERADING,
	NUMERIC,
	CONNECTION,
	TIMEOUT,
	STATS,
	RATE,
	THRESHOLDS,
	PERSISTENT_CONN,
	EXACT,
	SORT,
	NOSORT,
	GATEWAYING,
	IPIP,
	N_OPTIONS
};

static const struct ipvs_option options[] = {
	[ADD_SERVICE] = { "add-service", NULL, 'A', false },
	[EDIT_SERVICE] = { "edit-service", NULL, 'E', false },
	[DELETE_SERVICE] = { "delete-service", NULL, 'D', false },
	[ADD_SERVER] = { "add-server", NULL, 'a', false },
	[EDIT_SERVER] = { "edit-server", NULL, 'e', false },
	[DELETE_SERVER] = { "delete-server", NULL, 'd', false },
	[CLEAR] = { "clear", NULL, 'C', false },
	[ZERO] = { "zero", NULL, 'Z', false },
	[SET] = { "set", NULL, 0, false },
	[LIST] = { "list", NULL, 'L', false },
	[LIST_TOO] = { "list", NULL, 'l', false },
	[TCP_SERVICE] = { "tcp-service", "IP:PORT", 't', false },
	[UDP_SERVICE] = { "udp-service", "IP:PORT", 'u', false },
	[SCHEDULER] = { "scheduler", "NAME", 's', false },
	[PERSISTENT] = { "persistent", "SECONDS", 'p', false },
	[REAL_SERVER] = { "real-server", "IP:PORT", 'r', false },
	[WEIGHT] = { "weight", "NUMBER", 'w', false },
	[MASQUERADING] = { "masquerading", NULL, 'm', false },
	[NUMERIC] = { "numeric", NULL, 'n', false },
	[CONNECTION] = { "connection", NULL, 'c', false },
	[TIMEOUT] = { "timeout", NULL, 0, false },
	[STATS] = { "stats", NULL, 0, false },
	[RATE] = { "rate", NULL, 0, false },
	[THRESHOLDS] = { "thresholds", NULL, 0, false },
	[PERSISTENT_CONN] = { "persistent-conn", NULL, 0, false },
	[EXACT] = { "exact", NULL, 0, false },
	[SORT] = { "sort", NULL, 0, false },
	[NOSORT] = { "nosort", NULL, 0, false },
	[GATEWAYING] = { "gatewaying", NULL, 'g', true },
	[IPIP] = { "ipip", NULL, 'i', true },
	[N_OPTIONS] = { NULL, NULL, 0, false },
};

#define BIT(option) (1u << (option))
#define SERVICE     (BIT(TCP_SERVICE) | BIT(UDP_SERVICE)) /* one of them */
#define SHOWN                                                                        \
	(BIT(CONNECTION) | BIT(TIMEOUT) | BIT(STATS) | BIT(RATE) | BIT(THRESHOLDS) | \
	 BIT(PERSISTENT_CONN))

/* What each operation needs, and what it may have besides. */
static const struct {
	unsigned needs;
	unsigned may;
} forms[N_OPERATIONS] = {
	[ADD_SERVICE] = { SERVICE | BIT(SCHEDULER) | BIT(PERSISTENT), 0 },
	[EDIT_SERVICE] = { SERVICE | BIT(SCHEDULER) | BIT(PERSISTENT), 0 },
	[DELETE_SERVICE] = { SERVICE, 0 },
	[ADD_SERVER] = { SERVICE | BIT(REAL_SERVER), BIT(WEIGHT) | BIT(MASQUERADING) },
	[EDIT_SERVER] = { SERVICE | BIT(REAL_SERVER), BIT(WEIGHT) | BIT(MASQUERADING) },
	[DELETE_SERVER] = { SERVICE | BIT(REAL_SERVER), 0 },
	[ZERO] = { 0, SERVICE },
	[LIST] = { 0, SERVICE | SHOWN | BIT(NUMERIC) | BIT(EXACT) | BIT(SORT) | BIT(NOSORT) },
};

static const enum ipvs_operation operations[N_OPERATIONS] = {
	[ADD_SERVICE] = IPVS_ADD_SERVICE,
	[EDIT_SERVICE] = IPVS_EDIT_SERVICE,
	[DELETE_SERVICE] = IPVS_DELETE_SERVICE,
	[ADD_SERVER] = IPVS_ADD_SERVER,
	[EDIT_SERVER] = IPVS_EDIT_SERVER,
	[DELETE_SERVER] = IPVS_DELETE_SERVER,
	[CLEAR] = IPVS_CLEAR,
	[ZERO] = IPVS_ZERO,
	[SET] = IPVS_SET_TIMEOUTS,
};

static const char *const allowed_values[N_OPTIONS] = {
	[TCP_SERVICE] = "IP:PORT with a port from 1 to 65535",
	[UDP_SERVICE] = "IP:PORT with a port from 1 to 65535",
	[REAL_SERVER] = "IP:PORT with a port from 1 to 65535",
	[SCHEDULER] = "one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq",
	[PERSISTENT] = "1 to 2678400 seconds, or 0 for none",
	[WEIGHT] = "0 to 65535",
};

/* The words of one command line, sorted. */
struct words {
	const char *values[N_OPTIONS];
	const char *rest[3];
	size_t n_rest;
	int operation;
};

static int bad_value(int option, const char *value, struct err *err)
{
	char shown[IPVS_SHOWN_SIZE];

	return err_set(err, EINVAL, "--%s: '%s' is not %s", options[option].name,
		       ipvs_shown(value, shown), allowed_values[option]);
}

static int find_operation(struct words *words, struct err *err)
{
	char shown[IPVS_SHOWN_SIZE];
	int found = -1;

	if (words->n_rest > 0 && !words->values[SET])
		return err_set(err, EINVAL, "'%s' is no option and not the value of one",
			       ipvs_shown(words->rest[0], shown));

	for (int i = 0; i < N_OPERATIONS; i++) {
		if (!words->values[i])
			continue;
		if (found >= 0)
			return err_set(err, EINVAL, "--%s and --%s: one operation at a time",
				       options[found].name, options[i].name);
		found = i;
	}
	if (found < 0)
		return err_set(err, EINVAL,
			       "no operation: one of -A, -E, -D, -a, -e, -d, -C, -Z, -L, --set is "
			       "needed");
	words->operation = found == LIST_TOO ? LIST : found;
	return 0;
}

static int check_form(const struct words *words, struct err *err)
{
	unsigned needs = forms[words->operation].needs;
	unsigned may = forms[words->operation].may | needs;
	const char *name = options[words->operation].name;

	if (words->values[GATEWAYING] || words->values[IPIP])
		return err_set(err, EINVAL, "--%s: only NAT is supported, --masquerading or -m",
			       options[words->values[IPIP] ? IPIP : GATEWAYING].name);
	for (int i = N_OPERATIONS; i < N_OPTIONS; i++)
		if (words->values[i] && !(may & BIT(i)))
			return err_set(err, EINVAL, "--%s is not allowed with --%s",
				       options[i].name, name);
	if (words->values[TCP_SERVICE] && words->values[UDP_SERVICE])
		return err_set(err, EINVAL,
			       "--tcp-service and --udp-service: one service at a time");
	if (needs & SERVICE && !words->values[TCP_SERVICE] && !words->values[UDP_SERVICE])
		return err_set(err, EINVAL, "--%s needs --tcp-service or --udp-service, %s", name,
			       allowed_values[TCP_SERVICE]);
	for (int i = N_OPERATIONS; i < N_OPTIONS; i++)
		if (needs & ~SERVICE & BIT(i) && !words->values[i])
			return err_set(err, EINVAL, "--%s needs --%s, %s", name, options[i].name,
				       allowed_values[i]);
	return 0;
}

/* Decimal digits and nothing else: inet_pton() and str_to_u64() are as strict. */
static int take_ip(const char *text, struct ipvs_address *ret)
{
	if (inet_pton(AF_INET, text, &ret->v4) == 1)
		ret->family = AF_INET;
	else if (inet_pton(AF_INET6, text, &ret->v6) == 1)
		ret->family = AF_INET6;
	else
		return -EINVAL;
	return 0;
}

/* "1.2.3.4:80" or "[fd00::1]:80" */
static int take_address(const char *text, struct ipvs_address *ret)
{
	const char *colon = strrchr(text, ':');
	CLEANUP(free) char *ip = NULL;
	uint64_t port = 0;
	bool brackets;

	if (!colon || str_to_u64(colon + 1, 1, UINT16_MAX, &port) < 0)
		return -EINVAL;
	brackets = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
	ip = brackets ? xstrndup(text + 1, (size_t)(colon - text) - 2)
		      : xstrndup(text, (size_t)(colon - text));
	if (take_ip(ip, ret) < 0 || brackets != (ret->family == AF_INET6))
		return -EINVAL;
	ret->port = (uint16_t)port;
	return 0;
}

static int take_service(const struct words *words, struct ipvs_rule *ret, struct err *err)
{
	int option = words->values[UDP_SERVICE] ? UDP_SERVICE : TCP_SERVICE;
	const char *value = words->values[option];

	if (!value)
		return 0;
	ret->protocol = option == UDP_SERVICE ? IPPROTO_UDP : IPPROTO_TCP;
	return take_address(value, &ret->service) < 0 ? bad_value(option, value, err) : 0;
}

static int take_server(const struct words *words, struct ipvs_rule *ret, struct err *err)
{
	const char *value = words->values[REAL_SERVER];

	if (!value)
		return 0;
	if (take_address(value, &ret->server) < 0)
		return bad_value(REAL_SERVER, value, err);
	if (ret->server.family != ret->service.family)
		return err_set(err, EINVAL,
			       "--real-server: '%s' is not of the service's family: both are IPv4 "
			       "or both IPv6",
			       value);
	return 0;
}

static int take_scheduler(const char *value, char ret[static IPVS_NAME_SIZE], struct err *err)
{
	static const char *const names[] = { "rr",    "wrr", "lc", "wlc", "lblc",
					     "lblcr", "dh",  "sh", "sed", "nq" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(value, names[i])) {
			(void)snprintf(ret, IPVS_NAME_SIZE, "%s", value);
			return 0;
		}
	return bad_value(SCHEDULER, value, err);
}

static int take_number(const struct words *words, int option, uint32_t max, uint32_t *ret,
		       struct err *err)
{
	const char *value = words->values[option];
	uint64_t n = 0;

	if (!value)
		return 0;
	if (str_to_u64(value, 0, max, &n) < 0)
		return bad_value(option, value, err);
	*ret = (uint32_t)n;
	return 0;
}

static int take_timeouts(const struct words *words, struct ipvs_timeouts *ret, struct err *err)
{
	static const char *const names[] = { "tcp", "tcpfin", "udp" };
	uint32_t *const to[] = { &ret->tcp, &ret->tcp_fin, &ret->udp };
	char shown[IPVS_SHOWN_SIZE];
	uint64_t n = 0;

	if (words->n_rest < 3)
		return err_set(err, EINVAL,
			       "--set needs three numbers: tcp tcpfin udp, each 0 to %u seconds, "
			       "where 0 changes nothing",
			       IPVS_TIMEOUT_MAX);
	for (size_t i = 0; i < 3; i++) {
		if (str_to_u64(words->rest[i], 0, IPVS_TIMEOUT_MAX, &n) < 0)
			return err_set(err, EINVAL, "--set: %s: '%s' is not 0 to %u seconds",
				       names[i], ipvs_shown(words->rest[i], shown),
				       IPVS_TIMEOUT_MAX);
		*to[i] = (uint32_t)n;
	}
	return 0;
}

static int take_rule(const struct words *words, struct ipvs_rule *ret, struct err *err)
{
	int r;

	ret->operation = operations[words->operation];
	ret->weight = 1; /* as ipvsadm has it */
	r = take_service(words, ret, err);
	if (r == 0)
		r = take_server(words, ret, err);
	if (r == 0 && words->values[SCHEDULER])
		r = take_scheduler(words->values[SCHEDULER], ret->scheduler, err);
	if (r == 0)
		r = take_number(words, PERSISTENT, IPVS_PERSISTENT_MAX, &ret->persistent, err);
	if (r == 0)
		r = take_number(words, WEIGHT, IPVS_WEIGHT_MAX, &ret->weight, err);
	if (r == 0 && words->operation == SET)
		r = take_timeouts(words, &ret->timeouts, err);
	return r;
}

/* What is to be shown; at most one of the options that choose it. */
static int take_list(const struct words *words, struct ipvs_command *ret, struct err *err)
{
	static const struct {
		int option;
		enum ipvs_show show;
	} shows[] = {
		{ CONNECTION, IPVS_SHOW_CONNECTIONS },
		{ TIMEOUT, IPVS_SHOW_TIMEOUTS },
		{ STATS, IPVS_SHOW_STATS },
		{ RATE, IPVS_SHOW_RATES },
		{ THRESHOLDS, IPVS_SHOW_THRESHOLDS },
		{ PERSISTENT_CONN, IPVS_SHOW_PERSISTENT },
	};
	int found = -1;

	for (size_t i = 0; i < sizeof(shows) / sizeof(shows[0]); i++) {
		if (!words->values[shows[i].option])
			continue;
		if (found >= 0)
			return err_set(err, EINVAL, "--%s and --%s: one of them at a time",
				       options[found].name, options[shows[i].option].name);
		found = shows[i].option;
		ret->show = shows[i].show;
	}
	if (ret->rule.protocol && (found == CONNECTION || found == TIMEOUT))
		return err_set(
			err, EINVAL, "--%s is of all services: it takes no %s", options[found].name,
			ret->rule.protocol == IPPROTO_TCP ? "--tcp-service" : "--udp-service");
	ret->list = true;
	ret->exact = words->values[EXACT];
	ret->unsorted = words->values[NOSORT];
	return 0;
}

static int parse_words(char *const *list, struct words *words, struct ipvs_command *ret,
		       struct err *err)
{
	int r;

	r = ipvs_words_read(list, options, words->values, words->rest, 3, &words->n_rest, err);
	if (r == 0)
		r = find_operation(words, err);
	if (r == 0)
		r = check_form(words, err);
	if (r == 0)
		r = take_rule(words, &ret->rule, err);
	if (r == 0 && words->operation == LIST)
		r = take_list(words, ret, err);
	return r;
}

int ipvs_command_parse(const char *text, size_t len, struct ipvs_command *ret, struct err *err)
{
	CLEANUP(strv_free) char **list = NULL;
	struct words words = { 0 };
	int r;

	*ret = (struct ipvs_command){ 0 };
	r = ipvs_words_split(text, len, &list, err);
	return r < 0 ? r : parse_words(list, &words, ret, err);
}

/* Rule files. */

static int parse_line(const char *text, size_t len, struct ipvs_rule *ret, struct err *err)
{
	CLEANUP(strv_free) char **list = NULL;
	struct ipvs_command command = { 0 };
	struct words words = { 0 };
	int r;

	r = ipvs_words_split(text, len, &list, err);
	if (r == 0)
		r = parse_words(list, &words, &command, err);
	if (r < 0)
		return r;
	if (words.operation != ADD_SERVICE && words.operation != ADD_SERVER)
		return err_set(err, EINVAL,
			       "--%s: a rule file can only add: --add-service or --add-server",
			       options[words.operation].name);
	if (words.operation == ADD_SERVER && !words.values[MASQUERADING])
		return err_set(err, EINVAL,
			       "--add-server needs --masquerading or -m in a rule file");
	*ret = command.rule;
	return 0;
}

/* Whether there is nothing on a line but blanks and a comment, in any script. */
static bool is_empty(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && (text[i] == ' ' || text[i] == '\t'))
		i++;
	return i == len || text[i] == '#';
}

int ipvs_rules_parse(const char *text, size_t len, struct ipvs_rule **ret, size_t *ret_n,
		     struct err *err)
{
	CLEANUP(free) struct ipvs_rule *rules = NULL;
	unsigned line = 0;
	size_t room = 0;
	size_t n = 0;

	for (size_t pos = 0, next; pos < len; pos = next) {
		const char *newline = memchr(text + pos, '\n', len - pos);
		size_t line_len = newline ? (size_t)(newline - text) - pos : len - pos;

		next = pos + line_len + 1;
		line++;
		if (is_empty(text + pos, line_len))
			continue;
		if (n == IPVS_RULES_MAX)
			return err_set(err, E2BIG, "line %u: Rules exceed limit %u", line,
				       IPVS_RULES_MAX);
		if (n == room) {
			room = room ? 2 * room : 64;
			rules = xrealloc(rules, room * sizeof(*rules));
		}
		rules[n] = (struct ipvs_rule){ 0 };
		if (parse_line(text + pos, line_len, &rules[n], err) < 0)
			return err_prefix(err, "line %u", line);
		rules[n++].line = line;
	}
	if (n == 0)
		return err_set(err, EINVAL, "Rule file has no effective rule.");
	*ret = take_ptr(rules);
	*ret_n = n;
	return 0;
}

/* Cleanup. */

int ipvs_cleanup_parse(const char *text, size_t len, struct ipvs_address *ret_destination,
		       int *ret_protocol, struct err *err)
{
	static const struct ipvs_option table[] = {
		{ "orig-dst", "IP", 'd', false },
		{ "protonum", "tcp|udp", 'p', false },
		{ NULL, NULL, 0, false },
	};
	CLEANUP(strv_free) char **list = NULL;
	const char *values[2] = { NULL };
	char shown[IPVS_SHOWN_SIZE];
	const char *none[1];
	size_t n_rest = 0;
	int r;

	*ret_destination = (struct ipvs_address){ 0 };
	r = ipvs_words_split(text, len, &list, err);
	if (r == 0)
		r = ipvs_words_read(list, table, values, none, 0, &n_rest, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < 2; i++)
		if (!values[i])
			return err_set(err, EINVAL, "--%s is needed: %s", table[i].name,
				       table[i].metavar);
	if (take_ip(values[0], ret_destination) < 0)
		return err_set(err, EINVAL, "--orig-dst: '%s' is not an IPv4 or IPv6 address",
			       ipvs_shown(values[0], shown));
	if (str_eq(values[1], "tcp"))
		*ret_protocol = IPPROTO_TCP;
	else if (str_eq(values[1], "udp"))
		*ret_protocol = IPPROTO_UDP;
	else
		return err_set(err, EINVAL, "--protonum: '%s' is not one of tcp, udp",
			       ipvs_shown(values[1], shown));
	return 0;
}
