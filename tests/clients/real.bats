#!/usr/bin/env bats
# Real software in Docker's containers: the same output and exit code with each runtime.
#
# REAL_FULL=1    all of Python's tests of subprocesses, which take minutes in an emulated guest

load helpers

ready() { docker version; }
docker() { timeout --foreground --kill-after=5 900 /usr/bin/docker "$@"; }

setup_file()
{
	clients_setup_file
	configure_docker
	start_daemon dockerd ready dockerd
	docker load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
	docker run --rm --runtime runc "$IMAGE" true
	docker run --rm "$IMAGE" true || true
}

teardown_file() { stop_daemon dockerd; }

setup() { clients_setup; }

teardown()
{
	docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
	docker image ls --quiet --filter 'reference=*:test' --filter "before=$IMAGE" | sort -u |
		xargs --no-run-if-empty docker rmi --force >/dev/null
	clients_teardown
}

# image NAME - loads what build-images made.
image()
{
	local dir=${KATA_CACHE_DIR:-/var/cache/kata-c}/images

	[[ -e $dir/$1.tar ]] || { echo "run tests/clients/build-images $1 first"; return 1; }
	docker load --quiet --input "$dir/$1.tar"
}

# in_image NAME SCRIPT - runs a script of bash
in_image() { docker run --rm "$1:test" bash -ec "$2"; }

# inside SCRIPT - runs it in the container $NAME
inside() { docker exec "$NAME" bash -ec "$1"; }

@test "nginx: serves a file of 10 MB" {
	image nginx
	docker run --detach --name "$NAME" nginx:test bash -ec \
		'mkdir -p /var/log/nginx /var/lib/nginx /var/www/html
		head -c 10000000 /dev/zero | tr "\0" x >/var/www/html/file
		printf "events {}\nhttp { server { listen 80; root /var/www/html; } }\n" >/etc/nginx/nginx.conf
		exec nginx -g "daemon off;"'
	wait_until inside '</dev/tcp/127.0.0.1/80'
	# HTTP/1.0: the connection ends with the file.
	exits 0 inside 'exec 3<>/dev/tcp/127.0.0.1/80; printf "GET /file HTTP/1.0\r\n\r\n" >&3
		sed "1,/^\r$/d" <&3 | wc -c'
	is 10000000 "$output"
	exits 0 docker stop --time 20 "$NAME"
	is 0 "$(docker inspect --format '{{.State.ExitCode}}' "$NAME")"
}

@test "postgres: 10,000 rows survive stop and start" {
	image postgres
	docker run --detach --name "$NAME" postgres:test bash -ec \
		'mkdir -p /data; chown postgres /data
		cd /usr/lib/postgresql/15/bin
		[[ -e /data/PG_VERSION ]] || runuser -u postgres -- ./initdb --locale=C -D /data
		exec runuser -u postgres -- ./postgres -D /data -k /tmp'
	PATIENCE=90 wait_until inside '/usr/lib/postgresql/15/bin/pg_isready -h /tmp'
	psql='/usr/lib/postgresql/15/bin/psql -h /tmp -U postgres -Atc'
	inside "$psql 'create table t as select i, md5(i::text) from generate_series(1, 10000) i'"
	exits 0 docker stop --time 60 "$NAME"
	docker start "$NAME"
	PATIENCE=90 wait_until inside '/usr/lib/postgresql/15/bin/pg_isready -h /tmp'
	exits 0 inside "$psql 'select count(*), sum(i) from t'"
	is '10000|50005000' "$output"
}

@test "redis: a value survives a restart" {
	image redis
	docker run --detach --name "$NAME" redis:test \
		bash -ec 'mkdir -p /var/lib/redis; exec redis-server --dir /var/lib/redis --appendonly yes'
	wait_until inside 'redis-cli ping | grep PONG'
	exits 0 inside 'redis-cli set key value'
	exits 0 docker restart --time 20 "$NAME"
	wait_until inside 'redis-cli ping | grep PONG'
	exits 0 inside 'redis-cli get key'
	is value "$output"
}

@test "supervisord: starts again what was killed" {
	image supervisor
	docker run --detach --name "$NAME" supervisor:test bash -ec \
		'printf "[supervisord]\nnodaemon=true\nuser=root\nlogfile=/dev/null\nlogfile_maxbytes=0\n[unix_http_server]\nfile=/run/s.sock\n[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n[supervisorctl]\nserverurl=unix:///run/s.sock\n[program:sleeper]\ncommand=sleep 1000\nstartsecs=1\n" >/etc/s.conf
		exec supervisord -c /etc/s.conf'
	PATIENCE=60 wait_until inside 'supervisorctl -c /etc/s.conf status sleeper | grep RUNNING'
	before=$(inside 'supervisorctl -c /etc/s.conf pid sleeper')
	inside "kill -9 $before"
	PATIENCE=60 wait_until inside "supervisorctl -c /etc/s.conf pid sleeper | grep -v -x -e $before -e 0"
	exits 0 docker stop --time 20 "$NAME"
	is 0 "$(docker inspect --format '{{.State.ExitCode}}' "$NAME")"
}

@test "sshd: a login with a key, a terminal, the exit code" {
	image sshd
	docker run --detach --name "$NAME" sshd:test bash -ec \
		'ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
		mkdir -m 700 /root/.ssh; ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/id_ed25519
		cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
		touch /etc/ssh/sshd_config
		exec /usr/sbin/sshd -D -e -o UsePAM=no'
	wait_until inside '</dev/tcp/127.0.0.1/22'
	exits 7 docker exec "$NAME" ssh -tt -o StrictHostKeyChecking=no root@127.0.0.1 'tty; exit 7'
	has "$output" /dev/pts/
}

@test "dpkg -i: a package whose script sets file capabilities" {
	image dpkg
	exits 0 in_image dpkg \
		'mkdir -p /p/DEBIAN /p/usr/local/bin; cp /bin/true /p/usr/local/bin/with-caps
		printf "Package: with-caps\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@example.org>\nDescription: test\n" >/p/DEBIAN/control
		printf "#!/bin/sh\nsetcap cap_net_raw+ep /usr/local/bin/with-caps\n" >/p/DEBIAN/postinst
		chmod 755 /p/DEBIAN/postinst
		dpkg-deb --build /p /p.deb >/dev/null
		dpkg -i /p.deb >/dev/null
		getcap /usr/local/bin/with-caps; /usr/local/bin/with-caps; dpkg -r with-caps >/dev/null; test ! -e /usr/local/bin/with-caps'
	is '/usr/local/bin/with-caps cap_net_raw=ep' "$output"
}

@test "git: clone of a local repository, and fsck" {
	image git
	exits 0 in_image git \
		'export HOME=/root; git config --global user.email a@example.org; git config --global user.name a
		git init -q /r; cd /r
		for i in $(seq 200); do echo $i >f$i; done; git add .; git commit -qm one
		git clone -q file:///r /c; cd /c; git fsck --strict; git status --porcelain; ls | wc -l'
	is 200 "$output"
}

@test "tar: 20,000 small files, unpacked, compared and counted" {
	image tar
	# Made in memory: what is to be shown is what becomes of them on the container's root.
	exits 0 docker run --rm --tmpfs /a tar:test bash -ec \
		'cd /a; for d in {1..200}; do mkdir $d; for f in {1..100}; do echo $d $f >$d/$f; done; done
		tar -czf /a.tgz .; mkdir /b; cd /b; tar -xzf /a.tgz; tar -df /a.tgz; find . -type f | wc -l'
	is 20000 "$output"
}

@test "gcc: builds a program that runs" {
	image gcc
	exits 7 in_image gcc \
		'printf "#include <stdio.h>\nint main(void) { puts(\"built\"); return 7; }\n" >/m.c; gcc -O2 -o /m /m.c; exec /m'
	is built "$output"
}

@test "python: its own tests of sockets and subprocesses" {
	image python
	# All of test_subprocess starts some thousand interpreters: minutes, where the guest is emulated.
	# Some of them ask for each descriptor that they may have, and a guest allows a million.
	chosen=(--match '*SocketServerTest*' --match '*SelectorTestCase*' --match '*POSIXProcessTestCase*')
	[[ -z ${REAL_FULL-} ]] || chosen=()
	# /tmp in memory: one test wants EPERM of epoll for a file, which FUSE does not say.
	exits 0 docker run --rm --network none --ulimit nofile=1024 --tmpfs /tmp:exec python:test \
		python3 -m test -q -u network "${chosen[@]}" test_socketserver test_subprocess test_selectors
	has "$output" 'SUCCESS'
}
