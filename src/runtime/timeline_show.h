/* SPDX-License-Identifier: Apache-2.0 */
/* timeline_show.h - the start of a container as a table, as JSON and as a picture */
#pragma once

struct buf;
struct saved_timeline;

/* Each appends to @out. */
void timeline_show_table(const struct saved_timeline *saved, struct buf *out);
void timeline_show_json(const char *cid, const struct saved_timeline *saved, struct buf *out);

/* An SVG without scripts, for light and dark pages. */
void timeline_show_svg(const char *cid, const struct saved_timeline *saved, struct buf *out);
