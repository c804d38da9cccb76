/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/devices.h"
#include "oci/spec.h"

static const struct device_rule default_rules[] = {
	{ true, true, DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD },
	{ true, false, DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD },
	{ true, true, 1, 3, DEVICE_RWM },            /* null */
	{ true, true, 1, 5, DEVICE_RWM },            /* zero */
	{ true, true, 1, 7, DEVICE_RWM },            /* full */
	{ true, true, 1, 8, DEVICE_RWM },            /* random */
	{ true, true, 1, 9, DEVICE_RWM },            /* urandom */
	{ true, true, 5, 0, DEVICE_RWM },            /* tty */
	{ true, true, 5, 1, DEVICE_RWM },            /* console */
	{ true, true, 5, 2, DEVICE_RWM },            /* ptmx */
	{ true, true, 136, DEVICE_ANY, DEVICE_RWM }, /* pts */
};
#define N_DEFAULTS (sizeof(default_rules) / sizeof(default_rules[0]))

static void add_rule(struct device_rules *to, struct device_rule rule)
{
	to->rules[to->n++] = rule;
}

static void reset_rules(struct device_rules *rules, bool allow)
{
	rules->n = 0;
	rules->allow_rest = allow;
	for (size_t i = 0; i < N_DEFAULTS && !allow; i++)
		add_rule(rules, default_rules[i]);
}

static int parse_number(int64_t value, uint32_t max, uint32_t *ret)
{
	if (value < -1 || value > (int64_t)max)
		return -EINVAL;
	*ret = value < 0 ? DEVICE_ANY : (uint32_t)value;
	return 0;
}

static int parse_access(const char *access, unsigned *ret)
{
	*ret = 0;
	for (; *access; access++) {
		if (*access == 'r')
			*ret |= DEVICE_READ;
		else if (*access == 'w')
			*ret |= DEVICE_WRITE;
		else if (*access == 'm')
			*ret |= DEVICE_MKNOD;
		else
			return -EINVAL;
	}
	return *ret ? 0 : -EINVAL;
}

static int add_oci_rule(struct device_rules *to, const struct oci_device_rule *rule, size_t i,
			struct err *err)
{
	struct device_rule add = { .allow = rule->allow };

	if (parse_number(rule->major, DEVICE_MAJOR_MAX, &add.major) < 0 ||
	    parse_number(rule->minor, DEVICE_MINOR_MAX, &add.minor) < 0)
		return err_set(err, EINVAL,
			       "linux.resources.devices[%zu]: device %lld:%lld is over %u:%u", i,
			       (long long)rule->major, (long long)rule->minor, DEVICE_MAJOR_MAX,
			       DEVICE_MINOR_MAX);
	if (parse_access(rule->access, &add.access) < 0)
		return err_set(err, EINVAL,
			       "linux.resources.devices[%zu].access: '%.3s' is not of r, w and m",
			       i, rule->access);
	if (rule->type != 'a' && rule->type != 'b' && rule->type != 'c')
		return err_set(err, EINVAL,
			       "linux.resources.devices[%zu].type: '%c' is not a, b or c", i,
			       rule->type ? rule->type : '0');
	if (rule->type == 'a' && add.major == DEVICE_ANY && add.minor == DEVICE_ANY &&
	    add.access == DEVICE_RWM) {
		reset_rules(to, rule->allow);
		return 0;
	}
	if (rule->type != 'c')
		add_rule(to, add);
	add.is_char = true;
	if (rule->type != 'b')
		add_rule(to, add);
	return 0;
}

static bool covers_number(uint32_t wide, uint32_t narrow)
{
	return wide == DEVICE_ANY || wide == narrow;
}

/* Whether @wide matches every device that @narrow matches. */
static bool covers(const struct device_rule *wide, const struct device_rule *narrow)
{
	return wide->is_char == narrow->is_char && covers_number(wide->major, narrow->major) &&
	       covers_number(wide->minor, narrow->minor);
}

static bool numbers_meet(uint32_t a, uint32_t b)
{
	return a == DEVICE_ANY || b == DEVICE_ANY || a == b;
}

static bool meets(const struct device_rule *a, const struct device_rule *b)
{
	return a->is_char == b->is_char && numbers_meet(a->major, b->major) &&
	       numbers_meet(a->minor, b->minor);
}

static void drop_empty(struct device_rules *rules)
{
	size_t kept = 0;

	for (size_t i = 0; i < rules->n; i++)
		if (rules->rules[i].access)
			rules->rules[kept++] = rules->rules[i];
	rules->n = kept;
}

/* Takes from each rule what a later one decides for all of its devices. */
static void reduce(struct device_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		struct device_rule *rule = &rules->rules[i];

		for (size_t later = i + 1; later < rules->n && rule->access; later++)
			if (covers(&rules->rules[later], rule))
				rule->access &= ~rules->rules[later].access;
	}
	drop_empty(rules);
}

int device_rules_make(const struct oci_device_rule *rules, size_t n_rules, const dev_t *denied,
		      size_t n_denied, struct device_rules *ret, struct err *err)
{
	CLEANUP(device_rules_done) struct device_rules made = { 0 };

	if (n_rules > DEVICE_RULES_MAX || n_denied > DEVICE_RULES_MAX)
		return err_set(err, E2BIG, "linux.resources.devices: %zu rules are over %u",
			       n_rules > n_denied ? n_rules : n_denied, DEVICE_RULES_MAX);
	made.rules = xcalloc(N_DEFAULTS + 2 * n_rules + n_denied, sizeof(*made.rules));
	reset_rules(&made, false);
	for (size_t i = 0; i < n_rules; i++) {
		int r = add_oci_rule(&made, &rules[i], i, err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < n_denied; i++)
		add_rule(&made, (struct device_rule){ .major = major(denied[i]),
						      .minor = minor(denied[i]),
						      .access = DEVICE_RWM });
	reduce(&made);
	*ret = made;
	made.rules = NULL;
	return 0;
}

void device_rules_done(struct device_rules *rules)
{
	free(rules->rules);
	rules->rules = NULL;
}

static void print_number(char text[16], uint32_t number)
{
	if (number == DEVICE_ANY)
		snprintf(text, 16, "*");
	else
		snprintf(text, 16, "%u", number);
}

char *device_rule_text(const struct device_rule *rule)
{
	char major_text[16];
	char minor_text[16];

	print_number(major_text, rule->major);
	print_number(minor_text, rule->minor);
	return xasprintf("%c %s:%s %s%s%s", rule->is_char ? 'c' : 'b', major_text, minor_text,
			 rule->access & DEVICE_READ ? "r" : "",
			 rule->access & DEVICE_WRITE ? "w" : "",
			 rule->access & DEVICE_MKNOD ? "m" : "");
}

/*
 * Takes @back, which says again what holds for the rest, out of the exceptions.
 * What it takes from the middle of a wider one is a hole. Without a hole for
 * mknod, nobody may have it: the wider exception loses it if it allows, and
 * keeps it if it denies.
 */
static enum device_fit take_back(struct device_rules *list, const struct device_rule *back)
{
	enum device_fit fit = DEVICE_FIT_EXACT;

	for (size_t i = 0; i < list->n; i++) {
		struct device_rule *exception = &list->rules[i];
		unsigned common = exception->access & back->access;

		if (!common || !meets(exception, back))
			continue;
		if (covers(back, exception)) {
			exception->access &= ~common;
			continue;
		}
		if (common != DEVICE_MKNOD)
			return DEVICE_FIT_NONE;
		fit = DEVICE_FIT_LESS_MKNOD;
		if (exception->allow)
			exception->access &= ~(unsigned)DEVICE_MKNOD;
	}
	drop_empty(list);
	return fit;
}

/* The kernel wants one exception with all that an open asks for; wider ones are not added to it. */
static void widen_access(struct device_rules *list)
{
	for (size_t i = 0; i < list->n; i++)
		for (size_t j = 0; j < list->n; j++)
			if (covers(&list->rules[j], &list->rules[i]))
				list->rules[i].access |= list->rules[j].access;
}

static void drop_same(struct device_rules *list)
{
	for (size_t i = 0; i < list->n; i++)
		for (size_t j = i + 1; j < list->n; j++)
			if (covers(&list->rules[i], &list->rules[j]) &&
			    covers(&list->rules[j], &list->rules[i]))
				list->rules[j].access = 0;
	drop_empty(list);
}

enum device_fit device_rules_to_v1(const struct device_rules *rules, char ***ret,
				   struct device_rule *ret_bad)
{
	CLEANUP(device_rules_done) struct device_rules list = { 0 };
	enum device_fit fit = DEVICE_FIT_EXACT;

	list.rules = xcalloc(rules->n + 1, sizeof(*list.rules));
	for (size_t i = 0; i < rules->n; i++) {
		enum device_fit one = DEVICE_FIT_EXACT;

		if (rules->rules[i].allow == rules->allow_rest)
			one = take_back(&list, &rules->rules[i]);
		else
			add_rule(&list, rules->rules[i]);
		if (one == DEVICE_FIT_NONE) {
			*ret_bad = rules->rules[i];
			return one;
		}
		if (one > fit)
			fit = one;
	}
	widen_access(&list);
	drop_same(&list);
	*ret = NULL;
	for (size_t i = 0; i < list.n; i++)
		strv_take(ret, device_rule_text(&list.rules[i]));
	return fit;
}
