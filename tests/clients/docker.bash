# docker.bash - a daemon of Docker for a whole file, with the runtime as its default

ready() { docker version; }

# Not another docker that lies earlier in PATH.
# A command that hangs fails its test with 124.
docker() { timeout --foreground "${PATIENCE_DOCKER:-60}" /usr/bin/docker "$@"; }

start_docker()
{
	start_daemon dockerd ready dockerd
}

# restart_docker [FILTER] - with its configuration changed by a jq filter.
restart_docker()
{
	stop_daemon dockerd
	configure_docker
	jq "${1-.}" /etc/docker/daemon.json >"$WORK/daemon.json"
	cp "$WORK/daemon.json" /etc/docker/daemon.json
	start_docker
}

docker_setup_file()
{
	clients_setup_file
	configure_docker
	start_docker
	docker load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
	# What the first container makes and every later one uses is no trace of a test.
	docker run --rm --runtime runc "$IMAGE" true
	docker run --rm "$IMAGE" true || true
}

docker_teardown()
{
	docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
	clients_teardown
}

field() { docker inspect --format "{{$2}}" "$1"; }

# field_is NAME FIELD VALUE
field_is() { [[ $(field "$1" "$2") == "$3" ]]; }

# sleeper [OPTION…] - a container named $NAME that runs until it is stopped.
sleeper() { docker run --detach --name "$NAME" "$@" "$IMAGE" sleep 1000; }

# logged NAME TEXT
logged() { docker logs "$1" 2>&1 | grep -qF "$2"; }
