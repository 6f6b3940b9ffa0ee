# A root of layers: the annotations org.crun-lite.layers, upper and scratch.
# shellcheck shell=bash

# layers: $T/l/base (all of the root file system), middle, top
layers() {
	mkdir -p "$T/l"/{middle,top}
	cp -a "$ROOTFS" "$T/l/base"
	mkdir "$T/l/middle/etc"
	echo middle >"$T/l/middle/etc/file"
	echo middle >"$T/l/middle/gone"
	echo top >"$T/l/top/new"
	mknod "$T/l/top/gone" c 0 0
	chmod 751 "$T/l/top"
	chown 0:8 "$T/l/top"
	config '.annotations = {"org.crun-lite.layers": $l} | .root = {"path": "nowhere"}' --arg l "$T/l/top:$T/l/middle:../l/base"
	tree "$T/l/" >"$T/before"
}

layers_unchanged() { tree "$T/l/" | cmp - "$T/before" || fail "a layer was changed"; }

annotate() { config '.annotations[$k] = $v' --arg k "org.crun-lite.$1" --arg v "$2"; }

test_overlay__upper_layers_hide_lower_ones() {
	only_crun_lite
	layers
	in_container 'cat /etc/file /new; [ ! -e /gone ] && echo gone; stat -c "%a %u:%g" /; echo x >/etc/file; rm /new; ls /new 2>&1; cat /etc/file'
	expect_eq "$OUT" $'middle\ntop\ngone\n751 0:8\nls: /new: No such file or directory\nx'
	layers_unchanged
	expect_eq "$(ls -A "$ROOT")" "" "what is left in the state"
}

test_overlay__what_is_written_goes_with_the_container() {
	only_crun_lite
	layers
	running 'echo mine >/mine; ln -s /etc/file /link; mkdir -p /a/b; chmod 0 /a; sleep 100'
	until_true test -d "$ROOT/$ID/overlay/upper/a"
	expect_eq "$(<"$ROOT/$ID/overlay/upper/mine")" mine
	expect_eq "$(stat -c %a "$ROOT/$ID/overlay")" 700
	deleted
	expect_no_file "$ROOT/$ID"
	layers_unchanged
}

test_overlay__a_bundle_is_for_many_containers_at_once() {
	only_crun_lite
	layers
	container_config 'echo $$ >/mine; cat /mine; sleep 100'
	for i in 1 2 3; do config ".linux.cgroupsPath = \"/$ID-$i\"" && run_ok create -b "$B" "$ID-$i" && run_ok start "$ID-$i"; done
	for i in 1 2 3; do until_true file_has 1 "$ROOT/$ID-$i/overlay/upper/mine"; deleted "$ID-$i"; done
	layers_unchanged
}

test_overlay__a_scratch_directory_holds_a_directory_and_notes_the_layers() {
	only_crun_lite
	layers
	mkdir "$T/scratch"
	annotate scratch "$T/scratch"
	running 'echo mine >/mine; sleep 100'
	until_true eval "cat $T/scratch/*/upper/mine"
	expect_eq "$(cat "$T/scratch/$ID".*/layers)" "boot $(</proc/sys/kernel/random/boot_id)"$'\n'"$T/l/top"$'\n'"$T/l/middle"$'\n'"$B/../l/base"
	deleted
	expect_eq "$(ls -A "$T/scratch")" "" "the scratch directory"
}

test_overlay__an_upper_directory_is_kept() {
	only_crun_lite
	layers
	annotate upper "$T/kept"
	in_container 'echo first >/mine'
	in_container 'cat /mine; echo second >/mine'
	expect_eq "$OUT" first
	expect_eq "$(<"$T/kept/upper/mine")" second
}

test_overlay__an_upper_tmpfs_has_a_size() {
	only_crun_lite
	layers
	annotate upper tmpfs:1m
	in_container 'stat -c "%a %u:%g" /; dd if=/dev/zero of=/big bs=64k count=32 2>&1; stat -c %s /big' '.root.readonly = false'
	expect_in "751 0:8"
	expect_in "No space left on device"
	expect_eq "$(ls -A "$ROOT")" ""
	layers_unchanged
}

test_overlay__none_to_write_to() {
	only_crun_lite
	layers
	annotate upper none
	in_container 'cat /new; echo x >/x 2>/dev/null || echo read-only'
	expect_eq "$OUT" $'top\nread-only'
}

test_overlay__one_layer_and_none_to_write_to() {
	only_crun_lite
	layers
	annotate layers "$T/l/base"
	annotate upper none
	run_fails 'one layer.*no overlay.*root.readonly' run -b "$B" "$ID"
}

test_overlay__hundreds_of_layers() {
	only_crun_lite
	layers
	local i list=
	for i in $(seq 200); do mkdir "$T/l/$i"; echo $i >"$T/l/$i/number"; echo $i >"$T/l/$i/n$i"; list=$T/l/$i:$list; done
	annotate layers "$list$T/l/base"
	capture rt run -b "$B" "$ID"
	[[ $ERR != *"Linux 6.7"* ]] || skip "this kernel takes no more than a page of names"
	in_container 'cat /number /n7 | tr "\n" " "; ls -d /n[0-9]* | wc -l'
	expect_eq "$OUT" "200 7 200"
}

test_overlay__names_with_a_colon() {
	only_crun_lite
	layers
	mkdir "$T/l/a:b,c\\d"
	echo odd >"$T/l/a:b,c\\d/odd"
	annotate layers "$T/l/a\\:b,c\\\\d:$T/l/base"
	in_container 'cat /odd'
	expect_eq "$OUT" odd
}

test_overlay__hooks_see_the_root_where_the_config_says() {
	only_crun_lite
	layers
	mkdir "$B/nowhere"
	printf '#!/bin/sh\ncat "$1" >"$2"\n' >"$T/hook"
	chmod 755 "$T/hook"
	in_container true '.hooks = {"createContainer": [{"path": $h, "args": ["hook", $f, $o]}]}' --arg h "$T/hook" --arg f "$B/nowhere/new" --arg o "$T/seen"
	expect_eq "$(<"$T/seen")" top
}

test_overlay__a_layer_that_is_gone() {
	only_crun_lite
	layers
	annotate layers "$T/l/top:$T/l/gone:$T/l/base"
	run_fails "(option lowerdir\+=$T/l/gone|create): no such file.*unpack" run -b "$B" "$ID"
	annotate layers "$T/l/gone:$T/l/base"
	run_fails "open the layer $T/l/gone: no such file" run -b "$B" "$ID"
	expect_eq "$(ls -A "$ROOT")" ""
}

test_overlay__deep_directories_are_removed() {
	only_crun_lite
	layers
	in_container 'p=$(printf %0900d 0 | sed "s/0/d\//g"); mkdir -p "/$p"; [ -d "/$p" ] && echo deep'
	expect_eq "$OUT" deep
	expect_eq "$(ls -A "$ROOT")" ""
}

test_overlay__a_link_in_the_upper_directory_is_not_followed_when_it_is_removed() {
	only_crun_lite
	layers
	mkdir "$T/victim"
	echo victim >"$T/victim/file"
	in_container "ln -s $T/victim /link; mkdir /d; ln -s $T/victim/file /d/file"
	expect_eq "$(<"$T/victim/file")" victim
}

test_overlay__joined_by_exec() {
	only_crun_lite
	layers
	running 'echo mine >/mine; sleep 100'
	until_true test -e "$ROOT/$ID/overlay/upper/mine"
	run_ok exec "$ID" /bin/cat /mine /new
	expect_eq "$OUT" $'mine\ntop'
	deleted
}

# ---- in user namespaces of root's ------------------------------------------------------------------

# mapped_layers [FIRST]: layers, in a user namespace that maps 0-999 to FIRST and on; a file of user 5 in the lowest
mapped_layers() {
	only_crun_lite
	layers_that_can_be_mapped
	layers
	echo five >"$T/l/base/five"
	chown 5:6 "$T/l/base/five"
	cp "$T/l/base/bin/true" "$T/l/base/bin/rooted"
	chmod 4755 "$T/l/base/bin/rooted"
	tree "$T/l/" >"$T/before"
	map_user "${1:-100000}"
	# As engines give to root.
	config '.process.capabilities |= map_values(["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_MKNOD"])'
}

# tmpfs can since Linux 6.3: before, they lie elsewhere
layers_that_can_be_mapped() {
	local d
	[ "$(stat -f -c %T "$T")" = tmpfs ] && [ "$(printf '%s\n' 6.3 "$(uname -r)" | sort -V | head -n1)" != 6.3 ] || return 0
	d=$(mktemp -d /var/tmp/crun-lite-layers.XXXXXX)
	echo "$d" >>"$T.elsewhere"
	[ "$(stat -f -c %T "$d")" != tmpfs ] || skip "no file system here can map owners"
	ln -s "$d" "$T/l"
}

map_user() {
	config 'del(.linux.namespaces[] | select(.type == "user")) | .linux.namespaces += [{"type":"user"}]
		| .linux.uidMappings = [{"containerID":0,"hostID":$f,"size":1000}] | .linux.gidMappings = .linux.uidMappings' --argjson f "$1"
}

test_overlay__in_a_user_namespace_the_layers_owners_are_mapped() {
	mapped_layers
	in_container 'stat -c "%n %a %u:%g" / /five /new /etc/file /bin/rooted; cat /etc/file; [ ! -e /gone ] && echo gone'
	expect_eq "$OUT" $'/ 751 0:8\n/five 644 5:6\n/new 644 0:0\n/etc/file 644 0:0\n/bin/rooted 4755 0:0\nmiddle\ngone'
	layers_unchanged
	expect_eq "$(ls -A "$ROOT")" "" "what is left in the state"
}

test_overlay__in_a_user_namespace_it_is_written_to() {
	mapped_layers
	running 'echo more >>/five; chown 7:7 /new; rm /etc/file; mkdir /d; echo mine >/d/mine; mv /bin/rooted /moved; echo done >/done; sleep 100'
	until_true test -e "$ROOT/$ID/overlay/upper/done"
	local u=$ROOT/$ID/overlay/upper
	expect_eq "$(stat -c '%u:%g %a' "$u/five" "$u/new" "$u/d/mine" "$u" "$u/moved")" \
		$'100005:100006 644\n100007:100007 644\n100000:100000 644\n100000:100008 751\n100000:100000 4755'
	expect_eq "$(<"$u/five")" $'five\nmore'
	expect_eq "$(stat -c %F "$u/etc/file")" "character special file"
	run_ok exec "$ID" /bin/cat /d/mine
	expect_eq "$OUT" mine
	deleted
	layers_unchanged
	expect_eq "$(ls -A "$ROOT")" ""
}

test_overlay__in_two_user_namespaces_at_once() {
	mapped_layers
	running 'stat -c %u:%g /five >/seen; sleep 100'
	until_true file_has 5:6 "$ROOT/$ID/overlay/upper/seen"
	expect_eq "$(stat -c %u "$ROOT/$ID/overlay/upper/seen")" 100000
	map_user 200000
	args /bin/sh -c 'stat -c %u:%g /five; cat /proc/self/uid_map'
	config ".linux.cgroupsPath = \"/$ID-2\""
	run_ok run -b "$B" "$ID-2"
	expect_match $'^5:6\n *0 +200000 +1000$'
	deleted
	layers_unchanged
}

test_overlay__in_a_user_namespace_with_the_other_uppers() {
	mapped_layers
	annotate upper tmpfs:1m
	in_container 'stat -c "%a %u:%g" /; echo x >>/five; stat -c %u:%g /five; dd if=/dev/zero of=/big bs=64k count=32 2>&1; :' '.root.readonly = false'
	expect_match $'^751 0:8\n5:6\n'
	expect_in "No space left on device"
	annotate upper none
	in_container 'cat /new; echo x >/x 2>/dev/null || echo read-only'
	expect_eq "$OUT" $'top\nread-only'
	annotate upper "$T/kept"
	in_container 'echo first >/mine; chown 9:9 /mine'
	in_container 'cat /mine; stat -c %u:%g /mine /'
	expect_eq "$OUT" $'first\n9:9\n0:8'
	expect_eq "$(stat -c %u "$T/kept/upper/mine")" 100009
	annotate root 700:5:5
	annotate upper tmpfs
	in_container 'stat -c "%a %u:%g" /'
	expect_eq "$OUT" "700 5:5"
	layers_unchanged
	expect_eq "$(ls -A "$ROOT")" ""
}

test_overlay__in_a_user_namespace_an_owner_that_is_not_mapped_is_nobody() {
	mapped_layers
	chown 5000:5000 "$T/l/middle/etc/file"
	in_container 'stat -c %u:%g /etc/file; echo x >/etc/file; :' 2>/dev/null
	expect_match $'^65534:65534'
	expect_eq "$(<"$T/l/middle/etc/file")" middle
}

test_overlay__in_a_user_namespace_with_hundreds_of_layers() {
	mapped_layers
	local i list=
	for i in $(seq 200); do mkdir "$T/l/$i"; echo $i >"$T/l/$i/number"; echo $i >"$T/l/$i/n$i"; list=$T/l/$i:$list; done
	annotate layers "$list$T/l/base"
	in_container 'cat /number /n7 | tr "\n" " "; ls -d /n[0-9]* | wc -l'
	expect_eq "$OUT" "200 7 200"
}

test_overlay__in_a_user_namespace_that_is_joined() {
	mapped_layers
	namespaces user
	printf '0 300000 1000\n' >"/proc/$NS/uid_map"
	printf '0 300000 1000\n' >"/proc/$NS/gid_map"
	config 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces = [.linux.namespaces[] | select(.type != "user")] + [{"type":"user","path":$p}]' \
		--arg p "/proc/$NS/ns/user"
	in_container 'stat -c "%a %u:%g" / /five; echo x >>/five; cat /proc/self/uid_map'
	expect_match $'^751 0:8\n644 5:6\n *0 +300000 +1000$'
	layers_unchanged
	end_helper "$NSHOLD"
}

test_overlay__in_a_user_namespace_hooks_see_the_root() {
	mapped_layers
	mkdir "$B/nowhere"
	printf '#!/bin/sh\ncat "$1" >"$2"\n' >"$T/hook"
	chmod 755 "$T/hook"
	chmod 755 "$T"
	in_container true '.hooks = {"createContainer": [{"path": $h, "args": ["hook", $f, $o]}]}' --arg h "$T/hook" --arg f "$B/nowhere/new" --arg o "/dev/null"
}

test_overlay__in_a_user_namespace_nothing_stays_mounted() {
	mapped_layers
	wc -l </proc/self/mountinfo >"$T/mounts"
	running 'sleep 100'
	wc -l </proc/self/mountinfo | cmp - "$T/mounts" || fail "mounts on the host"
	grep -q overlay "/proc/$(pid_of)/mountinfo" || fail "no overlay in the container"
	expect_not_in "tmpfs / " "$(cut -d' ' -f5,9- "/proc/$(pid_of)/mountinfo")"
	deleted
}

test_overlay__in_a_user_namespace_a_layer_that_is_gone() {
	mapped_layers
	annotate layers "$T/l/top:$T/l/gone:$T/l/base"
	run_fails "open the layer $T/l/gone: no such file.*unpack" run -b "$B" "$ID"
	expect_eq "$(ls -A "$ROOT")" ""
}

test_overlay__in_a_user_namespace_on_a_file_system_that_cannot_map_owners() {
	mapped_layers
	mkdir "$T/u" "$T/w" "$T/m"
	mount -t overlay -o "lowerdir=$T/l/base,upperdir=$T/u,workdir=$T/w" overlay "$T/m" || skip "no overlay on this file system"
	annotate layers "$T/l/top:$T/m"
	run_fails "map the owners of $T/m: invalid argument.*cannot map ids on overlay.*chown-copy" run -b "$B" "$ID"
	expect_eq "$(ls -A "$ROOT")" ""
	umount "$T/m"
}

test_overlay__in_a_user_namespace_owners_that_are_the_hosts_already() {
	mapped_layers
	chown -hR 100000:100000 "$T/l/"
	chown 100005:100006 "$T/l/base/five"
	tree "$T/l/" >"$T/before"
	annotate owners shifted
	in_container 'stat -c "%n %u:%g" / /five /new; echo x >/new; cat /new'
	expect_eq "$OUT" $'/ 0:0\n/five 5:6\n/new 0:0\nx'
	layers_unchanged
}
