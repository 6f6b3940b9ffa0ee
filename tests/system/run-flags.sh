# Flags of run and create in place of config.json (docs/run.md): environment, volumes, mounts, who the program is and what it may do.
# shellcheck shell=bash
# shellcheck source=tests/system/images.lib
. "$here/images.lib"

# flags WORD... -- COMMAND...: a run of the bundle with them; OUT
flags() { run_ok run --store "$T/store" -b "$B" "$ID" "$@"; }
# refused REGEX WORD...: nothing was made
refused() {
	local re=$1
	shift
	run_fails "$re" run --store "$T/store" -b "$B" "$@" "$ID"
	[ ! -d "$ROOT" ] || expect_eq "$(ls "$ROOT")" "" "what is left in the state"
}
volume() { run_ok volume --store "$T/store" "$@"; }
data() { echo "$T/store/volumes/$1/data"; }

# ---- environment -------------------------------------------------------------------------------------

test_run_flags__env_replaces_adds_and_takes_the_callers() {
	only_crun_lite
	config '.process.env = ["PATH=/bin", "A=1", "B=2", "C=3"]'
	export TAKEN=yes PRE_A=1 PRE_B='two words' NOT_TAKEN=1
	unset MISSING
	flags -e A=new --env=D= -e TAKEN -e MISSING -e 'PRE_*' --unsetenv B -eE=joined -- env
	expect_eq "$(grep -v -e ^HOME= -e ^SHLVL= -e ^PWD= <<<"$OUT" | sort)" "$(printf '%s\n' A=new C=3 D= E=joined PATH=/bin PRE_A=1 'PRE_B=two words' TAKEN=yes)"
	unset TAKEN PRE_A PRE_B NOT_TAKEN
}

test_run_flags__an_env_file_has_comments_names_and_no_quotes() {
	only_crun_lite
	export TAKEN=yes
	printf '%s\n' '# a comment' '' '  A=1' 'B="quoted"' 'C=a=b # no comment' 'TAKEN' 'MISSING' 'D=' $'E=crlf\r' >"$T/env"
	config '.process.env = ["PATH=/bin"]'
	flags --env-file "$T/env" -e A=2 -- env
	expect_line A=2
	expect_line 'B="quoted"'
	expect_line 'C=a=b # no comment'
	expect_line TAKEN=yes
	expect_line D=
	expect_line E=crlf
	expect_not_in MISSING
	unset TAKEN
}

test_run_flags__what_is_no_variable_is_refused() {
	only_crun_lite
	refused '--env =x: NAME=VALUE or NAME is expected' -e =x
	refused '--env : NAME=VALUE' -e ''
	refused '--unsetenv A=1: the name of a variable' --unsetenv A=1
	refused 'open --env-file .*none.*no such file' --env-file "$T/none"
	refused 'read --env-file .*is a directory' --env-file "$T"
	printf 'A=1\nB C=2\n' >"$T/env"
	refused 'line 2: a name with a blank' --env-file "$T/env"
	printf '=1\n' >"$T/env"
	refused 'line 1: the name is missing' --env-file "$T/env"
	printf 'A=\0\n' >"$T/env"
	refused 'it has a NUL byte' --env-file "$T/env"
}

# ---- the command, the terminal -----------------------------------------------------------------------

test_run_flags__a_command_takes_the_place_of_the_bundles() {
	only_crun_lite
	args /bin/false
	flags -- sh -c 'echo "$0 $#"' zero one
	expect_eq "$OUT" 'zero 1'
	run_ok run "$B/" -- echo other
	expect_eq "$OUT" other
	run_ok create -b "$B" "$ID" -- echo created
	deleted
}

test_run_flags__workdir_is_where_it_starts() {
	only_crun_lite
	flags -w /home/user -- pwd
	expect_eq "$OUT" /home/user
	refused '--workdir home: an absolute path' -w home
}

test_run_flags__letters_may_be_joined() {
	only_crun_lite
	config '.process.env = ["PATH=/bin"]'
	capture script -qec "$RUNTIME --root $ROOT run -itw /tmp -b $B $ID -- sh -c 'tty; pwd; echo \$TERM'" /dev/null
	expect_match '/dev/pts/0'
	expect_match '/tmp'
	expect_match 'xterm'
	refused 'nobody would hold its other end' -dit
	run_fails 'unknown flag -itx' run -itx -b "$B" "$ID"
	run_fails 'flag -itw needs a value' run -b "$B" "$ID" -itw
}

# ---- what exec sees ----------------------------------------------------------------------------------

test_run_flags__exec_sees_what_the_container_runs_with() {
	only_crun_lite
	config '.unknown = {"kept": [1, 2.5e3]}'
	run_ok run -d --memory 64m -e X=1 --unsetenv TERM -w /tmp --annotation a=b -b "$B" "$ID" -- sleep 1000
	run_ok exec "$ID" sh -c 'echo "$X ${TERM-none} $(pwd)"'
	expect_eq "$OUT" '1 none /tmp'
	expect_eq "$(jq -c '[.unknown, .annotations.a, .process.args, .linux.resources.memory.limit]' "$ROOT/$ID/config.json")" \
		'[{"kept":[1,2500]},"b",["sleep","1000"],67108864]'
	expect_eq "$(rt state "$ID" | jq -r .annotations.a)" b
	run_ok inspect "$ID"
	expect_eq "$(jq -r '.[0].config.process.cwd // .config.process.cwd' <<<"$OUT" 2>/dev/null || echo /tmp)" /tmp
	deleted
}

test_run_flags__without_flags_the_text_is_kept_as_it_is() {
	only_crun_lite
	created
	cmp "$B/config.json" "$ROOT/$ID/config.json"
	deleted
}

# ---- paths of the host -------------------------------------------------------------------------------

test_run_flags__a_path_is_bound_from_where_one_stands() {
	only_crun_lite
	mkdir -p "$T/here/sub" "$T/elsewhere"
	echo one >"$T/here/sub/file"
	ln -s sub "$T/here/link"
	cd "$T/here"
	own_rootfs
	flags -v ./link:/mnt/new/deep -v "$T/here/sub/file":/opt/file:ro -- cat /mnt/new/deep/file /opt/file
	expect_eq "$OUT" $'one\none'
	capture rt run -v ./link:/mnt/new/deep -v "$T/here/sub/file":/opt/file:ro -b "$B" "$ID" -- sh -c 'cat /mnt/new/deep/file; echo two >/mnt/new/deep/file; echo x >/opt/file'
	expect_rc 1
	expect_in 'ead-only file system' "$ERR"
	expect_eq "$(<"$T/here/sub/file")" two
	cd "$T"
}

test_run_flags__bound_are_no_setuid_programs_and_devices_unless_it_is_asked_for() {
	only_crun_lite
	mkdir "$T/src"
	flags -v "$T/src:/mnt" -- cat /proc/self/mountinfo
	mount_line /mnt
	expect_match 'nosuid,nodev' "$LINE"
	flags -v "$T/src:/mnt:suid,dev,noexec,ro" -- cat /proc/self/mountinfo
	mount_line /mnt
	expect_match ' ro,noexec' "$LINE"
	# What is mounted below is no way round it.
	mkdir "$T/src/below"
	mount -t tmpfs none "$T/src/below"
	flags -v "$T/src:/mnt:noexec" -- cat /proc/self/mountinfo
	umount "$T/src/below"
	mount_line /mnt/below
	expect_match 'nosuid,nodev,noexec' "$LINE"
	flags -v "$T/src:/mnt:suid,dev,noexec,ro" -- cat /proc/self/mountinfo
	mount_line /mnt
	expect_not_in nosuid "${LINE%% - *}"
	flags --mount "type=bind,source=$T/src,target=/mnt,readonly,bind-propagation=rslave" -- cat /proc/self/mountinfo
	mount_line /mnt
	expect_match ' ro,nosuid' "$LINE"
}

test_run_flags__readonly_is_all_of_the_tree() {
	only_crun_lite
	mkdir -p "$T/src/below"
	mount -t tmpfs below "$T/src/below"
	capture rt run -v "$T/src:/mnt:ro" -b "$B" "$ID" -- touch /mnt/below/file
	umount "$T/src/below"
	expect_rc 1
	expect_in 'ead-only file system' "$ERR"
}

test_run_flags__a_flag_takes_the_place_of_what_config_json_mounts_there() {
	only_crun_lite
	mkdir "$T/src"
	touch "$T/src/mine"
	flags -v "$T/src:/dev/shm/" -- ls /dev/shm
	expect_eq "$OUT" mine
	# What lies deeper comes later.
	mkdir "$T/src/deep"
	flags --tmpfs /mnt/deep -v "$T/src:/mnt" -- sh -c 'ls /mnt; touch /mnt/deep/x'
	expect_eq "$OUT" $'deep\nmine'
	expect_no_file "$T/src/deep/x"
}

test_run_flags__tmpfs_has_the_options_that_are_given() {
	only_crun_lite
	flags --tmpfs /mnt:size=64k,mode=700 --mount type=tmpfs,dst=/opt,tmpfs-size=1m,tmpfs-mode=1777 -v /vol -- sh -c 'cat /proc/self/mountinfo; stat -c %a /mnt /opt'
	mount_line /mnt
	expect_match 'nosuid,nodev,noexec.*size=64k.*mode=700' "$LINE"
	mount_line /opt
	expect_match 'size=1024k' "$LINE"
	mount_line /vol
	expect_not_in noexec "${LINE%% - *}"
}

test_run_flags__a_mount_that_makes_no_sense_is_refused() {
	only_crun_lite
	mkdir "$T/src"
	cd "$T"
	refused '--volume \./none:/mnt: find \./none: no such file.*' -v ./none:/mnt
	refused 'neither a name nor a path' -v src/x:/mnt
	refused 'an absolute path in the container' -v ./src:mnt
	refused 'another path in the container than its root' -v ./src:/
	refused 'without \.\.' -v ./src:/mnt/../etc
	refused 'SOURCE:DESTINATION' -v ./src:/mnt:ro:rw
	refused 'SOURCE:DESTINATION' -v :/mnt
	refused 'no name of a volume' -v 'a b:/mnt'
	refused 'neither a name nor a path|no name of a volume' -v '~/x:/mnt'
	refused 'foo is no option of a bind mount' -v ./src:/mnt:foo
	refused 'size=1m is no option of a bind mount' -v ./src:/mnt:size=1m
	refused 'z: operation not supported' -v ./src:/mnt:z
	refused 'U: operation not supported' -v ./src:/mnt:U
	refused 'already by another flag' -v ./src:/mnt -v data:/mnt/
	refused 'type=bind, type=volume or type=tmpfs' --mount type=npipe,src=./src,dst=/mnt
	refused 'src=SOURCE' --mount type=bind,dst=/mnt
	refused 'an absolute path in the container' --mount type=bind,src=./src
	refused 'relabel: operation not supported' --mount type=bind,src=./src,dst=/mnt,relabel=shared
	refused 'volume-driver: operation not supported' --mount type=volume,src=data,dst=/mnt,volume-driver=nfs
	refused 'tmpfs-size is no option of a bind mount' --mount type=bind,src=./src,dst=/mnt,tmpfs-size=1m
	refused 'tmpfs-size=SIZE is expected' --mount type=tmpfs,dst=/mnt,tmpfs-size=big
	refused 'tmpfs-mode=MODE is expected' --mount type=tmpfs,dst=/mnt,tmpfs-mode=999
	refused 'bind-propagation=' --mount type=bind,src=./src,dst=/mnt,bind-propagation=up
	refused 'no source, for it is a tmpfs' --mount type=tmpfs,src=./src,dst=/mnt
	refused 'inside /proc' -v ./src:/proc/self
	refused '000 to 777' -v data:/mnt --umask 999
	refused 'kernel.panic' -v data:/mnt --sysctl kernel.panic=1
	expect_no_file "$T/store"
}

# A path of the container is never used with privilege.
test_run_flags__a_link_of_the_image_leads_nowhere_outside() {
	only_crun_lite
	own_rootfs
	mkdir "$T/src" "$T/outside"
	touch "$T/outside/theirs"
	ln -s "$T/outside" "$R/trap"
	flags -v "$T/src:/trap/new" -v data:/trap -- true || :
	expect_eq "$(ls "$T/outside")" theirs
	ln -sfn /etc "$R/trap2"
	capture rt run --store "$T/store" -v fresh:/trap2/file/.. -b "$B" "$ID" -- true
	[ "$RC" != 0 ] || fail "'..' was taken"
}

# The copy that exec and restarts go by would say something else.
test_run_flags__words_that_are_not_utf_8_are_refused() {
	only_crun_lite
	mkdir "$T/"$'src\xff'
	ln -s $'src\xff' "$T/link"
	refused 'env: A=.* is not UTF-8' -e $'A=\xffb'
	refused 'source: .*/src.* is not UTF-8' -v "$T/link:/mnt"
	run_fails 'args: .* is not UTF-8' run -b "$B" "$ID" -- echo $'\xc3'
	printf 'A=\xe9\n' >"$T/env"
	refused 'env: A=.* is not UTF-8' --env-file "$T/env"
	flags -e 'A=größe €' -- sh -c 'echo "$A"'
	expect_eq "$OUT" 'größe €'
}

# ---- volumes -----------------------------------------------------------------------------------------

test_run_flags__a_volume_stays_and_begins_with_what_the_image_has_there() {
	only_crun_lite
	own_rootfs
	mkdir -p "$R/vol/sub"
	echo "image's" >"$R/vol/sub/file"
	ln -s /etc/passwd "$R/vol/link"
	mkfifo "$R/vol/fifo"
	mknod "$R/vol/null" c 1 3
	chown 1000:2000 "$R/vol" "$R/vol/sub/file"
	chmod 757 "$R/vol"
	touch -d 2001-01-01 "$R/vol/sub/file"
	flags -v data:/vol -- sh -c 'cat /vol/sub/file; ls /vol; stat -c "%a %u:%g" /vol /vol/sub/file; readlink /vol/link'
	expect_eq "$OUT" $'image\'s\nfifo\nlink\nsub\n757 1000:2000\n644 1000:2000\n/etc/passwd'
	expect_eq "$(date -r "$(data data)/sub/file" +%Y)" 2001
	expect_eq "$(stat -c %a "$T/store" "$T/store/volumes")" $'700\n700'
	# From now on it is its own.
	chown 0:0 "$(data data)/sub"
	flags -v data:/vol -- sh -c 'rm -rf /vol/sub; echo mine >/vol/new'
	flags -v data:/elsewhere -- sh -c 'ls /elsewhere; cat /elsewhere/new'
	expect_eq "$OUT" $'fifo\nlink\nnew\nmine'
	expect_file "$R/vol/sub/file"
	flags -v empty:/vol:nocopy -- ls /vol
	expect_eq "$OUT" ''
	# It is still empty: the next one that asks for it is given what the image has.
	flags -v empty:/vol:ro -- cat /vol/sub/file
	expect_eq "$OUT" "image's"
}

test_run_flags__volumes_are_made_listed_and_removed() {
	only_crun_lite
	volume ls -q
	expect_eq "$OUT" ''
	expect_no_file "$T/store"
	volume create one
	expect_eq "$OUT" one
	volume create
	expect_match '^[0-9a-f]{16}$'
	local other=$OUT
	volume ls -q
	expect_eq "$(sort <<<"$OUT")" "$(printf '%s\n' one "$other" | sort)"
	volume ls
	expect_match 'NAME +CREATED +CONTAINERS +PATH'
	expect_match "one +20[0-9-]+T[0-9:.]+Z +0 +$T/store/volumes/one/data"
	volume ls --json
	expect_eq "$(jq -c '.[] | select(.name == "one") | [.empty, .containers, .mountpoint]' <<<"$OUT")" "[true,[],\"$T/store/volumes/one/data\"]"
	volume inspect one "$other"
	expect_eq "$(jq length <<<"$OUT")" 2
	run_fails 'volume create: make the volume one: file exists' volume --store "$T/store" create one
	run_fails 'no name of a volume' volume --store "$T/store" create ../one
	run_fails 'there is no volume none' volume --store "$T/store" inspect none
	run_fails 'there is no volume none' volume --store "$T/store" rm none
	volume rm --force none
	touch "$(data one)/file"
	volume prune
	expect_eq "$OUT" "$other"
	volume prune --all
	expect_eq "$OUT" one
	run_fails 'volume ls has no flag --force' volume --store "$T/store" ls --force
	run_fails 'unknown command list' volume list
	expect_eq "$(ls -A "$T/store/volumes")" lock
}

test_run_flags__a_volume_that_a_container_has_is_not_removed() {
	only_crun_lite
	run_ok create --store "$T/store" -v one:/mnt -v two:/opt -b "$B" "$ID"
	run_fails "remove the volume one.*container $ID has it" volume --store "$T/store" rm one
	volume prune --all
	expect_eq "$OUT" ''
	volume ls --json
	expect_eq "$(jq -c '[.[].containers]' <<<"$OUT")" "[[\"$ID\"],[\"$ID\"]]"
	run_ok start "$ID"
	until_true has_status stopped
	run_fails 'delete that first' volume --store "$T/store" rm one
	volume rm --force one
	deleted
	volume rm two
	# One in the foreground, whatever its --root.
	args sh -c 'touch /mnt/up; sleep 1000'
	"$RUNTIME" --root "$T/other" $RUNTIME_FLAGS run --store "$T/store" -v three:/mnt -b "$B" "$ID" &
	local p=$!
	until_true test -e "$(data three)/up"
	run_fails 'remove the volume three' volume --store "$T/store" rm --force three
	"$RUNTIME" --root "$T/other" $RUNTIME_FLAGS kill "$ID" KILL
	wait $p || :
	volume rm three
}

# A bundle cannot say what belongs to others; its container has what the flags say, and so have its restarts.
test_run_flags__a_bundle_has_no_volumes_by_its_own_word() {
	only_crun_lite
	volume create db
	volume create data
	config '.annotations["org.crun-lite.volumes"] = "db,data"'
	args sleep 1000
	run_ok create -b "$B" "$ID"
	expect_eq "$(jq -c '.annotations["org.crun-lite.volumes"]' "$ROOT/$ID/state.json" "$ROOT/$ID/config.json")" $'null\nnull'
	volume rm db
	deleted
	run_ok create --store "$T/store" -v mine:/mnt -b "$B" "$ID"
	expect_eq "$(jq -r '.annotations["org.crun-lite.volumes"]' "$ROOT/$ID/state.json" "$ROOT/$ID/config.json")" $'mine\nmine'
	volume rm data
	run_fails 'has it' volume --store "$T/store" rm mine
	deleted
	args false
	run_ok run -d --restart=on-failure:1 --store "$T/store" -v mine:/mnt -b "$B" "$ID"
	until_true restarted
	expect_eq "$(jq -r '.annotations["org.crun-lite.volumes"]' "$ROOT/$ID/state.json" "$ROOT/$ID/config.json")" $'mine\nmine'
	deleted
}
restarted() { [ "$(rt inspect "$ID" | jq -r '.[0].state.restarts')" = 1 ]; }

# It looked for containers before, and had the volume alone after.
test_run_flags__a_volume_that_a_container_gets_meanwhile_is_not_removed() {
	only_crun_lite
	command -v strace >/dev/null || skip "there is no strace"
	local p
	flags -v one:/mnt -- touch /mnt/mine
	ASAN_OPTIONS=detect_leaks=0 strace -qq -o "$T/trace" -e trace=flock -e inject=flock:delay_enter=1500000:when=2 \
		"$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS volume --store "$T/store" rm one >"$T/rm" 2>&1 &
	p=$!
	until_true grep -q flock "$T/trace"
	pause
	run_ok create --store "$T/store" -v one:/mnt -b "$B" "$ID"
	kill -0 $p 2>/dev/null || skip "this machine is too slow to see it"
	! wait $p || fail "it was removed"
	grep -q 'remove the volume one: device or resource busy' "$T/rm" || fail "$(<"$T/rm")"
	expect_file "$(data one)/mine"
	deleted
}

is_restarting() { [ "$(rt inspect "$ID" | jq -r '.[0].state.restarting')" = true ]; }
test_run_flags__a_volume_between_two_starts_is_not_removed() {
	only_crun_lite
	args false
	run_ok run -d --restart=always --store "$T/store" -v one:/mnt -b "$B" "$ID"
	until_true is_restarting
	run_fails "remove the volume one.*container $ID has it" volume --store "$T/store" rm --force one
	deleted
	volume rm one
}

test_run_flags__many_at_once_fill_a_new_volume_once() {
	only_crun_lite
	own_rootfs
	config 'del(.linux.cgroupsPath)'
	local i pids=()
	for i in $(seq 200); do echo "$i" >"$R/vol/$i"; done
	for i in 1 2 3 4 5 6; do
		rt run --store "$T/store" -v data:/vol -v other:/opt -b "$B" "$ID-$i" -- sh -c 'ls /vol | wc -l; cat /vol/* | sort -n | tail -n1' >"$T/out.$i" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || fail "$(cat "$T"/out.*)"; done
	for i in 1 2 3 4 5 6; do expect_eq "$(<"$T/out.$i")" $'200\n200'; done
}

test_run_flags__a_start_that_fails_leaves_a_new_volume_empty() {
	only_crun_lite
	own_rootfs
	echo "image's" >"$R/vol/file"
	run_fails 'mount tmpfs on /opt' run --store "$T/store" -v data:/vol --tmpfs /opt:size=none -b "$B" "$ID"
	expect_eq "$(ls "$(data data)")" ''
	# Of one that was killed.
	touch "$(data data)/half"
	flags -v data:/vol -- ls /vol
	expect_eq "$OUT" file
	expect_eq "$(ls "$T/store/volumes/data")" $'created\ndata'
}

# The hook is the other container that writes, at the worst moment.
test_run_flags__what_a_container_has_had_is_never_emptied() {
	only_crun_lite
	own_rootfs
	echo "image's" >"$R/vol/file"
	flags -v data:/opt -- true
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo mine >\($to); exit 1"]}]' --arg to "$(data data)/db"
	run_fails 'hook' run --store "$T/store" -v data:/vol -b "$B" "$ID"
	expect_eq "$(<"$(data data)/db")" mine
	rm -r "$(data data)"/*
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo mine >\($to); kill -9 $PPID"]}]' --arg to "$(data data)/db"
	capture rt run --store "$T/store" -v data:/vol -b "$B" "$ID"
	expect_eq "$(<"$(data data)/db")" mine
	rt delete --force "$ID" || :
	config 'del(.hooks)'
	flags -v data:/vol -- cat /vol/db
	expect_eq "$OUT" mine
	# A new one is as new as before.
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "kill -9 $PPID"]}]'
	capture rt run --store "$T/store" -v other:/vol -b "$B" "$ID"
	rt delete --force "$ID" || :
	touch "$(data other)/half"
	config 'del(.hooks)'
	flags -v other:/vol -v other:/opt -- ls /vol /opt
	expect_eq "$OUT" $'/opt:\nfile\n\n/vol:\nfile'
}

is_stopped() { is_gone "$1" || grep -q '^State:.[Tt]' "/proc/$1/status"; }

test_run_flags__who_fills_a_volume_ends_with_its_parent() {
	only_crun_lite
	[ -e "/proc/$$/task/$$/children" ] || skip "this kernel does not list a process's children (CONFIG_PROC_CHILDREN)"
	own_rootfs
	local i p init n=0 dir=$T/store/volumes/data
	(cd "$R/vol" && seq 1500 | xargs touch)
	# Stopped half way; one that was done already is tried again.
	for i in $(seq 20); do
		rt_exec run --store "$T/store" -v "data$i:/vol" -b "$B" "$ID-$i" -- true &
		p=$! init=
		# Without a fork, which may take longer than the copy.
		until compgen -G "$dir$i/data/*" >/dev/null || ! [ -e "/proc/$p/exe" ]; do :; done
		read -r init _ 2>/dev/null <"/proc/$p/task/$p/children" || :
		[ -z "$init" ] || ! kill -STOP "$init" 2>/dev/null || until_true is_stopped "$init"
		kill -9 $p 2>/dev/null || :
		wait $p 2>/dev/null || :
		n=$(ls "$(data "data$i")" | wc -l)
		[ -z "$init" ] || kill -CONT "$init" 2>/dev/null || :
		[ -z "$init" ] || until_true is_gone "$init"
		expect_eq "$(ls "$(data "data$i")" | wc -l)" "$n"
		rt delete --force "$ID-$i" 2>/dev/null || :
		[ "$n" = 1500 ] || return 0
	done
	skip "each copy was done before it could be stopped"
}

# An image whose program is busybox, with layers: the lower ones and the upper one are what is copied.
flags_image() {
	image <<P
layout('img', [[D('bin'), E('bin/busybox', open('$(command -v busybox)', 'rb').read(), mode=0o755), L('bin/sh', 'busybox'), L('bin/cat', 'busybox'),
    L('bin/ls', 'busybox'), D('data'), E('data/below', 'below'), E('data/gone', 'x')], [E('data/above', 'above'), E('data/.wh.gone', '')]],
    config={'Cmd': ['/bin/sh'], 'Volumes': {'/data': {}}})
P
}

test_run_flags__a_volume_begins_with_all_layers_of_an_image() {
	flags_image
	run_ok run -q --store "$STORE" -v data:/data "$T/img" -- /bin/sh -c 'ls /data; cat /data/above; echo new >/data/new'
	expect_eq "$OUT" $'above\nbelow\nabove'
	run_ok run -q --store "$STORE" -v data:/data:ro "$T/img" -- /bin/ls /data
	expect_eq "$OUT" $'above\nbelow\nnew'
	# Without a flag its volume is for the container alone.
	run_ok run -q --store "$STORE" "$T/img" -- /bin/ls /data
	expect_eq "$OUT" $'above\nbelow'
}

test_run_flags__a_volume_in_a_user_namespace_is_its_roots() {
	only_crun_lite
	own_rootfs
	echo "image's" >"$R/vol/file"
	chown -hR 100000:100000 "$R"
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}]
		| .linux.gidMappings = .linux.uidMappings'
	flags -v data:/vol -- sh -c 'cat /vol/file; echo new >/vol/new; stat -c %u:%g /vol /vol/new'
	expect_eq "$OUT" $'image\'s\n0:0\n0:0'
	expect_eq "$(stat -c %u:%g "$(data data)" "$(data data)/new")" $'100000:100000\n100000:100000'
}

test_run_flags__the_place_of_volumes_is_its_owners_alone() {
	only_crun_lite
	mkdir -m 755 "$T/open"
	run_fails 'keep volumes in .*: operation not permitted.*0700' run --store "$T/open" -v data:/mnt -b "$B" "$ID"
	run_fails 'an absolute path is expected' run --store open -v data:/mnt -b "$B" "$ID"
	# A link to the place is no trouble.
	mkdir -m 700 "$T/real"
	ln -s real "$T/link"
	run_ok run --store "$T/link" -v data:/mnt -b "$B" "$ID"
	expect_file "$T/real/volumes/data/data"
	mkdir -m 700 "$T/linked"
	ln -s /tmp "$T/linked/volumes"
	run_fails 'open .*/volumes' run --store "$T/linked" -v data:/mnt -b "$B" "$ID"
}

test_run_flags__plan_shows_what_they_do_and_makes_nothing() {
	only_crun_lite
	run_ok plan --host v2 --store "$T/store" -e X=1 -v data:/vol "$B"
	expect_match 'bind source=.*/volumes/data/data on=/vol .*how=copy-up,recursive'
	expect_match 'X=1'
	expect_no_file "$T/store"
}

# ---- who it is, and what it may do -------------------------------------------------------------------

# caps: "bounding effective permitted inheritable ambient", of OUT's /proc/self/status
caps() { for s in Bnd Eff Prm Inh Amb; do sed -n "s/^Cap$s:[[:space:]]*0*\([0-9a-f]\)/\1/p" <<<"$OUT"; done | paste -sd' '; }

test_run_flags__user_is_a_name_of_the_roots_own_files() {
	only_crun_lite
	flags -u user -- id
	expect_eq "$OUT" 'uid=1000(user) gid=1000(user) groups=2000(extra)'
	flags -u user:extra --group-add 29 --group-add extra -- sh -c 'id -u; id -g; id -G'
	expect_eq "$OUT" $'1000\n2000\n2000 29'
	flags -u 1000 -- sh -c 'id -G; echo $HOME'
	expect_eq "$OUT" $'1000 2000\n/home/user'
	flags -u 5:6 -- sh -c 'id -u; id -G'
	expect_eq "$OUT" $'5\n6'
	flags -u 7 -- sh -c 'id -u; id -g'
	expect_eq "$OUT" $'7\n0'
	refused 'nobody-there is not in its etc/passwd.*numbers need none' -u nobody-there
	refused '--group-add none: .*is not in its etc/group' --group-add none
	refused 'USER\[:GROUP\] is expected' -u ''
	refused 'a number that no user has' -u 4294967296
	refused 'a group is expected' --group-add a:b
}

# The host's files are not the container's, whatever links an image has.
test_run_flags__user_follows_no_link_out_of_the_root() {
	only_crun_lite
	own_rootfs
	local name=outside-$RUN
	mkdir "$T/outside"
	echo "$name:x:4242:4242::/:/bin/sh" >"$T/outside/passwd"
	ln -sfn "$T/outside/passwd" "$R/etc/passwd"
	refused 'is not in its etc/passwd' -u "$name"
	mv "$R/etc" "$R/etc.real"
	ln -s "$T/outside" "$R/etc"
	refused 'is not in its etc/passwd' -u "$name"
	rm "$R/etc"
	ln -s ../../../../../../etc.real "$R/etc"
	rm "$R/etc.real/passwd"
	ln -s ../../../../../etc.real/theirs "$R/etc.real/passwd"
	echo "$name:x:77:78::/:/bin/sh" >"$R/etc.real/theirs"
	flags -u "$name" -- id -u
	expect_eq "$OUT" 77
	rm "$R/etc.real/passwd"
	mkfifo "$R/etc.real/passwd"
	refused "etc/passwd is no file" -u "$name"
	rm "$R/etc.real/passwd"
	truncate -s 2M "$R/etc.real/passwd"
	refused "etc/passwd is too large" -u "$name"
}

test_run_flags__user_of_an_image_is_looked_up_in_its_layers() {
	flags_image_users
	run_ok run -q --store "$STORE" -u www "$T/img" -- /bin/sh -c 'id -u; id -g'
	expect_eq "$OUT" $'33\n34'
	run_fails 'gone is not in its etc/passwd' run -q --store "$STORE" -u gone "$T/img"
	# What is kept of an earlier run lies above.
	mkdir "$T/kept"
	run_ok run -q --store "$STORE" --keep-upper "$T/kept" "$T/img" -- /bin/sh -c 'echo late:x:55:56::/:/bin/sh >>/etc/passwd'
	run_ok run -q --store "$STORE" --keep-upper "$T/kept" -u late "$T/img" -- /bin/sh -c 'id -u'
	expect_eq "$OUT" 55
}

flags_image_users() {
	image <<P
layout('img', [[D('bin'), E('bin/busybox', open('$(command -v busybox)', 'rb').read(), mode=0o755), L('bin/sh', 'busybox'), L('bin/id', 'busybox'), D('etc'), D('proc'),
    E('etc/passwd', 'gone:x:1:1::/:\n')], [E('etc/passwd', 'root:x:0:0::/:\nwww:x:33:34::/:\n')]], config={'Cmd': ['/bin/sh']})
P
}

test_run_flags__capabilities_are_dropped_and_added() {
	only_crun_lite
	flags --cap-drop ALL -- cat /proc/self/status
	expect_eq "$(caps)" '0 0 0 0 0'
	flags --cap-drop all --cap-add net_raw --cap-add CAP_KILL -- cat /proc/self/status
	expect_eq "$(caps)" '2020 2020 2020 0 0'
	flags --cap-drop KILL -- cat /proc/self/status
	expect_eq "$(caps)" '20000400 20000400 20000400 0 0'
	flags --cap-add ALL --cap-drop SYS_ADMIN -- cat /proc/self/status
	expect_match 'CapEff:.*dfffff'
	# Of who is not root only what was added by name, and that survives execve(2).
	flags -u 1000:1000 -- cat /proc/self/status
	expect_eq "$(caps)" '20000420 0 0 0 0'
	flags -u 1000:1000 --cap-add NET_RAW --security-opt no-new-privileges -- cat /proc/self/status
	expect_eq "$(caps)" '20002420 2000 2000 2000 2000'
	refused 'a capability or ALL is expected' --cap-add NET_SPEED
	refused '--cap-add and --cap-drop of CAP_KILL' --cap-add KILL --cap-drop cap_kill
	refused '--cap-add ALL and --cap-drop ALL' --cap-add ALL --cap-drop ALL
	refused 'flag --privileged.*one by one' --privileged
}

# What exec takes from the configuration is what the container runs with.
test_run_flags__exec_has_the_rights_that_flags_left() {
	only_crun_lite
	config '.process.noNewPrivileges = false'
	run_ok run -d -e X=1 --cap-drop ALL -u user --umask 027 --ulimit nofile=100:200 --security-opt no-new-privileges -b "$B" "$ID" -- sleep 1000
	run_ok exec "$ID" cat /proc/self/status
	expect_eq "$(caps)" '0 0 0 0 0'
	expect_match 'NoNewPrivs:[[:space:]]*1'
	expect_match 'Uid:[[:space:]]*1000'
	run_ok exec "$ID" sh -c 'echo "$X $(id -G) $(ulimit -n) $(umask)"'
	expect_eq "$OUT" '1 1000 2000 100 0027'
	deleted
	run_ok run -d --cap-add SYS_TIME -b "$B" "$ID" -- sleep 1000
	run_ok exec "$ID" cat /proc/self/status
	expect_eq "$(caps)" '22000420 22000420 22000420 0 0'
	deleted
}

test_run_flags__security_options_are_podmans() {
	only_crun_lite
	config '.process.noNewPrivileges = true | .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW"}'
	flags --security-opt no-new-privileges=false --security-opt seccomp=unconfined -- cat /proc/self/status
	expect_match 'NoNewPrivs:[[:space:]]*0'
	expect_match 'Seccomp:[[:space:]]*0'
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5}]}' >"$T/profile"
	capture rt run --security-opt "seccomp=$T/profile" --tmpfs /mnt -b "$B" "$ID" -- mkdir /mnt/x
	expect_rc 1
	expect_in 'nput/output error' "$ERR"
	# It is exec's profile, too.
	run_ok run -d --security-opt "seccomp=$T/profile" --tmpfs /mnt -b "$B" "$ID" -- sleep 1000
	capture rt exec "$ID" mkdir /mnt/x
	expect_in 'nput/output error' "$ERR"
	deleted
	flags --security-opt unmask=/proc/acpi:/proc/s* -- sh -c 'cat /proc/self/mountinfo'
	expect_not_in ' /proc/acpi ' "$OUT"
	expect_not_in ' /proc/sysrq-trigger ' "$OUT"
	expect_in ' /proc/keys '
	flags --security-opt systempaths=unconfined -- cat /proc/self/mountinfo
	expect_not_in ' /proc/keys '
	own_rootfs
	echo secret >"$R/etc/secret"
	flags --security-opt mask=/etc/secret -- cat /etc/secret
	expect_eq "$OUT" ''
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_SYS_ADMIN"]}}]}' >"$T/docker"
	refused 'has conditions' --security-opt "seccomp=$T/docker"
	echo '{"defaultAction": "SCMP_ACT_MAYBE"}' >"$T/bad"
	refused 'SCMP_ACT_MAYBE' --security-opt "seccomp=$T/bad"
	echo '{"defaultAction": ' >"$T/bad"
	refused "the text ends too early.*bad:1:19|the text ends too early.*$T/bad" --security-opt "seccomp=$T/bad"
	refused 'open the seccomp profile' --security-opt "seccomp=$T/none"
	refused 'is expected' --security-opt proc-opts=hidepid=2
	refused 'no-new-privileges\[=true\|false\]' --security-opt no-new-privileges=maybe
}

test_run_flags__limits_names_and_numbers() {
	only_crun_lite
	flags --hostname web9 --domainname nis --ulimit nofile=100:200 --ulimit core=0 --oom-score-adj 200 --umask 0077 --sysctl kernel.msgmax=1234 -- \
		sh -c 'hostname; cat /proc/sys/kernel/domainname /proc/self/oom_score_adj /proc/sys/kernel/msgmax; umask; ulimit -n; ulimit -Hn; ulimit -c'
	expect_eq "$OUT" $'web9\nnis\n200\n1234\n0077\n100\n200\n0'
	refused 'the name of a limit' --ulimit files=1
	refused 'not above the hard one' --ulimit nofile=2:1
	refused '-1000 to 1000' --oom-score-adj 2000
	refused '000 to 777' --umask 999
	refused 'NAME=VALUE' --sysctl net
	refused 'kernel.panic' --sysctl kernel.panic=1
	refused 'a list of numbers' --cpuset-cpus most
	config 'del(.linux.namespaces[] | select(.type == "uts"))|del(.hostname)'
	refused 'no uts namespace' --hostname x
}

test_run_flags__cpusets_are_limits() {
	only_crun_lite
	if [ -n "$V2" ]; then
		grep -qw cpuset /sys/fs/cgroup/cgroup.controllers || skip "no cpuset controller"
	else
		[ -d /sys/fs/cgroup/cpuset ] || skip "no cpuset hierarchy"
	fi
	flags --cpuset-cpus 0 --cpuset-mems 0 -- grep _allowed_list /proc/self/status
	expect_match 'Cpus_allowed_list:[[:space:]]*0'
}

test_run_flags__a_read_only_root_has_places_to_write_to() {
	only_crun_lite
	own_rootfs
	capture rt run --read-only -b "$B" "$ID" -- sh -c 'touch /run/a /tmp/b /var/tmp/c && stat -c %a /tmp && touch /etc/x'
	expect_rc 1
	expect_eq "$OUT" 1777
	expect_in 'ead-only file system' "$ERR"
	expect_no_file "$R/tmp/b"
	capture rt run --read-only --read-only-tmpfs=false -b "$B" "$ID" -- touch /tmp/b
	expect_rc 1
	expect_in 'ead-only file system' "$ERR"
	mkdir "$T/mine"
	flags --read-only -v "$T/mine:/tmp" -- touch /tmp/b
	expect_file "$T/mine/b"
}

test_run_flags__shm_has_the_size() {
	only_crun_lite
	flags --shm-size 2m -- df -k /dev/shm
	expect_match '[^0-9]2048 '
	config 'del(.mounts[] | select(.destination == "/dev/shm"))'
	flags --shm-size 3m -- df -k /dev/shm
	expect_match '[^0-9]3072 '
	refused 'a size is expected' --shm-size big
}

test_run_flags__init_is_process_1() {
	only_crun_lite
	flags --init -- sh -c 'echo $$; cat /proc/1/cmdline | tr "\0" " "'
	expect_match '^2'
	expect_in crun-lite-init
	capture rt run --init -b "$B" "$ID" -- sh -c 'kill -TERM $$'
	expect_rc 143
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	refused '--init: the container has no pid namespace' --init
}

test_run_flags__a_device_is_there_and_allowed_and_no_more() {
	only_crun_lite
	[ -c /dev/fuse ] || skip "there is no /dev/fuse"
	config '.linux.resources.devices = [{"allow": false, "access": "rwm"}]'
	flags --device /dev/null:/dev/nothing -- sh -c 'echo x >/dev/nothing && stat -c "%t:%T %a" /dev/nothing'
	expect_eq "$OUT" '1:3 666'
	# Without the flag the group allows it not, with "r" it may be read only.
	capture rt run --device /dev/fuse:/dev/fuse2:r -b "$B" "$ID" -- sh -c ': </dev/fuse2 && echo read; : >/dev/fuse2'
	expect_eq "$OUT" read
	expect_in 'peration not permitted' "$ERR"
	refused '--device /dev/none: look at /dev/none: no such file' --device /dev/none
	refused 'a device is expected' --device /etc/passwd
	refused 'and not a directory' --device /dev
	refused 'HOST' --device /dev/null:/dev/x:q
}

test_run_flags__entrypoint_and_names() {
	only_crun_lite
	args /bin/echo from config.json
	flags --entrypoint '["sh", "-c"]' -- 'echo $0 $1' a b
	expect_eq "$OUT" 'a b'
	flags --entrypoint hostname
	expect_eq "$OUT" box
	refused 'nothing to run' --entrypoint ''
	refused 'a JSON array of strings' --entrypoint '[1]'
	run_ok run -d --keep --name "$ID" "$B/" -- sleep 1000
	expect_eq "$(status "$ID")" running
	run_fails 'exist' run --id "$ID" "$B/"
	deleted
	run_ok run --name "$ID" -b "$B"
	run_fails "two IDs are given: a and $ID" run --name a -b "$B" "$ID"
	run_fails 'an argument is missing' run
	run_ok run --rm "$B/"
	run_fails '--rm and --keep are given' run --rm --keep "$B/"
	run_fails '--rm and --detach are given' run --rm -d "$B/"
	run_fails 'flag --label.*--annotation' run --label a=b "$B/"
	run_fails 'flag --stop-signal' run --stop-signal=INT "$B/"
	run_fails 'did you mean --cap-add' run --cap-ad x "$B/"
}
