/* SPDX-License-Identifier: Apache-2.0 */
/* fake_fault.h - what the fakes are told to do wrong: words "NAME@WHERE" or "NAME=ARGUMENT@WHERE"
 */
#pragma once

/* The argument of the fault @name at @where, "" when it has none, NULL when it is not set. */
const char *fake_fault(char *const *faults, const char *name, const char *where);
