#!/bin/bash
# protoc-c leaves the names of methods out of a file with optimize_for = CODE_SIZE: they cannot be found by name
# Used in src/proto/agent.proto, health.proto and katac.proto, which do not set it.
source "$(dirname "$0")/lib.sh"
needs command -v protoc-c
needs pkg-config --exists libprotobuf-c
for option in SPEED CODE_SIZE; do
	mkdir "$work/$option"
	cat >"$work/$option/x.proto" <<P
syntax = "proto3";
package x;
option optimize_for = $option;
message M {}
service S { rpc Call(M) returns (M); }
P
	protoc --proto_path="$work/$option" --c_out="$work/$option" "$work/$option/x.proto"
	compiled "$option/find" -I"$work/$option" "$work/$option/x.pb-c.c" $(pkg-config --cflags --libs libprotobuf-c) <<'C'
#include "x.pb-c.h"
int main(void)
{
	return !protobuf_c_service_descriptor_get_method_by_name(&x__s__descriptor, "Call");
}
C
done
"$work/SPEED/find"
! "$work/CODE_SIZE/find"
