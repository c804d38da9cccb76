/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/timeline_show.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "sandbox/timeline.h"

/* Of the picture, in its pixels. */
#define WIDTH  920.0
#define LEFT   170.0 /* of the bars: names stand before them */
#define RIGHT  90.0  /* behind the longest bar, for its time */
#define TOP    64.0
#define ROW    24.0
#define BAR    16.0
#define BOTTOM 34.0
#define TICKS  10.0 /* at most so many steps of the scale */

static uint64_t first_us(const struct saved_timeline *saved)
{
	return saved->n_phases ? saved->phases[0].start_us : 0;
}

/* From the first start to the last end. */
static uint64_t total_us(const struct saved_timeline *saved)
{
	uint64_t last = first_us(saved);

	for (unsigned i = 0; i < saved->n_phases; i++)
		if (saved->phases[i].end_us > last)
			last = saved->phases[i].end_us;
	return last - first_us(saved);
}

static double ms(uint64_t us)
{
	return (double)us / 1000.0;
}

void timeline_show_table(const struct saved_timeline *saved, struct buf *out)
{
	buf_printf(out, "%-24s %11s %11s\n", "PHASE", "BEGIN", "TIME");
	for (unsigned i = 0; i < saved->n_phases; i++) {
		const struct phase *phase = &saved->phases[i];

		buf_printf(out, "%s%-*s %8.1f ms", phase->inside ? "  " : "",
			   phase->inside ? 22 : 24, phase->name,
			   ms(phase->start_us - first_us(saved)));
		if (phase->end_us > phase->start_us)
			buf_printf(out, " %8.1f ms", ms(phase->end_us - phase->start_us));
		buf_printf(out, "\n");
	}
	buf_printf(out, "%-24s %11s %8.1f ms\n", "total", "", ms(total_us(saved)));
}

void timeline_show_json(const char *cid, const struct saved_timeline *saved, struct buf *out)
{
	struct json_writer w = { .indent = 2 };
	CLEANUP(free) char *text = NULL;
	const char *outer = NULL;

	json_open_object(&w, NULL);
	json_put_string(&w, "container", cid);
	json_put_string(&w, "sandbox", saved->sandbox);
	json_put_u64(&w, "total_us", total_us(saved));
	json_open_array(&w, "phases");
	for (unsigned i = 0; i < saved->n_phases; i++) {
		const struct phase *phase = &saved->phases[i];

		outer = phase->inside ? outer : phase->name;
		json_open_object(&w, NULL);
		json_put_string(&w, "name", phase->name);
		json_put_u64(&w, "begin_us", phase->start_us - first_us(saved));
		json_put_u64(&w, "time_us", phase->end_us - phase->start_us);
		if (phase->inside)
			json_put_string(&w, "inside", outer);
		json_close_object(&w);
	}
	json_close_array(&w);
	json_close_object(&w);
	text = json_finish(&w);
	buf_append(out, text, strlen(text));
	buf_append(out, "\n", 1);
}

/* Text of ours for XML. */
static void put_text(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			buf_printf(out, "&amp;");
		else if (*text == '<')
			buf_printf(out, "&lt;");
		else if (*text == '>')
			buf_printf(out, "&gt;");
		else if (*text == '"')
			buf_printf(out, "&quot;");
		else if ((unsigned char)*text >= ' ')
			buf_append(out, text, 1);
	}
}

static const char style[] =
	"<style>\n"
	"svg { background: #fff; color: #1c2024; font: 13px system-ui, sans-serif }\n"
	"text { fill: currentColor }\n"
	".title { font-size: 15px; font-weight: 600 }\n"
	".quiet { fill: #60676f; font-size: 11px }\n"
	".grid { stroke: #d9dde1 }\n"
	".bar { fill: #2f6fb3 }\n"
	".inside { fill: #8cb4de }\n"
	".point { fill: #c2571a }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"svg { background: #16191c; color: #e6e8ea }\n"
	".quiet { fill: #9aa2aa }\n"
	".grid { stroke: #33393f }\n"
	".bar { fill: #5b9bdf }\n"
	".inside { fill: #2c5786 }\n"
	".point { fill: #f08c4b }\n"
	"}\n"
	"</style>\n";

/* A round number of milliseconds, so that there are at most TICKS of it. */
static double tick_ms(double whole_ms)
{
	static const double steps[] = { 1, 2, 5 };
	double unit = 0.1;
	unsigned i = 0;

	while (whole_ms > steps[i] * unit * TICKS) {
		i = (i + 1) % 3;
		unit *= i == 0 ? 10 : 1;
	}
	return steps[i] * unit;
}

static void put_scale(double whole_ms, double bottom, struct buf *out)
{
	double step = tick_ms(whole_ms);

	for (unsigned i = 0; i * step <= whole_ms; i++) {
		double x = LEFT + i * step / whole_ms * (WIDTH - LEFT - RIGHT);

		buf_printf(out,
			   "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>"
			   "<text class=\"quiet\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%g"
			   "</text>\n",
			   x, TOP - 6, x, bottom, x, bottom + 16, i * step);
	}
}

static void put_phase(const struct phase *phase, uint64_t first, double whole_ms, double y,
		      struct buf *out)
{
	double scale = (WIDTH - LEFT - RIGHT) / whole_ms;
	double x = LEFT + ms(phase->start_us - first) * scale;
	double time = ms(phase->end_us - phase->start_us);
	double width = time * scale < 1 ? 1 : time * scale;

	buf_printf(out, "<g><title>");
	put_text(out, phase->name);
	buf_printf(out, ": %.1f ms from %.1f ms on</title><text x=\"%.1f\" y=\"%.1f\">", time,
		   ms(phase->start_us - first), phase->inside ? 28.0 : 14.0, y + BAR - 3);
	put_text(out, phase->name);
	buf_printf(out, "</text>");
	if (phase->end_us > phase->start_us)
		buf_printf(
			out,
			"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\" "
			"rx=\"2\"/>",
			phase->inside ? "inside" : "bar", x, y, width, BAR);
	else
		buf_printf(out, "<circle class=\"point\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>", x,
			   y + BAR / 2);
	buf_printf(out, "<text class=\"quiet\" x=\"%.1f\" y=\"%.1f\">%.1f ms</text></g>\n",
		   x + width + 7, y + BAR - 4,
		   phase->end_us > phase->start_us ? time : ms(phase->start_us - first));
}

void timeline_show_svg(const char *cid, const struct saved_timeline *saved, struct buf *out)
{
	double whole_ms = total_us(saved) > 0 ? ms(total_us(saved)) : 1;
	double bottom = TOP + saved->n_phases * ROW;

	buf_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
		   "width=\"%.0f\" height=\"%.0f\" role=\"img\">\n<title>Start of container ",
		   WIDTH, bottom + BOTTOM, WIDTH, bottom + BOTTOM);
	put_text(out, cid);
	buf_printf(out, "</title>\n%s<text class=\"title\" x=\"14\" y=\"26\">Start of container ",
		   style);
	put_text(out, cid);
	buf_printf(out, "</text>\n<text class=\"quiet\" x=\"14\" y=\"44\">");
	if (strcmp(cid, saved->sandbox) != 0) {
		buf_printf(out, "in sandbox ");
		put_text(out, saved->sandbox);
		buf_printf(out, ", ");
	}
	buf_printf(out, "%.1f ms; scale in ms</text>\n", whole_ms);
	put_scale(whole_ms, bottom, out);
	for (unsigned i = 0; i < saved->n_phases; i++)
		put_phase(&saved->phases[i], first_us(saved), whole_ms, TOP + i * ROW, out);
	buf_printf(out, "</svg>\n");
}
