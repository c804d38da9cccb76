/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipvs_nl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"

int ipvs_open(struct ipvs_socket *ret, struct err *err)
{
	int r = netlink_open(NETLINK_GENERIC, &ret->netlink, err);

	if (r == 0)
		r = netlink_family(ret->netlink, IPVS_GENL_NAME, deadline_in(IPVS_KERNEL_MS),
				   &ret->family, err);
	return r < 0 ? err_prefix_as(err, ERR_IPVS, "the guest's kernel has no IPVS") : 0;
}

void ipvs_close(struct ipvs_socket *ipvs)
{
	netlink_free(ipvs->netlink);
	ipvs->netlink = NULL;
}

void ipvs_begin(const struct ipvs_socket *ipvs, struct nl_msg *msg, uint8_t command, uint16_t flags)
{
	const struct genlmsghdr header = { .cmd = command, .version = IPVS_GENL_VERSION };

	nl_begin(msg, ipvs->family, flags, &header, sizeof(header));
}

int ipvs_call(const struct ipvs_socket *ipvs, struct nl_msg *msg, nl_fn fn, void *data,
	      struct err *err)
{
	return netlink_call(ipvs->netlink, msg, deadline_in(IPVS_KERNEL_MS), fn, data, err);
}

void ipvs_put_address(struct nl_msg *msg, uint16_t type, ProtobufCBinaryData address)
{
	uint8_t bytes[sizeof(struct in6_addr)] = { 0 }; /* union nf_inet_addr of the kernel */

	memcpy(bytes, address.data, address.len < sizeof(bytes) ? address.len : sizeof(bytes));
	nl_put(msg, type, bytes, sizeof(bytes));
}

size_t ipvs_put_service(struct nl_msg *msg, ProtobufCBinaryData address, uint32_t protocol,
			uint32_t port, uint32_t fwmark)
{
	size_t nest = nl_nest(msg, IPVS_CMD_ATTR_SERVICE | NLA_F_NESTED);

	nl_put_u16(msg, IPVS_SVC_ATTR_AF,
		   address.len == sizeof(struct in6_addr) ? AF_INET6 : AF_INET);
	if (fwmark) {
		nl_put_u32(msg, IPVS_SVC_ATTR_FWMARK, fwmark);
		return nest;
	}
	nl_put_u16(msg, IPVS_SVC_ATTR_PROTOCOL, (uint16_t)protocol);
	ipvs_put_address(msg, IPVS_SVC_ATTR_ADDR, address);
	nl_put_u16(msg, IPVS_SVC_ATTR_PORT, htons((uint16_t)port));
	return nest;
}
