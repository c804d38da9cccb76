/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/network_input.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define DEPTH        4u
#define MTU_MIN      46u
#define MTU_MAX      9600u
#define QUEUES_MAX   256u /* MAX_TAP_QUEUES in the kernel's drivers/net/tun.c */
#define SOCKET_MAX   128u /* bytes of the socket's name */
#define SUN_PATH_MAX 107u /* of unix(7), which QEMU connects by */
#define ROUTES_MAX   AGENTC_NETWORK_MAX

static const char *const interface_keys[] = { "device",  "name",     "IPAddresses",
					      "mtu",     "hwAddr",   "rawFlags",
					      "pciAddr", "linkType", "vhostUserSocket",
					      "queues",  NULL };
static const char *const address_keys[] = { "address", "mask", NULL };
static const char *const route_keys[] = { "dest", "gateway", "device", "source", "scope", NULL };

/* "routes[3]." or nothing, in front of a field's name. */
static const char *prefix(const struct json_at *at, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s%s", at->path, *at->path ? "." : "");
	return buffer;
}

static int bad(const struct json_at *at, const char *field, const char *value, const char *allowed,
	       struct err *err)
{
	CLEANUP(free) char *shown = str_printable(xstrndup(value, 80));
	char buffer[200];

	return err_set(err, EINVAL, "%s%s: '%s'%s, allowed is %s", prefix(at, buffer, 200), field,
		       shown, strlen(value) > 80 ? "…" : "", allowed);
}

static int missing(const struct json_at *at, const char *field, const char *allowed,
		   struct err *err)
{
	char buffer[200];

	return err_set(err, EINVAL, "%s%s: missing or empty, needed is %s", prefix(at, buffer, 200),
		       field, allowed);
}

/* As json_get_string(), with the value in the message. */
static int get_string(const struct json_at *at, const char *key, char **ret, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	struct err ignored = { 0 };
	int r = json_get_string(at, key, ret, &ignored);

	if (r >= 0)
		return r;
	text = json_member_text(at, key);
	return bad(at, key, text, "a string, without NUL characters", err);
}

static int parse_object(const char *text, size_t len, const char *const *keys, struct json **ret,
			struct json_at *ret_at, struct err *err)
{
	int r = json_parse(text, len, DEPTH, ret, err);

	if (r < 0)
		return r;
	*ret_at = json_root(*ret);
	r = json_check_object(ret_at, err);
	return r < 0 ? r : json_fold_keys(ret_at, keys, err);
}

/* A name of an interface. Source: reference 03, section 2. */
static const char name_allowed[] = "1 to 15 characters, first a letter, then letters, digits, "
				   "'_', '-', '.'";

static bool name_is_good(const char *name)
{
	size_t len = strlen(name);

	if (len < 1 || len >= IFNAMSIZ || !isalpha((unsigned char)*name))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("_-.", *name))
			return false;
	return true;
}

/* *ret stays NULL for one that is empty. */
static int get_name(const struct json_at *at, const char *key, bool needed, char **ret,
		    struct err *err)
{
	CLEANUP(free) char *name = NULL;
	int r = get_string(at, key, &name, err);

	if (r < 0)
		return r;
	if (str_empty(name))
		return needed ? missing(at, key, name_allowed, err) : 0;
	if (!name_is_good(name))
		return bad(at, key, name, name_allowed, err);
	*ret = take_ptr(name);
	return 0;
}

/* Six bytes, as Go's ParseMAC reads them: in pairs or in fours. */
static bool mac_read(const char *text, unsigned char ret[6])
{
	static const char *const forms[] = { "xx:xx:xx:xx:xx:xx", "xx-xx-xx-xx-xx-xx",
					     "xxxx.xxxx.xxxx" };
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *form = forms[i];
		const char *c = text;
		unsigned n = 0;

		for (; *c && *form && n <= 12; c++, form++) {
			const char *digit = strchr(digits, tolower((unsigned char)*c));

			if (*form != 'x' ? *c != *form : !digit)
				break;
			if (*form != 'x')
				continue;
			ret[n / 2] = (unsigned char)(ret[n / 2] << 4 | (digit - digits));
			n++;
		}
		if (!*c && !*form)
			return true;
	}
	return false;
}

static int get_mac(const struct json_at *at, char **ret, struct err *err)
{
	static const char allowed[] = "a unicast address such as 02:42:20:6f:a2:80";
	static const unsigned char zero[6];
	CLEANUP(free) char *text = NULL;
	unsigned char mac[6] = { 0 };
	int r = get_string(at, "hwAddr", &text, err);

	if (r < 0)
		return r;
	if (str_empty(text))
		return missing(at, "hwAddr", allowed, err);
	if (!mac_read(text, mac) || mac[0] & 1 || memcmp(mac, zero, 6) == 0)
		return bad(at, "hwAddr", text, allowed, err);
	*ret = xasprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
			 mac[5]);
	return 0;
}

/* An address of either family; *ret_bits is what its mask may be at most. */
static bool address_read(const char *text, unsigned char ret[16], unsigned *ret_bits)
{
	*ret_bits = strchr(text, ':') ? 128 : 32;
	return inet_pton(*ret_bits == 128 ? AF_INET6 : AF_INET, text, ret) == 1;
}

/* What an interface can have: no group, nobody's, nor that of lo. */
static bool address_is_own(const unsigned char *address, unsigned bits)
{
	struct in6_addr v6;

	if (bits == 32)
		return address[0] != 0 && address[0] != 127 && address[0] < 224;
	memcpy(&v6, address, sizeof(v6));
	return !IN6_IS_ADDR_MULTICAST(&v6) && !IN6_IS_ADDR_UNSPECIFIED(&v6) &&
	       !IN6_IS_ADDR_LOOPBACK(&v6);
}

/* One of "IPAddresses", as "address/mask". */
static int get_address(const struct json_at *at, char ***ret, struct err *err)
{
	CLEANUP(free) char *address = NULL;
	CLEANUP(free) char *mask = NULL;
	unsigned char bytes[16];
	unsigned bits = 0;
	uint64_t prefix_len;
	int r = json_fold_keys(at, address_keys, err);

	if (r == 0)
		r = get_string(at, "address", &address, err);
	if (r == 0)
		r = get_string(at, "mask", &mask, err);
	if (r < 0)
		return r;
	if (str_empty(address))
		return missing(at, "address", "an IPv4 or IPv6 address", err);
	if (!address_read(address, bytes, &bits) || !address_is_own(bytes, bits))
		return bad(at, "address", address, "an IPv4 or IPv6 address of one interface", err);
	if (str_empty(mask))
		return missing(at, "mask", "a prefix length, as a string", err);
	if (str_to_u64(mask, 0, bits, &prefix_len) < 0)
		return bad(at, "mask", mask,
			   bits == 32 ? "a prefix length of 0 to 32"
				      : "a prefix length of 0 to 128",
			   err);
	strv_addf(ret, "%s/%u", address, (unsigned)prefix_len);
	return 0;
}

static int get_addresses(const struct json_at *at, size_t max, char ***ret, struct err *err)
{
	struct json_at array;
	size_t n = 0;
	int r = json_get_array(at, "IPAddresses", &array, &n, err);

	if (r <= 0)
		return r;
	if (n > max)
		return err_set(err, EINVAL, "IPAddresses: %zu addresses, allowed is at most %zu", n,
			       max);
	for (size_t i = 0; i < n; i++) {
		struct json_at item;

		r = json_item_object(&array, i, &item, err);
		if (r == 0)
			r = get_address(&item, ret, err);
		if (r < 0)
			return r;
		for (size_t k = 0; k < i; k++)
			if (str_eq((*ret)[k], (*ret)[i]))
				return bad(&item, "address", (*ret)[i], "each address once", err);
	}
	return 0;
}

static bool is_absent(const struct json_at *at, const char *key)
{
	CLEANUP(free) char *text = json_member_text(at, key);

	return str_eq(text, "null");
}

static int get_number(const struct json_at *at, const char *key, uint32_t min, uint32_t max,
		      bool needed, uint32_t *ret, struct err *err)
{
	char allowed[64];
	char text[32];
	struct err ignored = { 0 };
	int64_t value = 0;

	snprintf(allowed, sizeof(allowed), "%u to %u", min, max);
	if (json_get_i64(at, key, &value, &ignored) < 0) {
		CLEANUP(free) char *given = json_member_text(at, key);

		return bad(at, key, given, allowed, err);
	}
	if (needed && is_absent(at, key))
		return missing(at, key, allowed, err);
	snprintf(text, sizeof(text), "%" PRId64, value);
	if (value < min || value > max)
		return bad(at, key, text, allowed, err);
	*ret = (uint32_t)value;
	return 0;
}

/* Source: openEuler patch 0044: of the last part of the path, but with the '_' that is usual. */
static int get_socket(const struct json_at *at, char **ret, struct err *err)
{
	static const char allowed[] = "an absolute path of up to 107 bytes, whose last part has 1 "
				      "to 128 characters: first a letter, then letters, digits, "
				      "'_', '-', '.'";
	CLEANUP(free) char *path = NULL;
	const char *name;
	int r = get_string(at, "vhostUserSocket", &path, err);

	if (r < 0 || str_empty(path))
		return r;
	name = path_base(path);
	if (*path != '/' || strlen(path) > SUN_PATH_MAX || strlen(name) > SOCKET_MAX ||
	    !isalpha((unsigned char)*name))
		return bad(at, "vhostUserSocket", path, allowed, err);
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-.", *c))
			return bad(at, "vhostUserSocket", path, allowed, err);
	for (const char *c = path; *c; c++)
		if (iscntrl((unsigned char)*c) || *c == ',')
			return bad(at, "vhostUserSocket", path, allowed, err);
	*ret = take_ptr(path);
	return 0;
}

static int check_link_type(const struct json_at *at, struct err *err)
{
	CLEANUP(free) char *type = NULL;
	int r = get_string(at, "linkType", &type, err);

	if (r < 0 || str_empty(type) || str_eq(type, "tap"))
		return r;
	return bad(at, "linkType", type,
		   "tap, or nothing; what is in the network namespace of the sandbox comes in by "
		   "itself",
		   err);
}

void nic_request_done(struct nic_request *request)
{
	free(request->device);
	free(request->vhost_user);
	agentc_interface_done(&request->guest);
	*request = (struct nic_request){ 0 };
}

static int read_request(const struct json_at *at, bool device_needed, struct nic_request *ret,
			struct err *err)
{
	struct agentc_interface *guest = &ret->guest;
	CLEANUP(free) char *ignored = NULL;
	int r;

	r = get_name(at, "device", device_needed, &ret->device, err);
	if (r == 0)
		r = get_name(at, "name", true, &guest->name, err);
	if (r == 0 && str_eq(guest->name, "lo"))
		r = bad(at, "name", "lo", "another name: this one is taken in every machine", err);
	if (r == 0)
		r = get_mac(at, &guest->mac, err);
	if (r == 0)
		r = get_number(at, "mtu", MTU_MIN, MTU_MAX, true, &guest->mtu, err);
	if (r == 0)
		r = get_socket(at, &ret->vhost_user, err);
	if (r == 0)
		r = check_link_type(at, err);
	if (r == 0)
		r = get_number(at, "queues", 0, QUEUES_MAX, false, &guest->queues, err);
	if (r == 0)
		r = get_number(at, "rawFlags", 0, UINT32_MAX, false, &guest->flags, err);
	if (r == 0)
		r = get_string(at, "pciAddr", &ignored, err);
	if (r == 0)
		r = get_addresses(at, 1, &guest->addresses, err);
	return r;
}

int nic_request_parse(const char *text, size_t len, bool device_needed, struct nic_request *ret,
		      struct err *err)
{
	CLEANUP(json_free) struct json *doc = NULL;
	struct json_at at;
	int r;

	*ret = (struct nic_request){ 0 };
	r = parse_object(text, len, interface_keys, &doc, &at, err);
	if (r == 0)
		r = read_request(&at, device_needed, ret, err);
	if (r < 0)
		nic_request_done(ret);
	return r < 0 ? err_tag(err, ERR_NETWORK_INPUT) : r;
}

int nic_name_parse(const char *text, size_t len, char **ret, struct err *err)
{
	CLEANUP(json_free) struct json *doc = NULL;
	struct json_at at;
	int r = parse_object(text, len, interface_keys, &doc, &at, err);

	if (r == 0)
		r = get_name(&at, "name", true, ret, err);
	return r < 0 ? err_tag(err, ERR_NETWORK_INPUT) : r;
}

/* A member that has to be absent, empty or 0. */
static int check_unset(const struct json_at *at, const char *key, struct err *err)
{
	CLEANUP(free) char *text = json_has(at, key) ? json_member_text(at, key) : NULL;

	if (!text || str_eq(text, "null") || str_eq(text, "\"\"") || str_eq(text, "0"))
		return 0;
	return bad(at, key, text, "nothing: only name and IPAddresses can be changed", err);
}

int nic_update_parse(const char *text, size_t len, struct agentc_interface *ret, struct err *err)
{
	static const char *const fixed[] = { "device",   "mtu",    "hwAddr",
					     "linkType", "queues", "vhostUserSocket" };
	CLEANUP(json_free) struct json *doc = NULL;
	struct json_at at;
	int r;

	*ret = (struct agentc_interface){ 0 };
	r = parse_object(text, len, interface_keys, &doc, &at, err);
	for (size_t i = 0; r == 0 && i < sizeof(fixed) / sizeof(fixed[0]); i++)
		r = check_unset(&at, fixed[i], err);
	if (r == 0)
		r = get_name(&at, "name", true, &ret->name, err);
	if (r == 0)
		r = get_addresses(&at, AGENTC_NETWORK_MAX, &ret->addresses, err);
	if (r < 0)
		agentc_interface_done(ret);
	return r < 0 ? err_tag(err, ERR_NETWORK_INPUT) : r;
}

/* Routes. */

static void mask_host_bits(unsigned char *address, unsigned bits, unsigned prefix_len)
{
	for (unsigned i = prefix_len; i < bits; i++)
		address[i / 8] &= (unsigned char)~(0x80u >> i % 8);
}

/* *ret: "default", or an address with its mask, without the host's bits. */
static int get_dest(const struct json_at *at, bool needed, char **ret, struct err *err)
{
	static const char allowed[] = "default, or <ip> or <ip>/<mask> of IPv4 or IPv6";
	CLEANUP(free) char *text = NULL;
	char shown[INET6_ADDRSTRLEN];
	unsigned char address[16];
	uint64_t prefix_len;
	unsigned bits = 0;
	char *slash;
	int r = get_string(at, "dest", &text, err);

	if (r < 0)
		return r;
	if (str_empty(text) && needed)
		return missing(at, "dest", allowed, err);
	if (str_empty(text) || str_eq(text, "default")) {
		*ret = xstrdup("default");
		return 0;
	}
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	r = address_read(text, address, &bits) ? 0 : -EINVAL;
	prefix_len = bits;
	if (r == 0 && slash)
		r = str_to_u64(slash + 1, 0, bits, &prefix_len);
	if (slash)
		*slash = '/';
	if (r < 0)
		return bad(at, "dest", text, allowed, err);
	mask_host_bits(address, bits, (unsigned)prefix_len);
	*ret = xasprintf("%s/%u",
			 inet_ntop(bits == 128 ? AF_INET6 : AF_INET, address, shown, sizeof(shown)),
			 (unsigned)prefix_len);
	return 0;
}

/* "gateway" or "source"; *ret is "" without one. */
static int get_ip(const struct json_at *at, const char *key, char **ret, struct err *err)
{
	CLEANUP(free) char *text = xstrdup("");
	unsigned char address[16];
	unsigned bits;
	int r = get_string(at, key, &text, err);

	if (r < 0)
		return r;
	if (*text && !address_read(text, address, &bits))
		return bad(at, key, text, "an IPv4 or IPv6 address, or nothing", err);
	*ret = take_ptr(text);
	return 0;
}

static bool is_ipv6(const char *text)
{
	return strchr(text, ':');
}

static int check_families(const struct json_at *at, const struct agentc_route *route,
			  struct err *err)
{
	const char *const texts[] = { route->dest, route->gateway, route->source };
	const char *const keys[] = { "dest", "gateway", "source" };
	const char *first = NULL;

	for (size_t i = 0; i < 3; i++) {
		if (!*texts[i] || str_eq(texts[i], "default"))
			continue;
		if (first && is_ipv6(first) != is_ipv6(texts[i]))
			return bad(at, keys[i], texts[i],
				   is_ipv6(first) ? "IPv6, as the rest of the route is"
						  : "IPv4, as the rest of the route is",
				   err);
		first = texts[i];
	}
	return 0;
}

enum route_kind { ROUTE_ADD, ROUTE_MATCH, ROUTE_LISTED };

static int get_route(const struct json_at *at, enum route_kind kind, struct agentc_route *ret,
		     struct err *err)
{
	int r = json_fold_keys(at, route_keys, err);

	if (r == 0)
		r = get_name(at, "device", kind != ROUTE_MATCH, &ret->device, err);
	if (r == 0 && !ret->device)
		ret->device = xstrdup("");
	if (r == 0)
		r = get_dest(at, kind != ROUTE_LISTED, &ret->dest, err);
	if (r == 0)
		r = get_ip(at, "gateway", &ret->gateway, err);
	if (r == 0)
		r = get_ip(at, "source", &ret->source, err);
	if (r == 0)
		r = get_number(at, "scope", 0, 255, false, &ret->scope, err);
	if (r == 0 && kind == ROUTE_ADD && str_eq(ret->dest, "default") && !*ret->gateway)
		r = missing(at, "gateway", "the address of the router, for dest 'default'", err);
	if (r == 0)
		r = check_families(at, ret, err);
	return r;
}

static int parse_one(const char *text, size_t len, enum route_kind kind, struct agentc_routes *ret,
		     struct err *err)
{
	CLEANUP(json_free) struct json *doc = NULL;
	struct json_at at;
	int r;

	*ret = (struct agentc_routes){ 0 };
	r = parse_object(text, len, route_keys, &doc, &at, err);
	if (r < 0)
		return err_tag(err, ERR_NETWORK_INPUT);
	ret->items = xcalloc(1, sizeof(*ret->items));
	ret->n = 1;
	r = get_route(&at, kind, ret->items, err);
	if (r < 0)
		agentc_routes_done(ret);
	return r < 0 ? err_tag(err, ERR_NETWORK_INPUT) : r;
}

int route_parse(const char *text, size_t len, struct agentc_routes *ret, struct err *err)
{
	return parse_one(text, len, ROUTE_ADD, ret, err);
}

int route_match_parse(const char *text, size_t len, struct agentc_routes *ret, struct err *err)
{
	return parse_one(text, len, ROUTE_MATCH, ret, err);
}

int routes_parse(const char *text, size_t len, struct agentc_routes *ret, struct err *err)
{
	CLEANUP(json_free) struct json *doc = NULL;
	struct json_at array;
	size_t n = 0;
	int r;

	*ret = (struct agentc_routes){ 0 };
	r = json_parse(text, len, DEPTH, &doc, err);
	if (r < 0)
		return err_tag(err, ERR_NETWORK_INPUT);
	array = json_root(doc);
	r = json_check_array(&array, &n, err);
	if (r < 0)
		return err_tag(err, ERR_NETWORK_INPUT);
	if (n > ROUTES_MAX)
		return err_set_as(err, ERR_NETWORK_INPUT, EINVAL,
				  "%zu routes, allowed is at most %u", n, ROUTES_MAX);
	ret->items = xcalloc(n, sizeof(*ret->items));
	while (r == 0 && ret->n < n) {
		struct json_at at;

		r = json_item_object(&array, ret->n, &at, err);
		if (r == 0)
			r = get_route(&at, ROUTE_LISTED, &ret->items[ret->n++], err);
	}
	if (r < 0)
		agentc_routes_done(ret);
	return r < 0 ? err_tag(err, ERR_NETWORK_INPUT) : r;
}
