/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/state.h"

#include "base/json_writer.h"

char *oci_state_json(const struct oci_state *state, bool pretty)
{
	struct json_writer w = { .indent = pretty ? 2 : 0 };

	json_open_object(&w, NULL);
	json_put_string(&w, "ociVersion", state->version);
	json_put_string(&w, "id", state->id);
	json_put_string(&w, "status", state->status);
	json_put_i64(&w, "pid", state->pid);
	json_put_string(&w, "bundle", state->bundle);
	json_put_map(&w, "annotations", state->annotations);
	json_close_object(&w);
	return json_finish(&w);
}
