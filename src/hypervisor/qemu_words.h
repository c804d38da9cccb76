/* SPDX-License-Identifier: Apache-2.0 */
/* qemu_words.h - names and spelling that the parts of QEMU's command line share */
#pragma once

#define QEMU_OWN_MEMORY "ram0" /* the back end of the memory that is there from the start */

#define QEMU_ELASTIC_MEMORY "vmem0" /* and of what comes and goes, by the device */
#define QEMU_ELASTIC_DEVICE "virtiomem0"

/* QEMU's options are separated by commas: one inside a value is written twice. Owned. */
char *qemu_escape(const char *value);
