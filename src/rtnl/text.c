/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "rtnl/rtnl.h"

size_t rtnl_ip_len(int family)
{
	return family == AF_INET ? 4 : 16;
}

bool rtnl_ip_equal(const struct rtnl_ip *a, const struct rtnl_ip *b)
{
	return a->family == b->family &&
	       (a->family == 0 || memcmp(a->bytes, b->bytes, rtnl_ip_len(a->family)) == 0);
}

int rtnl_ip_parse(const char *text, struct rtnl_ip *ret)
{
	struct rtnl_ip ip = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(ip.family, text, ip.bytes) != 1)
		return -EINVAL;
	*ret = ip;
	return 0;
}

int rtnl_prefix_parse(const char *text, struct rtnl_ip *ret, unsigned *ret_len)
{
	const char *slash = strchr(text, '/');
	CLEANUP(free)
	char *address = slash ? xstrndup(text, (size_t)(slash - text)) : xstrdup(text);
	struct rtnl_ip ip;
	uint64_t len;

	if (rtnl_ip_parse(address, &ip) < 0)
		return -EINVAL;
	len = 8 * rtnl_ip_len(ip.family);
	if (slash && str_to_u64(slash + 1, 0, len, &len) < 0)
		return -EINVAL;
	*ret = ip;
	*ret_len = (unsigned)len;
	return 0;
}

char *rtnl_ip_text(const struct rtnl_ip *ip, char *ret, size_t size)
{
	if (ip->family == 0 || !inet_ntop(ip->family, ip->bytes, ret, (socklen_t)size))
		ret[0] = '\0';
	return ret;
}

char *rtnl_prefix_text(const struct rtnl_ip *ip, unsigned len, char *ret, size_t size)
{
	size_t used;

	rtnl_ip_text(ip, ret, size);
	used = strlen(ret);
	(void)snprintf(ret + used, size - used, "/%u", len);
	return ret;
}

int rtnl_mac_parse(const char *text, uint8_t ret[RTNL_MAC_LEN])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t mac[RTNL_MAC_LEN] = { 0 };

	if (strlen(text) != 3 * RTNL_MAC_LEN - 1)
		return -EINVAL;
	for (size_t i = 0; i < 3 * RTNL_MAC_LEN - 1; i++) {
		const char c = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] + 32 : text[i]);
		const char *digit = c ? strchr(digits, c) : NULL;

		if (i % 3 == 2 ? c != ':' : !digit)
			return -EINVAL;
		if (i % 3 != 2)
			mac[i / 3] = (uint8_t)(mac[i / 3] << 4 | (digit - digits));
	}
	memcpy(ret, mac, sizeof(mac));
	return 0;
}

char *rtnl_mac_text(const uint8_t mac[RTNL_MAC_LEN], char *ret, size_t size)
{
	(void)snprintf(ret, size, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		       mac[4], mac[5]);
	return ret;
}
