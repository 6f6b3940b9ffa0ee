# buildah, as root: it creates, starts, polls the state of, and deletes containers by itself.
# shellcheck shell=bash

bud() { "$ENGINE/buildah" "$@"; }

start_chapter() {
	needs buildah
	containers_conf
	cat >"$ENGINE/buildah" <<-P
		#!/bin/sh
		exec buildah --root "$ENGINE/storage" --runroot "$ENGINE/run" --storage-driver overlay "\$@"
	P
	chmod 755 "$ENGINE/buildah"
	based warm
	good bud run warm true
	good bud rm warm
}

stop_chapter() {
	good bud rm -a
	no_containers_conf
}

# based NAME: a working container with the image's files
based() {
	good bud from --name "$1" scratch
	good bud add -q "$1" "$IMAGE_TAR" /
	good bud config --env PATH=/usr/bin:/bin "$1"
}

test_buildah__run_prints_what_the_program_says() {
	based r
	good bud run r echo hello
	expect_eq "$OUT" hello
	good bud run r sh -c 'echo two >/two'
	good bud run r cat /two
	expect_eq "$OUT" two
	good bud rm r
}

test_buildah__run_has_the_programs_exit_code() {
	based r
	bad 7 bud run r sh -c 'exit 7'
	capture bud run r nothing-of-this-name
	[ "$RC" != 0 ] || fail "it succeeded"
	expect_in nothing-of-this-name "$ERR"
	# By the drop-in alone: no flag and no variable asks for it.
	expect_in "$UNDER_TEST" "$ERR"
	good bud rm r
}

test_buildah__run_t_has_a_terminal() {
	based r
	capture "$HELPERS/ptyrun" 'expect:# ' 'send:tty; exit 4\r' expect:/dev/pts/ -- "$ENGINE/buildah" run -t r sh
	expect_rc 4
	good bud rm r
}

test_buildah__run_reads_stdin() {
	based r
	capture bud run r cat <<<"some words"
	expect_eq "$OUT" "some words"
	good bud rm r
}

test_buildah__run_takes_user_directory_and_volume() {
	based r
	echo host >"$T/file"
	good bud run --user 1000 --workingdir /tmp -v "$T:/vol:ro" r sh -c 'id -u; pwd; cat /vol/file; echo x >/vol/x || echo refused'
	expect_eq "$OUT" $'1000\n/tmp\nhost\nrefused'
	good bud rm r
}

test_buildah__run_takes_capabilities_and_hostname() {
	based r
	good bud run --cap-drop CAP_CHOWN --cap-add CAP_NET_RAW --hostname named r sh -c 'grep CapEff /proc/self/status; hostname'
	expect_match '[0-9a-f]+2.{2}[02468ace]'$'\n''named'
	good bud rm r
}

test_buildah__run_without_a_network() {
	based r
	good bud run --network none r sh -c 'ip -o link | wc -l'
	expect_eq "$OUT" 1
	good bud rm r
}

test_buildah__limits_of_a_working_container() {
	based base
	good bud commit -q base limited:1
	good bud from --name l --memory 50m --cpu-shares 512 --pull-never limited:1
	good bud run l sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max'
	expect_eq "$OUT" 52428800
	good bud rm l base
	good bud rmi limited:1
}

test_buildah__a_user_namespace() {
	based base
	good bud commit -q base mapped:1
	good bud from --name m --userns-uid-map 0:100000:65536 --userns-gid-map 0:100000:65536 --pull-never mapped:1
	good bud run m sh -c 'id -u; cat /proc/self/uid_map'
	expect_match '^0'$'\n'' *0 +100000 +65536'
	good bud rm m base
	good bud rmi mapped:1
}

test_buildah__commit_keeps_what_was_run() {
	based c
	good bud run c sh -c 'echo kept >/kept'
	good bud config --cmd 'cat /kept' c
	good bud commit -q c kept:1
	good bud from --name again --pull-never kept:1
	good bud run again cat /kept
	expect_eq "$OUT" kept
	good bud rm c again
	good bud rmi kept:1
}

test_buildah__bud_runs_three_steps() {
	cat >"$T/Dockerfile" <<-'D'
		FROM scratch
		ADD image.tar /
		ENV PATH=/usr/bin:/bin
		RUN echo one >/one && test "$(id -u)" = 0
		COPY file /two
		RUN cat /one /two >/three
		CMD ["cat", "/three"]
	D
	echo two >"$T/file"
	ln "$IMAGE_TAR" "$T/image.tar"
	good bud bud -q --network none -t built:1 "$T"
	good bud from --name b --pull-never built:1
	good bud run b cat /three
	expect_eq "$OUT" $'one\ntwo'
	good bud rm b
	good bud rmi built:1
}

test_buildah__bud_says_which_step_failed() {
	printf 'FROM scratch\nADD image.tar /\nENV PATH=/bin\nRUN exit 5\n' >"$T/Dockerfile"
	ln "$IMAGE_TAR" "$T/image.tar"
	capture bud bud --network none -t never:1 "$T"
	[ "$RC" != 0 ] || fail "it succeeded"
	expect_match 'exit status 5' "$ERR"
	good bud rmi --prune -f
}
