#!/usr/bin/env bats
# Annotation storage_spec: what the guest mounts itself, NFS and folders of its own.
load ../lib/helpers

NAME=io.katacontainers.storage_spec

setup()
{
	common_setup
	POD=pod-${WORK##*.} PEER=peer-${WORK##*.} SERVER=
	set_config enable_annotations '["storage_spec"]'
}

teardown()
{
	for id in "$KATA_RUN_DIR"/kata-containers/containers-mapping/*; do
		[[ ! -e $id ]] || "$RUNTIME" delete --force "$(basename "$id")" || true
	done
	[[ -z $SERVER ]] || kill "$SERVER"
	ip netns delete "$POD" 2>/dev/null || true
	ip netns delete "$PEER" 2>/dev/null || true
	common_teardown
}

# namespaces - the pod's, with eth0, and its peer's, with a server at 10.9.1.1
namespaces()
{
	ip netns add "$POD"
	ip netns add "$PEER"
	ip -n "$POD" link add eth0 type veth peer name eth0 netns "$PEER"
	ip -n "$POD" address add 10.9.1.2/24 dev eth0
	ip -n "$PEER" address add 10.9.1.1/24 dev eth0
	ip -n "$POD" link set eth0 up
	ip -n "$PEER" link set eth0 up
}

# serve - NFS of version 4, which keeps its files in memory.
serve()
{
	cat >"$WORK/ganesha.conf" <<-END
		NFS_CORE_PARAM { Protocols = 4; Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; }
		MEM { Inode_Size = 4096; }
		NFSv4 { Graceless = true; RecoveryBackend = fs; RecoveryRoot = $WORK/recovery; }
		EXPORT { Export_Id = 1; Path = /$ID; Pseudo = /export; Access_Type = RW; Squash = None;
			SecType = sys; Protocols = 4; Transports = TCP; FSAL { Name = MEM; } }
	END
	ip netns exec "$PEER" ganesha.nfsd -F -f "$WORK/ganesha.conf" -L "$WORK/ganesha.log" \
		-p "$WORK/ganesha.pid" </dev/null >/dev/null 2>&1 3>&- &
	SERVER=$!
	PATIENCE=30 wait_until sh -c "ip netns exec $PEER ss -ltn | grep -q :2049"
}

# with DIR SPEC - a bundle's annotation
with()
{
	edit_bundle "$1" ".annotations.\"$NAME\" = $(jq -n --arg spec "$2" '$spec')"
}

# member DIR - of the pod of sandbox $ID
member()
{
	edit_bundle "$1" ".annotations += { \"io.kubernetes.cri.container-type\": \"container\",
		\"io.kubernetes.cri.sandbox-id\": \"$ID\" }"
}

@test "storage_spec: a folder of the guest that the containers of a pod share" {
	local dir spec

	spec='[{"storage_type":"gpath","source":"/data/common","dest":"/mnt","options":{"custom_op":["shared"]}}]'
	dir=$(bundle)
	set_args "$dir" sh -c 'echo hello >/mnt/file && exec sleep 1000'
	with "$dir" "$spec"
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	wait_until runtime exec "$ID" test -s /mnt/file </dev/null

	dir=$(bundle member)
	set_args "$dir" cat /mnt/file
	with "$dir" "$spec"
	member "$dir"
	[ "$(runtime run --bundle "$dir" member </dev/null)" = hello ]

	# It stays when a container of it goes. No part of its path may be a link.
	runtime exec "$ID" ln -s /etc /mnt/link </dev/null
	dir=$(bundle linked)
	set_args "$dir" true
	with "$dir" '[{"storage_type":"gpath","source":"/data/common/link","dest":"/mnt"}]'
	member "$dir"
	fails runtime run --bundle "$dir" linked
	says 'gpath /data/common/link: a part of it is no folder'
	with "$dir" '[{"storage_type":"gpath","source":"/data/other","dest":"/mnt","options":{"custom_op":["mounted"]}}]'
	fails runtime run --bundle "$dir" linked
	says "gpath /data/other: not a mount point, which option 'mounted' asks for"
}

@test "storage_spec: NFS, mounted by the guest; and a server that is not there" {
	local dir spec

	require command -v ganesha.nfsd
	namespaces
	serve
	spec='[{"storage_type":"nfs","source":"10.9.1.1:/export","dest":"/mnt","options":{"custom_op":["soft"]}}]'
	dir=$(bundle)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/$POD\""
	with "$dir" "$spec"
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	runtime exec "$ID" sh -c 'mkdir /mnt/sub && echo hello >/mnt/sub/file' </dev/null
	runtime exec "$ID" grep ' /mnt nfs4 .*nodev.*,vers=4.2,.*soft' /proc/mounts </dev/null

	# A part of the export for another container.
	dir=$(bundle member)
	set_args "$dir" sh -c 'cat /mnt/file; ! touch /mnt/more'
	with "$dir" '[{"storage_type":"nfs","source":"10.9.1.1:/export/sub","dest":"/mnt","options":{"mount_op":["ro"]}}]'
	member "$dir"
	[ "$(runtime run --bundle "$dir" member </dev/null 2>/dev/null)" = hello ]

	with "$dir" '[{"storage_type":"nfs","source":"10.9.1.1:/none","dest":"/mnt"}]'
	fails runtime run --bundle "$dir" member
	says 'nfs 10.9.1.1:/none' "Couldn't follow remote path"
	with "$dir" '[{"storage_type":"nfs","source":"10.9.1.1:/export","dest":"/mnt","options":{"custom_op":["port=2050"]}}]'
	fails runtime run --bundle "$dir" member
	says 'nfs 10.9.1.1:/export: port 2050 of 10.9.1.1' 'Connection refused'
}

@test "storage_spec: what is wrong in it is one line, and nothing is started" {
	local dir

	dir=$(bundle)
	with "$dir" '[{"storage_type":"nfs","source":"/export","dest":"/mnt"}]'
	fails runtime create --bundle "$dir" "$ID"
	says "annotation $NAME: [0].source: '/export', allowed is SERVER:/PATH"
	set_config enable_annotations '[]'
	fails runtime create --bundle "$dir" "$ID"
	says "annotation $NAME: not allowed; [hypervisor.qemu] enable_annotations would have to list \"storage_spec\""
	not runtime state "$ID"
}
