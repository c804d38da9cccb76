/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err_codes.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define PREFIX "KATA-"

enum source { ERR_HOST, ERR_ANYWHERE };

static const struct {
	const char *name;
	enum source source;
} codes[ERR_N_IDS] = {
#define ERR_CODE(id, name, source, means, remedy) [id] = { name, source },
#include "base/err_codes.def"
#undef ERR_CODE
};

static const struct {
	int code;
	enum err_id id;
} classes[] = {
	{ EINVAL, ERR_INPUT },
	{ ERANGE, ERR_INPUT },
	{ EDOM, ERR_INPUT },
	{ EDESTADDRREQ, ERR_INPUT },
	{ E2BIG, ERR_TOO_LARGE },
	{ EFBIG, ERR_TOO_LARGE },
	{ EMSGSIZE, ERR_TOO_LARGE },
	{ EOVERFLOW, ERR_TOO_LARGE },
	{ ENAMETOOLONG, ERR_TOO_LARGE },
	{ ENOENT, ERR_NOT_FOUND },
	{ ENODEV, ERR_NOT_FOUND },
	{ ENXIO, ERR_NOT_FOUND },
	{ ENODATA, ERR_NOT_FOUND },
	{ EADDRNOTAVAIL, ERR_NOT_FOUND },
	{ EEXIST, ERR_EXISTS },
	{ EADDRINUSE, ERR_EXISTS },
	{ ENOTDIR, ERR_PATH },
	{ EISDIR, ERR_PATH },
	{ ELOOP, ERR_PATH },
	{ EXDEV, ERR_PATH },
	{ ENOTEMPTY, ERR_PATH },
	{ ENOTSOCK, ERR_PATH },
	{ ENOTBLK, ERR_PATH },
	{ EACCES, ERR_PERMISSION },
	{ EPERM, ERR_PERMISSION },
	{ EROFS, ERR_READ_ONLY },
	{ ENOSPC, ERR_NO_SPACE },
	{ EDQUOT, ERR_NO_SPACE },
	{ EMFILE, ERR_FD_LIMIT },
	{ ENFILE, ERR_FD_LIMIT },
	{ ENOMEM, ERR_MEMORY },
	{ ENOBUFS, ERR_MEMORY },
	{ EBUSY, ERR_BUSY },
	{ EAGAIN, ERR_BUSY },
	{ ETXTBSY, ERR_BUSY },
	{ EINPROGRESS, ERR_BUSY },
	{ ETIMEDOUT, ERR_TIMEOUT },
	{ ENOTSUP, ERR_UNSUPPORTED },
	{ ENOSYS, ERR_UNSUPPORTED },
	{ ENOTTY, ERR_UNSUPPORTED },
	{ EPROTONOSUPPORT, ERR_UNSUPPORTED },
	{ EAFNOSUPPORT, ERR_UNSUPPORTED },
	{ EBADMSG, ERR_BAD_DATA },
	{ EPROTO, ERR_BAD_DATA },
	{ EILSEQ, ERR_BAD_DATA },
	{ ENOEXEC, ERR_BAD_DATA },
	{ EPIPE, ERR_CONNECTION },
	{ ECONNRESET, ERR_CONNECTION },
	{ ECONNREFUSED, ERR_CONNECTION },
	{ ECONNABORTED, ERR_CONNECTION },
	{ ENOTCONN, ERR_CONNECTION },
	{ EHOSTUNREACH, ERR_CONNECTION },
	{ ENETUNREACH, ERR_CONNECTION },
	{ ESRCH, ERR_NO_PROCESS },
	{ ECHILD, ERR_NO_PROCESS },
	{ ECANCELED, ERR_INTERRUPTED },
	{ EINTR, ERR_INTERRUPTED },
	{ ESTALE, ERR_STALE },
};

const char *err_name(enum err_id id)
{
	return id > ERR_NONE && id < ERR_N_IDS ? codes[id].name : "";
}

enum err_id err_by_name(const char *name)
{
	size_t skip = strncasecmp(name, PREFIX, strlen(PREFIX)) == 0 ? strlen(PREFIX) : 0;

	for (enum err_id id = ERR_NONE + 1; id < ERR_N_IDS; id++)
		if (strcasecmp(codes[id].name + strlen(PREFIX), name + skip) == 0)
			return id;
	return ERR_NONE;
}

enum err_id err_class(int code)
{
	if (code == 0)
		return ERR_NONE;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].code == code)
			return classes[i].id;
	return ERR_IO;
}

bool err_from_guest(enum err_id id)
{
	return id > ERR_NONE && id < ERR_N_IDS && codes[id].source == ERR_ANYWHERE;
}
