/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_inner(struct nl_attrs attrs)
{
	struct nl_attr attr;

	while (nl_next(&attrs, &attr)) {
		uint32_t number = 0;
		char text[32];

		(void)nl_u32(&attr, &number);
		nl_text(&attr, text, sizeof(text));
	}
}

static void read_attrs(struct nl_attrs attrs)
{
	struct nl_attr attr;

	read_inner(attrs);
	while (nl_next(&attrs, &attr))
		read_inner(nl_attrs_in(&attr));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(free) uint8_t *copy = xcalloc(1, size + 1); /* aligned */
	const uint8_t *at = copy;
	const struct nlmsghdr *message;

	if (size > 0)
		memcpy(copy, data, size);
	while ((message = nl_message(&at, &size)))
		read_attrs(nl_attrs_of(message, sizeof(struct ifinfomsg)));
	return 0;
}
