/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipvs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ip_vs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/api.h"
#include "agent/ipvs_nl.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "rpc/pb.h"

#define OPERATION(name) KATAC__IPVS_RULE__OPERATION__##name

/* Messages that go to the kernel in one piece. */
#define BATCH 64u

static bool adds(const Katac__IpvsRule *rule)
{
	return rule->operation == OPERATION(ADD_SERVICE) ||
	       rule->operation == OPERATION(ADD_SERVER);
}

static bool has_server(const Katac__IpvsRule *rule)
{
	return rule->operation == OPERATION(ADD_SERVER) ||
	       rule->operation == OPERATION(EDIT_SERVER) ||
	       rule->operation == OPERATION(DELETE_SERVER);
}

static bool has_scheduler(const Katac__IpvsRule *rule)
{
	return rule->operation == OPERATION(ADD_SERVICE) ||
	       rule->operation == OPERATION(EDIT_SERVICE);
}

static bool needs_service(const Katac__IpvsRule *rule)
{
	return has_server(rule) || has_scheduler(rule) ||
	       rule->operation == OPERATION(DELETE_SERVICE);
}

/* For messages. */

#define RULE_TEXT_SIZE 256u

static void put_address(char *to, size_t size, ProtobufCBinaryData address, uint32_t port)
{
	char ip[INET6_ADDRSTRLEN] = "?";
	bool v6 = address.len == sizeof(struct in6_addr);

	if (v6 || address.len == sizeof(struct in_addr))
		(void)inet_ntop(v6 ? AF_INET6 : AF_INET, address.data, ip, sizeof(ip));
	(void)snprintf(to, size, "%s%s%s:%u", v6 ? "[" : "", ip, v6 ? "]" : "", port);
}

/* "line 7: add-server TCP 10.0.0.1:80 10.0.0.2:8080" */
static const char *rule_text(const Katac__IpvsRule *rule, char ret[static RULE_TEXT_SIZE])
{
	static const char *const names[] = {
		[OPERATION(ADD_SERVICE)] = "add-service",
		[OPERATION(EDIT_SERVICE)] = "edit-service",
		[OPERATION(DELETE_SERVICE)] = "delete-service",
		[OPERATION(ADD_SERVER)] = "add-server",
		[OPERATION(EDIT_SERVER)] = "edit-server",
		[OPERATION(DELETE_SERVER)] = "delete-server",
		[OPERATION(CLEAR)] = "clear",
		[OPERATION(ZERO)] = "zero",
		[OPERATION(SET_TIMEOUTS)] = "set",
	};
	size_t n = sizeof(names) / sizeof(names[0]);
	size_t operation = (size_t)rule->operation;
	char service[INET6_ADDRSTRLEN + 16];
	char server[INET6_ADDRSTRLEN + 16];
	char line[24] = "";

	put_address(service, sizeof(service), rule->address, rule->port);
	put_address(server, sizeof(server), rule->server_address, rule->server_port);
	if (rule->line)
		(void)snprintf(line, sizeof(line), "line %u: ", rule->line);
	(void)snprintf(ret, RULE_TEXT_SIZE, "%s%s%s%s%s%s", line,
		       operation < n && names[operation] ? names[operation] : "?",
		       rule->address.len == 0          ? ""
		       : rule->protocol == IPPROTO_TCP ? " TCP "
						       : " UDP ",
		       rule->address.len == 0 ? "" : service,
		       rule->server_address.len == 0 ? "" : " ",
		       rule->server_address.len == 0 ? "" : server);
	return ret;
}

/* Checks: the host has made them too, with better words. */

static bool is_address(ProtobufCBinaryData address, uint32_t port)
{
	return (address.len == sizeof(struct in_addr) || address.len == sizeof(struct in6_addr)) &&
	       port >= 1 && port <= UINT16_MAX;
}

static int check_rule(const Katac__IpvsRule *rule, bool alone, struct err *err)
{
	char text[RULE_TEXT_SIZE];
	size_t scheduler = strlen(rule->scheduler);

	if (rule->operation < OPERATION(ADD_SERVICE) || rule->operation > OPERATION(SET_TIMEOUTS))
		return err_set(err, EINVAL, "unknown operation %d", (int)rule->operation);
	if (!alone && !adds(rule))
		return err_set(err, EINVAL, "%s: of several rules each has to add something",
			       rule_text(rule, text));
	if ((needs_service(rule) || rule->address.len > 0) &&
	    (!is_address(rule->address, rule->port) ||
	     (rule->protocol != IPPROTO_TCP && rule->protocol != IPPROTO_UDP)))
		return err_set(err, EINVAL, "%s: not a service", rule_text(rule, text));
	if (has_server(rule) && (!is_address(rule->server_address, rule->server_port) ||
				 rule->server_address.len != rule->address.len))
		return err_set(err, EINVAL, "%s: not a server of this service",
			       rule_text(rule, text));
	if (has_scheduler(rule) && (scheduler == 0 || scheduler >= IP_VS_SCHEDNAME_MAXLEN))
		return err_set(err, EINVAL, "%s: not a scheduler", rule_text(rule, text));
	return 0;
}

int ipvs_change_add(struct ipvs_change *change, const Katac__IpvsChangeRequest *part,
		    struct err *err)
{
	bool alone = change->n_rules == 0 && part->n_rules == 1 && !part->more;
	ProtobufCMessage *copy;

	if (change->n_rules + part->n_rules > IPVS_RULES_MAX)
		return err_set(err, ENOSPC, "rules exceed limit %u", IPVS_RULES_MAX);
	for (size_t i = 0; i < part->n_rules; i++) {
		int r = check_rule(part->rules[i], alone, err);

		if (r < 0)
			return r;
	}
	copy = api_copy_message(&part->base);
	if (!copy)
		return err_set(err, ENOMEM, "the rules are too large");
	change->parts = xrealloc(change->parts, (change->n_parts + 1) * sizeof(*change->parts));
	change->parts[change->n_parts++] = copy;
	change->n_rules += part->n_rules;
	return 0;
}

struct ipvs_change ipvs_change_take(struct ipvs_change *change)
{
	struct ipvs_change taken = *change;

	*change = (struct ipvs_change){ 0 };
	return taken;
}

void ipvs_change_done(struct ipvs_change *change)
{
	for (size_t i = 0; i < change->n_parts; i++)
		pb_free(change->parts[i]);
	free(change->parts);
	*change = (struct ipvs_change){ 0 };
}

/* Messages. */

static uint8_t command_of(const Katac__IpvsRule *rule)
{
	static const uint8_t commands[] = {
		[OPERATION(ADD_SERVICE)] = IPVS_CMD_NEW_SERVICE,
		[OPERATION(EDIT_SERVICE)] = IPVS_CMD_SET_SERVICE,
		[OPERATION(DELETE_SERVICE)] = IPVS_CMD_DEL_SERVICE,
		[OPERATION(ADD_SERVER)] = IPVS_CMD_NEW_DEST,
		[OPERATION(EDIT_SERVER)] = IPVS_CMD_SET_DEST,
		[OPERATION(DELETE_SERVER)] = IPVS_CMD_DEL_DEST,
		[OPERATION(CLEAR)] = IPVS_CMD_FLUSH,
		[OPERATION(ZERO)] = IPVS_CMD_ZERO,
		[OPERATION(SET_TIMEOUTS)] = IPVS_CMD_SET_CONFIG,
	};

	return commands[rule->operation];
}

static void put_scheduling(struct nl_msg *msg, const Katac__IpvsRule *rule)
{
	const struct ip_vs_flags flags = { .flags = rule->persistent ? IP_VS_SVC_F_PERSISTENT : 0,
					   .mask = ~0u };
	bool v6 = rule->address.len == sizeof(struct in6_addr);

	nl_put(msg, IPVS_SVC_ATTR_SCHED_NAME, rule->scheduler, strlen(rule->scheduler) + 1);
	nl_put(msg, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
	nl_put_u32(msg, IPVS_SVC_ATTR_TIMEOUT, rule->persistent);
	/* Each client for itself. */
	nl_put_u32(msg, IPVS_SVC_ATTR_NETMASK, v6 ? 128 : UINT32_MAX);
}

static void put_server(struct nl_msg *msg, const Katac__IpvsRule *rule)
{
	size_t nest = nl_nest(msg, IPVS_CMD_ATTR_DEST | NLA_F_NESTED);

	ipvs_put_address(msg, IPVS_DEST_ATTR_ADDR, rule->server_address);
	nl_put_u16(msg, IPVS_DEST_ATTR_PORT, htons((uint16_t)rule->server_port));
	nl_put_u16(msg, IPVS_DEST_ATTR_ADDR_FAMILY,
		   rule->server_address.len == sizeof(struct in6_addr) ? AF_INET6 : AF_INET);
	nl_put_u32(msg, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
	nl_put_u32(msg, IPVS_DEST_ATTR_WEIGHT, rule->weight);
	nl_put_u32(msg, IPVS_DEST_ATTR_U_THRESH, 0);
	nl_put_u32(msg, IPVS_DEST_ATTR_L_THRESH, 0);
	nl_nest_end(msg, nest);
}

static void put_rule(const struct ipvs_socket *ipvs, struct nl_msg *msg,
		     const Katac__IpvsRule *rule, uint8_t command)
{
	ipvs_begin(ipvs, msg, command, 0);
	if (rule->address.len > 0) {
		size_t nest = ipvs_put_service(msg, rule->address, rule->protocol, rule->port, 0);

		if (has_scheduler(rule))
			put_scheduling(msg, rule);
		nl_nest_end(msg, nest);
	}
	if (has_server(rule))
		put_server(msg, rule);
	if (rule->operation == OPERATION(SET_TIMEOUTS)) {
		nl_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP, rule->timeout_tcp);
		nl_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, rule->timeout_tcp_fin);
		nl_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_UDP, rule->timeout_udp);
	}
}

/* Making changes. */

/* Services and servers in the kernel, whoever made them: a line each behind three of title. */
static int count_rules(size_t *ret, struct err *err)
{
	static char text[65536];
	CLEANUP(close) int fd = open("/proc/net/ip_vs", O_RDONLY | O_CLOEXEC);
	size_t lines = 0;
	ssize_t n;

	if (fd < 0)
		return err_errno(err, "open /proc/net/ip_vs");
	while ((n = read(fd, text, sizeof(text))) > 0)
		for (const char *at = text; (at = memchr(at, '\n', (size_t)(text + n - at))); at++)
			lines++;
	if (n < 0)
		return err_errno(err, "read /proc/net/ip_vs");
	*ret = lines > 3 ? lines - 3 : 0;
	return 0;
}

static int check_room(const struct ipvs_change *change, struct err *err)
{
	size_t there = 0;
	int r = count_rules(&there, err);

	if (r == 0 && there + change->n_rules > IPVS_RULES_MAX)
		return err_set(err, ENOSPC,
			       "rules exceed limit %u: %zu are there, %zu are to be added; should "
			       "clear first",
			       IPVS_RULES_MAX, there, change->n_rules);
	return r;
}

/* What became of a rule of a change. */
struct step {
	const Katac__IpvsRule *rule;
	int result; /* of adding it, then of removing it: 0 or -errno */
};

struct making {
	struct ipvs_socket ipvs;
	struct step *steps;
	size_t n;
	/* What goes to the kernel next. */
	struct nl_msg batch[BATCH];
	struct step *in_batch[BATCH];
	size_t n_batch;
};

static void making_done(struct making *making)
{
	ipvs_close(&making->ipvs);
	for (size_t i = 0; i < BATCH; i++)
		nl_done(&making->batch[i]);
	free(making->steps);
}

static void making_init(struct making *making, const struct ipvs_change *change)
{
	making->steps = xcalloc(change->n_rules, sizeof(*making->steps));
	for (size_t i = 0; i < change->n_parts; i++) {
		const Katac__IpvsChangeRequest *part =
			(const Katac__IpvsChangeRequest *)change->parts[i];

		for (size_t k = 0; k < part->n_rules; k++)
			making->steps[making->n++].rule = part->rules[k];
	}
}

static void add_to_batch(struct making *making, struct step *step, uint8_t command)
{
	making->in_batch[making->n_batch] = step;
	put_rule(&making->ipvs, &making->batch[making->n_batch++], step->rule, command);
}

/* The kernel goes on behind a message that it refuses. */
static int send_batch(struct making *making, struct err *err)
{
	int results[BATCH] = { 0 };
	size_t n = making->n_batch;
	int r;

	making->n_batch = 0;
	r = netlink_batch(making->ipvs.netlink, making->batch, n, deadline_in(IPVS_KERNEL_MS),
			  results, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		making->in_batch[i]->result = results[i];
	return r;
}

/*
 * Removes, last first, those of the first @n rules that were added. Returns
 * how many that did not work for.
 */
static size_t take_back(struct making *making, size_t n)
{
	struct err ignored = { 0 };
	size_t failed = 0;

	for (size_t i = n; i-- > 0;) {
		struct step *step = &making->steps[i];
		bool service = step->rule->operation == OPERATION(ADD_SERVICE);

		if (step->result == 0) {
			step->result = -EINPROGRESS; /* until the kernel says something */
			add_to_batch(making, step,
				     service ? IPVS_CMD_DEL_SERVICE : IPVS_CMD_DEL_DEST);
			failed++;
		}
		if (making->n_batch == BATCH || i == 0)
			(void)send_batch(making, &ignored); /* its results say it */
	}
	for (size_t i = 0; i < n; i++)
		failed -= making->steps[i].result == 0;
	return failed;
}

static const char *reason_text(const Katac__IpvsRule *rule, int error)
{
	if (error == -EEXIST && rule->operation == OPERATION(ADD_SERVICE))
		return "the service exists already";
	if (error == -EEXIST && rule->operation == OPERATION(ADD_SERVER))
		return "the service has this server already";
	if (error == -ESRCH)
		return "there is no such service";
	if (error == -ENOENT && has_server(rule))
		return "the service has no such server";
	return strerror(-error);
}

static int refused(const Katac__IpvsRule *rule, int error, size_t not_taken_back, struct err *err)
{
	char text[RULE_TEXT_SIZE];
	char rest[64] = "";

	if (not_taken_back > 0)
		(void)snprintf(rest, sizeof(rest), "; %zu other rules could not be taken back",
			       not_taken_back);
	return err_set(err, -error, "%s: %s%s", rule_text(rule, text), reason_text(rule, error),
		       rest);
}

/* Makes the rules from @from on that fit into one batch; *ret_next is the first behind them. */
static int make_some(struct making *making, size_t from, size_t *ret_next, struct err *err)
{
	size_t next = from;
	int r;

	while (next < making->n && making->n_batch < BATCH) {
		struct step *step = &making->steps[next++];

		add_to_batch(making, step, command_of(step->rule));
	}
	r = send_batch(making, err);
	if (r < 0)
		(void)take_back(making, from); /* what can be done without an answer */
	for (size_t i = from; r == 0 && i < next; i++) {
		int error = making->steps[i].result;

		if (error < 0)
			return refused(making->steps[i].rule, error, take_back(making, next), err);
	}
	*ret_next = next;
	return r;
}

int ipvs_change_make(const struct ipvs_change *change, struct err *err)
{
	__attribute__((cleanup(making_done))) struct making making = { 0 };
	int r;

	making_init(&making, change);
	r = ipvs_open(&making.ipvs, err);
	if (r == 0 && adds(making.steps[0].rule))
		r = check_room(change, err);
	for (size_t done = 0; r == 0 && done < making.n;)
		r = make_some(&making, done, &done, err);
	return r;
}
