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
	tree "$T/l" >"$T/before"
}

layers_unchanged() { tree "$T/l" | cmp - "$T/before" || fail "a layer was changed"; }

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

test_overlay__in_a_user_namespace_of_root_it_is_refused_by_name() {
	only_crun_lite
	layers
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":1000}] | .linux.gidMappings = .linux.uidMappings'
	run_fails "layers in a user namespace.*not supported" run -b "$B" "$ID"
	expect_eq "$(ls -A "$ROOT")" ""
}
