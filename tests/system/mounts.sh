# Mounts, devices, masked and read-only paths, the root: F002, F003, F030-F048, F064, F065, F076-F078.
# shellcheck shell=bash

# mounted OPTIONS-JSON: a tmpfs on /mnt with them; its mountinfo in OUT.
mounted() {
	config '.mounts += [{"destination":"/mnt","type":"tmpfs","source":"x","options":$o}] | .process.args = ["inspect","mounts"]' \
		--argjson o "$1"
	run_ok run -b "$B" "$ID"
	OUT=${OUT//mount: /}
	config 'del(.mounts[-1])'
}

# bound SOURCE OPTIONS-JSON: the same for a bind mount.
bound() {
	config '.mounts += [{"destination":"/mnt","source":$s,"options":$o}] | .process.args = ["inspect","mounts"]' \
		--arg s "$1" --argjson o "$2"
	run_ok run -b "$B" "$ID"
	OUT=${OUT//mount: /}
	config 'del(.mounts[-1])'
}

test_mounts__those_of_the_config_are_there_in_order_F030_F047() {
	args inspect mounts
	run_ok run -b "$B" "$ID"
	OUT=${OUT//mount: /}
	mount_has /proc nosuid nodev noexec proc
	mount_has /dev nosuid tmpfs
	mount_has /dev/pts nosuid noexec devpts
	mount_has /dev/shm nosuid nodev noexec
	mount_has /dev/mqueue mqueue
	mount_has /sys ro sysfs nosuid nodev noexec
	mount_has / ro
	# Nothing of the host is left.
	expect_not_in "$T"
	expect_eq "$(awk '$5 == "/" {n++} END {print n}' <<<"$OUT")" 1 "mounts on /"
}

test_mounts__a_later_mount_covers_an_earlier_one_F030() {
	config '.mounts += [
		{"destination":"/mnt","type":"tmpfs","source":"a","options":["size=1m"]},
		{"destination":"/mnt/b","type":"tmpfs","source":"b"},
		{"destination":"/mnt","type":"tmpfs","source":"c","options":["size=2m"]}]'
	in_container 'ls -A /mnt; inspect mounts'
	OUT=${OUT//mount: /}
	expect_match '^[0-9]+ '        # ls printed nothing
	mount_has /mnt c size=2048k
}

test_mounts__flags_of_a_new_file_system_F034() {
	mounted '["ro"]';           mount_has /mnt ro
	mounted '["nosuid","nodev","noexec"]'; mount_has /mnt rw nosuid nodev noexec
	mounted '["noatime"]';      mount_has /mnt noatime; mount_has_not /mnt relatime
	mounted '["nodiratime"]';   mount_has /mnt nodiratime
	mounted '["strictatime"]';  mount_has_not /mnt relatime noatime
	mounted '["relatime"]';     mount_has /mnt relatime
}

test_mounts__defaults_is_an_option_too_F034() {
	only_crun_lite          # runc 1.1 passes it on as data
	mounted '["defaults"]'
	mount_has /mnt rw
}

test_mounts__of_opposite_flags_the_last_wins_F034() {
	mounted '["ro","rw"]';          mount_has /mnt rw
	mounted '["rw","ro"]';          mount_has /mnt ro
	mounted '["nosuid","suid"]';    mount_has_not /mnt nosuid
	mounted '["noexec","exec","nodev","dev"]'; mount_has_not /mnt noexec nodev
	mounted '["noatime","atime"]';  mount_has_not /mnt noatime
}

test_mounts__flags_of_the_superblock_F034() {
	mounted '["sync"]';     mount_has /mnt sync
	mounted '["sync","async"]'; mount_has_not /mnt sync
	mounted '["dirsync"]';  mount_has /mnt dirsync
}

test_mounts__the_six_that_others_forget_F035() {
	mounted '["lazytime"]';     mount_has /mnt lazytime
	mounted '["lazytime","nolazytime"]'; mount_has_not /mnt lazytime
	mounted '["silent"]'
	mounted '["loud"]'
	mounted '["iversion"]'
	mounted '["noiversion"]'
}

test_mounts__mand_is_accepted_F036() {
	mounted '["mand"]'
	mounted '["nomand"]'
}

test_mounts__nosymfollow_F037() {
	only_crun_lite          # runc 1.2
	mounted '["nosymfollow"]'
	mount_has /mnt nosymfollow
	mounted '["nosymfollow","symfollow"]'
	mount_has_not /mnt nosymfollow
}

test_mounts__data_goes_to_the_file_system_F042() {
	mounted '["size=123k","mode=0700","uid=5","gid=6","nr_inodes=50"]'
	mount_has /mnt size=124k mode=700 uid=5 gid=6 nr_inodes=50
}

test_mounts__an_option_that_the_file_system_refuses_is_an_error_with_its_place_F042() {
	config '.mounts += [{"destination":"/mnt","type":"tmpfs","source":"x","options":["nonsense=1"]}]'
	run_fails '/mnt' run -b "$B" "$ID"
	[ -z "$CRUN_LITE" ] || { expect_in /mounts/6 "$ERR"; expect_in nonsense "$ERR"; }
}

test_mounts__an_unknown_file_system_is_an_error_F033() {
	config '.mounts += [{"destination":"/mnt","type":"nonsensefs","source":"x"}]'
	run_fails '/mnt.*(no such device|nonsensefs)|nonsensefs' run -b "$B" "$ID"
}

test_mounts__proc_with_options_F042() {
	config '.mounts[0].options += ["hidepid=2"]'
	in_container 'inspect mounts'
	OUT=${OUT//mount: /}
	mount_has /proc proc
	expect_match 'hidepid=(2|invisible)'
}

test_mounts__several_file_systems_by_type_F033() {
	config '.mounts += [
		{"destination":"/mnt/ramfs","type":"ramfs","source":"r"},
		{"destination":"/mnt/tmpfs","type":"tmpfs","source":"t"}]
		| .mounts = [.mounts[0:6][], {"destination":"/mnt","type":"tmpfs","source":"x"}, .mounts[6:][]]'
	in_container 'inspect mounts'
	OUT=${OUT//mount: /}
	mount_has /mnt/ramfs ramfs
	mount_has /mnt/tmpfs tmpfs
}

test_mounts__an_overlay_F033() {
	mkdir "$T"/{lower,lower2,upper,work}
	echo low >"$T/lower/a"
	echo low2 >"$T/lower2/b"
	config '.mounts += [{"destination":"/mnt","type":"overlay","source":"overlay",
		"options":["lowerdir=\($t)/lower:\($t)/lower2","upperdir=\($t)/upper","workdir=\($t)/work"]}]' --arg t "$T"
	in_container 'cat /mnt/a /mnt/b; echo up > /mnt/c'
	expect_eq "$OUT" $'low\nlow2'
	expect_eq "$(<"$T/upper/c")" up
	chmod -R u+rwx "$T/work"
}

test_mounts__an_overlay_with_a_very_long_lowerdir_F033() {
	local i l=
	mkdir "$T"/{upper,work}
	for i in 1 2 3 4 5 6 7 8; do
		mkdir "$T/a-rather-long-name-of-a-layer-$i"
		echo $i >"$T/a-rather-long-name-of-a-layer-$i/f$i"
		l=$l:$T/a-rather-long-name-of-a-layer-$i
	done
	[ ${#l} -gt 260 ] || fail "not long enough to mean something"
	config '.mounts += [{"destination":"/mnt","type":"overlay","source":"overlay",
		"options":["lowerdir=\($l)","upperdir=\($t)/upper","workdir=\($t)/work"]}]' --arg t "$T" --arg l "${l#:}"
	in_container 'cat /mnt/*'
	expect_eq "$(xargs <<<"$OUT")" "1 2 3 4 5 6 7 8"
	chmod -R u+rwx "$T/work"
}

test_mounts__a_bind_of_a_directory_F032() {
	mkdir "$T/src"
	echo here >"$T/src/f"
	config '.mounts += [{"destination":"/mnt","type":"bind","source":$s,"options":["rbind","rw"]}]' --arg s "$T/src"
	in_container 'cat /mnt/f; echo back > /mnt/g'
	expect_eq "$OUT" here
	expect_eq "$(<"$T/src/g")" back
}

test_mounts__the_options_make_a_bind_not_the_type_F032() {
	mkdir "$T/src"
	local t
	for t in '"type":"none",' '"type":"tmpfs",' ''; do
		echo "$t" >"$T/src/f"
		config '.mounts = .mounts[0:6] + [{"destination":"/mnt",'"$t"'"source":$s,"options":["bind"]}]' --arg s "$T/src"
		in_container 'cat /mnt/f'
		expect_eq "$OUT" "$t"
	done
}

test_mounts__a_relative_source_is_of_the_bundle_F032() {
	mkdir "$B/data"
	echo rel >"$B/data/f"
	config '.mounts += [{"destination":"/mnt","source":"data","options":["bind"]}]'
	cd /
	in_container 'cat /mnt/f'
	expect_eq "$OUT" rel
}

test_mounts__a_source_through_a_symlink_of_the_host_F032_V23() {
	mkdir "$T/real"
	echo real >"$T/real/f"
	ln -s real "$T/link"
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["bind"]}]' --arg s "$T/link"
	in_container 'cat /mnt/f'
	expect_eq "$OUT" real
}

test_mounts__a_missing_source_is_an_error_that_names_it_F032() {
	config '.mounts += [{"destination":"/mnt","source":"/none/at/all","options":["bind"]}]'
	run_fails '/none/at/all.*no such file or directory|no such file or directory.*/none/at/all' run -b "$B" "$ID"
}

test_mounts__flags_of_a_bind_F034() {
	mkdir "$T/src"
	bound "$T/src" '["bind","ro"]';       mount_has /mnt ro
	bound "$T/src" '["bind","nosuid","nodev","noexec"]'; mount_has /mnt rw nosuid nodev noexec
	bound "$T/src" '["bind","noatime"]';  mount_has /mnt noatime
	bound "$T/src" '["rbind","ro","nosuid"]';     mount_has /mnt ro nosuid
	bound "$T/src" '["bind"]';            mount_has /mnt rw
}

test_mounts__a_read_only_bind_is_read_only_F034() {
	mkdir "$T/src"
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["bind","ro"]}]' --arg s "$T/src"
	in_container 'touch /mnt/x 2>&1 || echo refused'
	expect_in 'Read-only file system'
	expect_in refused
	expect_no_file "$T/src/x"
}

test_mounts__a_bind_keeps_the_flags_of_its_source_F034() {
	mkdir "$T/src"
	mount -t tmpfs -o nosuid,nodev,noexec x "$T/src"
	bound "$T/src" '["bind"]'
	mount_has /mnt nosuid nodev noexec
	[ -z "$CRUN_LITE" ] || { # runc clears what is not named
		bound "$T/src" '["bind","ro"]'
		mount_has /mnt ro nosuid nodev noexec
	}
	umount "$T/src"
}

# nested: a bind source with a mount below, in $T/src/sub
nested() {
	mkdir "$T/src"
	mount -t tmpfs outer "$T/src"
	mkdir "$T/src/sub"
	mount -t tmpfs inner "$T/src/sub"
	echo inner >"$T/src/sub/f"
}

test_mounts__bind_leaves_out_what_is_mounted_below_and_rbind_takes_it_F034() {
	nested
	bound "$T/src" '["bind"]'
	expect_not_in ' /mnt/sub '
	bound "$T/src" '["rbind"]'
	expect_in ' /mnt/sub '
	umount -R "$T/src"
}

test_mounts__ro_is_for_the_top_only_and_rro_for_all_F038() {
	nested
	bound "$T/src" '["rbind","ro"]'
	mount_has /mnt ro
	mount_has /mnt/sub rw
	[ -n "$CRUN_LITE" ] || { umount -R "$T/src"; return 0; }      # runc 1.1 has no rro with rbind alone
	bound "$T/src" '["rbind","rro"]'
	mount_has /mnt ro
	mount_has /mnt/sub ro
	umount -R "$T/src"
}

test_mounts__recursive_attributes_F038() {
	nested
	bound "$T/src" '["rbind","rnosuid","rnodev","rnoexec","rnoatime"]'
	mount_has /mnt nosuid nodev noexec noatime
	mount_has /mnt/sub nosuid nodev noexec noatime
	bound "$T/src" '["rbind","rro"]'
	mount_has /mnt/sub ro
	bound "$T/src" '["rbind","rro","rrw"]'
	mount_has /mnt/sub rw
	bound "$T/src" '["rbind","rnodiratime"]'
	mount_has /mnt/sub nodiratime
	bound "$T/src" '["rbind","rstrictatime"]'
	mount_has_not /mnt/sub relatime
	umount -R "$T/src"
}

test_mounts__recursive_attributes_can_clear_what_the_source_had_F038() {
	nested
	mount -o remount,bind,nosuid,noexec,nodev,ro "$T/src/sub"
	bound "$T/src" '["rbind","rsuid","rexec","rdev","rrw"]'
	mount_has /mnt/sub rw
	mount_has_not /mnt/sub nosuid noexec nodev
	umount -R "$T/src"
}

test_mounts__rnosymfollow_F039() {
	only_crun_lite
	nested
	bound "$T/src" '["rbind","rnosymfollow"]'
	mount_has /mnt nosymfollow
	mount_has /mnt/sub nosymfollow
	umount -R "$T/src"
}

test_mounts__propagation_F043() {
	mkdir "$T/src"
	mounted '["private"]';    mount_line /mnt; expect_not_in 'shared:' "$LINE"
	mounted '["shared"]';     mount_line /mnt; expect_in 'shared:' "$LINE"
	mounted '["rshared"]';    mount_line /mnt; expect_in 'shared:' "$LINE"
	mounted '["unbindable"]'; mount_line /mnt; expect_in 'unbindable' "$LINE"
	bound "$T/src" '["rbind","rprivate"]'; mount_line /mnt; expect_not_in 'master:' "$LINE"; expect_not_in 'shared:' "$LINE"
	bound "$T/src" '["rbind"]'; mount_line /mnt; expect_not_in 'shared:' "$LINE"
}

test_mounts__a_slave_sees_what_the_host_mounts_later_and_not_the_other_way_F043() {
	mkdir "$T/src"
	mount -t tmpfs x "$T/src"
	mount --make-shared "$T/src"
	mkdir "$T/src/sub" "$T/src/own"
	container_config 'mkdir -p /mnt/own; echo ready >/mnt/ready; while ! grep -q " /mnt/sub " /proc/self/mountinfo; do usleep 2000; done; echo seen' \
		'.mounts += [{"destination":"/mnt","source":$s,"options":["rbind","rslave"]}] | .linux.rootfsPropagation = "slave"' --arg s "$T/src"
	created
	run_ok start "$ID"
	mount -t tmpfs later "$T/src/sub"
	until_true has_status stopped
	deleted
	umount "$T/src/sub"
	umount "$T/src"
}

test_mounts__a_shared_mount_passes_what_the_container_mounts_to_the_host_F043() {
	mkdir "$T/src"
	mount -t tmpfs x "$T/src"
	mount --make-shared "$T/src"
	mkdir "$T/src/sub"
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["rbind","rshared"]}] | .linux.rootfsPropagation = "shared"
		| .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])' --arg s "$T/src"
	in_container 'mount -t tmpfs inside /mnt/sub && echo mounted'
	expect_eq "$OUT" mounted
	grep -q " $T/src/sub " /proc/self/mountinfo || fail "the host does not see it"
	umount "$T/src/sub"
	umount "$T/src"
}

# The peers are the container's own, not the host's: else its mounts would be on the host too.
test_mounts__what_is_shared_in_the_container_is_not_with_the_host_F043_F076() {
	only_crun_lite
	own_rootfs
	local d
	mkdir "$T/src"
	for d in "$T/src" "$R/vol"; do
		mount -t tmpfs x "$d"
		mount --make-shared "$d"
		mkdir "$d/sub"
	done
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["rbind","rshared"]}]
		| .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])' --arg s "$T/src"
	in_container 'for d in /mnt /vol; do mount -t tmpfs inside $d/sub && echo mounted; done'
	expect_eq "$OUT" $'mounted\nmounted'
	! grep -e " $T/src/sub " -e " $R/vol/sub " /proc/self/mountinfo || fail "the host sees a mount of the container"
	umount "$T/src" "$R/vol"
}

test_mounts__tmpcopyup_F040() {
	own_rootfs
	mkdir -p "$R/data/dir"
	echo one >"$R/data/a"
	echo two >"$R/data/dir/b"
	ln -s a "$R/data/link"
	chmod 644 "$R/data/a"
	chown 3:4 "$R/data/a"
	chmod ${CRUN_LITE:+2}755 "$R/data/dir"    # runc loses the setgid bit
	config '.mounts += [{"destination":"/data","type":"tmpfs","source":"t","options":["tmpcopyup"]}]'
	in_container 'cat /data/a /data/dir/b /data/link; stat -c "%a %u:%g" /data/a; stat -c %a /data/dir; readlink /data/link; echo new > /data/new; inspect mounts'
	expect_match "^one"$'\n'"two"$'\n'"one"$'\n'"644 3:4"$'\n'"${CRUN_LITE:+2}755"$'\n'"a"$'\n'
	OUT=${OUT//mount: /}
	mount_has /data tmpfs
	expect_eq "$(<"$R/data/a")" one
	expect_no_file "$R/data/new"
}

test_mounts__tmpcopyup_takes_everything_with_it_F040() {
	only_crun_lite
	local there
	own_rootfs
	mkdir -p "$R/data/sticky"
	chmod 1777 "$R/data/sticky"
	touch -d '2001-01-01 UTC' "$R/data/sticky"
	mkfifo -m 640 "$R/data/fifo"
	mknod "$R/data/null" c 1 3
	# More than the tmpfs holds, were it not a hole.
	truncate -s 100M "$R/data/sparse"
	echo tail >>"$R/data/sparse"
	cp "$R/bin/true" "$R/data/setuid"
	chown 7:8 "$R/data/setuid"
	chmod 6755 "$R/data/setuid"
	touch -d '2002-02-02 UTC' "$R/data/setuid"
	python3 -c 'import os, struct, sys; os.setxattr(sys.argv[1], "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0))' \
		"$R/data/setuid"
	ln -s /nowhere "$R/data/link"
	chown -h 9:10 "$R/data/link"
	chown 5:6 "$R/data"
	chmod 2750 "$R/data"
	args sleep 100
	config '.mounts += [{"destination":"/data","type":"tmpfs","source":"t","options":["tmpcopyup","size=20m"]}]'
	created
	there=/proc/$(pid_of)/root/data
	expect_eq "$(stat -c '%a %u:%g' "$there")" "2750 5:6"
	expect_eq "$(cd "$there"; stat -c '%n %A %u:%g %s %t:%T' -- *)" "$(cd "$R/data"; stat -c '%n %A %u:%g %s %t:%T' -- * | sed -E 's/^(sticky.* )[0-9]+ /\140 /')"
	expect_eq "$(cd "$there"; stat -c '%n %Y' sticky setuid)" "$(cd "$R/data"; stat -c '%n %Y' sticky setuid)"
	cmp "$there/sparse" "$R/data/sparse"
	expect_eq "$(stat -c %b "$there/sparse")" 8
	expect_eq "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "security.capability").hex())' "$there/setuid")" \
		0100000200200000000000000000000000000000
	deleted
}

test_mounts__tmpcopyup_and_options_of_its_own_F040() {
	only_crun_lite
	own_rootfs
	mkdir "$R/data"
	echo one >"$R/data/a"
	chown 5:6 "$R/data"
	config '.mounts += [{"destination":"/data","type":"tmpfs","source":"t","options":["tmpcopyup","uid=7","gid=8","mode=711","ro"]},
		{"destination":"/not/there","type":"tmpfs","source":"t","options":["tmpcopyup"]}]'
	in_container 'stat -c "%a %u:%g" /data; cat /data/a; ls -A /not/there; inspect mounts'
	expect_match "^711 7:8"$'\n'"one"$'\n'
	OUT=${OUT//mount: /}
	mount_has /data ro
	mount_has /not/there tmpfs
	dd if=/dev/urandom of="$R/data/big" bs=1M count=2 status=none
	config '.mounts[6].options = ["tmpcopyup","size=1m"]'
	run_fails 'mount tmpfs on /data: copy what the target holds: no space left on device' run -b "$B" "$ID"
}

test_mounts__a_bind_of_a_file_over_a_file_F044() {
	echo mine >"$T/f"
	config '.mounts += [{"destination":"/etc/file","source":$s,"options":["bind","ro"]}]' --arg s "$T/f"
	in_container 'cat /etc/file'
	expect_eq "$OUT" mine
	expect_eq "$(<"$ROOTFS/etc/file")" original
}

test_mounts__missing_destinations_are_made_F044() {
	own_rootfs
	mkdir "$T/dir"
	echo file >"$T/file"
	python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/socket"
	config '.mounts += [
		{"destination":"/new/deep/dir","source":($t + "/dir"),"options":["bind"]},
		{"destination":"/new/deep/file","source":($t + "/file"),"options":["bind"]},
		{"destination":"/new/socket","source":($t + "/socket"),"options":["bind"]},
		{"destination":"/new/tmpfs","type":"tmpfs","source":"x"}]' --arg t "$T"
	in_container 'cat /new/deep/file; [ -d /new/deep/dir ] && [ -S /new/socket ] && [ -d /new/tmpfs ] && echo all'
	expect_eq "$OUT" $'file\nall'
	expect_file "$R/new/deep/file"
}

test_mounts__a_directory_over_a_file_says_not_a_directory_C206() {
	mkdir "$T/dir"
	config '.mounts += [{"destination":"/etc/file","source":$s,"options":["bind"]}]' --arg s "$T/dir"
	run_fails 'not a directory' run -b "$B" "$ID"
	expect_in "not a directory" "$ERR$(tr A-Z a-z <<<"$ERR")"
	[ -z "$CRUN_LITE" ] || expect_in "not a directory" "$ERR"
}

test_mounts__destinations_through_symlinks_stay_inside_F044() {
	own_rootfs
	mkdir "$R/real" "$T/src"
	echo src >"$T/src/f"
	ln -s real "$R/rel"
	ln -s /real "$R/abs"
	ln -s ../../../../real "$R/up"
	local d
	for d in /rel /abs /up; do
		config '.mounts = .mounts[0:6] + [{"destination":$d,"source":$s,"options":["bind"]}]' --arg s "$T/src" --arg d "$d"
		in_container "cat /real/f"
		expect_eq "$OUT" src "$d"
	done
}

test_mounts__a_dangling_symlink_as_destination_is_made_inside_F044() {
	own_rootfs
	mkdir "$T/src"
	echo src >"$T/src/f"
	ln -s /nowhere/yet "$R/dangling"
	config '.mounts += [{"destination":"/dangling","source":$s,"options":["bind"]}]' --arg s "$T/src"
	in_container 'cat /nowhere/yet/f'
	expect_eq "$OUT" src
	expect_no_file /nowhere
}

test_mounts__a_destination_with_dots_stays_inside_F044() {
	own_rootfs
	config '.mounts += [{"destination":"/../../mnt/../mnt/./x","type":"tmpfs","source":"t"}]'
	in_container 'inspect mounts'
	OUT=${OUT//mount: /}
	mount_has /mnt/x tmpfs
}

test_mounts__a_relative_destination_starts_at_the_root_F031() {
	own_rootfs
	config '.mounts += [{"destination":"mnt/x","type":"tmpfs","source":"t"}]'
	in_container 'inspect mounts'
	OUT=${OUT//mount: /}
	mount_has /mnt/x tmpfs
}

test_mounts__a_read_only_root_gets_its_destinations_all_the_same_F003() {
	own_rootfs
	config '.root.readonly = true | .mounts += [{"destination":"/made","type":"tmpfs","source":"t"}]'
	in_container 'inspect mounts; touch /x 2>&1; touch /made/x && echo writable'
	expect_in 'Read-only file system'
	expect_in writable
	OUT=${OUT//mount: /}
	mount_has / ro
}

test_mounts__a_writable_root_is_writable_F003() {
	own_rootfs
	in_container 'echo x > /x'
	expect_eq "$(<"$R/x")" x
}

test_mounts__a_root_path_absolute_or_relative_to_the_bundle_F002() {
	own_rootfs
	in_container 'echo 1'
	config '.root.path = $r' --arg r "$R"
	in_container 'echo 2'
	config '.root.path = "./rootfs/"'
	in_container 'echo 3'
	config '.root.path = "../bundle/rootfs"'
	in_container 'echo 4'
	expect_eq "$OUT" 4
}

test_mounts__a_root_that_is_a_mount_point_with_mounts_below() {
	mkdir "$T/root"
	mount --bind "$ROOTFS" "$T/root"
	mount -t tmpfs below "$T/root/opt"
	echo below >"$T/root/opt/f"
	config '.root.path = $r' --arg r "$T/root"
	in_container 'cat /opt/f'
	expect_eq "$OUT" below
	umount "$T/root/opt"
	umount "$T/root"
}

test_mounts__no_pivot_C023() {
	args sh -c 'ls /; inspect mounts'
	run_ok run --no-pivot -b "$B" "$ID"
	expect_line proc
	mount_line /proc "${OUT//mount: /}"
	expect_not_in "$B"
}

# A chroot can be left where something is above it: nothing is, where hooks want the root to be elsewhere neither.
test_mounts__no_pivot_leaves_no_way_out_C023() {
	own_rootfs
	cp "$HELPERS/unchroot" "$R/bin"
	echo canary >"$T/canary"
	local hooks
	for hooks in '{}' '{"createRuntime":[{"path":"/bin/true"}]}'; do
		config '.process.capabilities |= map_values(. + ["CAP_SYS_CHROOT"]) | .process.args = ["unchroot",$c] | .hooks = $h' --arg c "$T/canary" --argjson h "$hooks"
		run_ok run --no-pivot -b "$B" "$ID"
		expect_eq "$OUT" in "$hooks"
		rmdir "$R/below"
	done
}

# Of a path that is there all the same nothing would be hidden.
test_mounts__a_path_that_cannot_be_masked_is_an_error_F077_F078() {
	only_crun_lite
	own_rootfs
	ln -s loop "$R/loop"
	config '.linux.maskedPaths = ["/loop"]'
	run_fails '/loop: .*too many' run -b "$B" "$ID"
	expect_in "(/linux/maskedPaths/0)" "$ERR"
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = ["/loop"]'
	run_fails '/loop.*too many' run -b "$B" "$ID"
}

test_mounts__default_devices_F065() {
	in_container 'for d in null zero full random urandom tty; do stat -c "%n %F %t:%T %a %u:%g" /dev/$d; done'
	expect_line "/dev/null character special file 1:3 666 0:0"
	expect_line "/dev/zero character special file 1:5 666 0:0"
	expect_line "/dev/full character special file 1:7 666 0:0"
	expect_line "/dev/random character special file 1:8 666 0:0"
	expect_line "/dev/urandom character special file 1:9 666 0:0"
	expect_line "/dev/tty character special file 5:0 666 0:0"
}

test_mounts__default_devices_work_F065() {
	in_container 'echo x > /dev/null; head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c; echo x > /dev/full 2>&1 || echo full'
	expect_line 3
	expect_line full
}

test_mounts__default_links_F046() {
	in_container 'for l in fd stdin stdout stderr ptmx; do echo $l $(readlink /dev/$l); done; echo x | cat /dev/stdin'
	expect_line "fd /proc/self/fd"
	expect_line "stdin /proc/self/fd/0"
	expect_line "stdout /proc/self/fd/1"
	expect_line "stderr /proc/self/fd/2"
	expect_match 'ptmx (/dev/)?pts/ptmx'
	expect_line x
}

test_mounts__a_new_pty_can_be_made_F046() {
	in_container 'exec 3<>/dev/ptmx && ls /dev/pts'
	expect_line 0
	expect_line ptmx
}

test_mounts__devices_of_the_config_F064() {
	config '.linux.devices = [
		{"path":"/dev/mynull","type":"c","major":1,"minor":3,"fileMode":438,"uid":7,"gid":8},
		{"path":"/dev/sub/dir/myblock","type":"b","major":7,"minor":200,"fileMode":384},
		{"path":"/dev/fifo","type":"p","fileMode":420},
		{"path":"/dev/unbuffered","type":"u","major":1,"minor":5}]'
	in_container 'for d in mynull sub/dir/myblock fifo unbuffered; do stat -c "%n %F %t:%T %a %u:%g" /dev/$d; done'
	expect_line "/dev/mynull character special file 1:3 666 7:8"
	expect_line "/dev/sub/dir/myblock block special file 7:c8 600 0:0"
	expect_line "/dev/fifo fifo 0:0 644 0:0"
	expect_match '/dev/unbuffered character special file 1:5 '
}

test_mounts__a_device_outside_dev_F064() {
	own_rootfs
	config '.linux.devices = [{"path":"/opt/null","type":"c","major":1,"minor":3,"fileMode":438}]'
	in_container 'stat -c "%F %t:%T" /opt/null'
	expect_eq "$OUT" "character special file 1:3"
}

test_mounts__a_device_that_is_there_already_is_kept_and_a_wrong_one_is_refused_F064() {
	only_crun_lite
	own_rootfs
	mknod "$R/opt/null" c 1 3
	config '.linux.devices = [{"path":"/opt/null","type":"c","major":1,"minor":3}]'
	in_container 'stat -c "%F %t:%T" /opt/null'
	expect_eq "$OUT" "character special file 1:3"
	local node
	for node in "c 1 5" "c 2 3" "b 1 3" p; do
		rm "$R/opt/null"
		mknod "$R/opt/null" $node
		run_fails '/opt/null' run -b "$B" "$ID"
	done
	rm "$R/opt/null"
	echo file >"$R/opt/null"
	run_fails '/opt/null' run -b "$B" "$ID"
	expect_eq "$(<"$R/opt/null")" file
}

# What was mounted over is no place to make devices in.
test_mounts__devices_are_made_in_the_dev_that_is_seen_F065() {
	local type
	for type in ramfs tmpfs; do
		config '.mounts += [{"destination":"/dev","type":$t,"source":"again","options":["mode=755"]}]' --arg t $type
		in_container 'stat -c "%F %t:%T" /dev/null; readlink /dev/fd'
		expect_eq "$OUT" $'character special file 1:3\n/proc/self/fd' $type
	done
	# The same, where the text of the path does not say so.
	own_rootfs
	config '.mounts[-1].destination = "/vol" | .mounts |= map(select(.destination | startswith("/dev/") | not))'
	rm -rf "$R/dev"
	ln -s vol "$R/dev"
	in_container 'stat -c "%F %t:%T" /dev/null; readlink /dev/fd'
	expect_eq "$OUT" $'character special file 1:3\n/proc/self/fd'
}

test_mounts__a_default_device_can_be_named_too_F064() {
	only_crun_lite          # runc then denies it by the devices cgroup
	config '.linux.devices = [{"path":"/dev/null","type":"c","major":1,"minor":3,"fileMode":438,"uid":0,"gid":0}]'
	in_container 'stat -c "%t:%T" /dev/null'
	expect_eq "$OUT" 1:3
}

test_mounts__the_multiplexer_named_as_a_device_is_the_containers_own_F064_F065() {
	config '.linux.devices = [{"path":"/dev/ptmx","type":"c","major":5,"minor":2,"fileMode":438,"uid":0,"gid":5}]'
	in_container 'readlink /dev/ptmx; exec 3<>/dev/ptmx && ls /dev/pts'
	expect_line pts/ptmx
	expect_line 0
	only_crun_lite          # runc makes the link whatever was asked for
	config '.linux.devices = [{"path":"/dev/ptmx","type":"c","major":1,"minor":3}]'
	run_fails '/dev/ptmx' run -b "$B" "$ID"
}

test_mounts__masked_files_are_empty_and_masked_directories_too_F077() {
	own_rootfs
	mkdir -p "$R/secret/dir"
	echo s >"$R/secret/file"
	echo s >"$R/secret/dir/f"
	config '.linux.maskedPaths = ["/secret/file","/secret/dir","/not/there"]'
	in_container 'cat /secret/file; ls -A /secret/dir; touch /secret/dir/x 2>&1; inspect mounts'
	expect_not_in $'\ns\n'
	OUT=${OUT//mount: /}
	expect_in 'Read-only file system'
	mount_has /secret/dir ro tmpfs
	mount_line /secret/file
	expect_no_file "$R/not"
}

test_mounts__many_masked_directories_share_one_file_system_F077() {
	only_crun_lite
	own_rootfs
	mkdir "$R"/m{1,2,3}
	config '.linux.maskedPaths = ["/m1","/m2","/m3"]'
	in_container 'inspect mounts'
	expect_eq "$(awk '$6 ~ /^\/m[123]$/ {print $4}' <<<"$OUT" | sort -u | wc -l)" 1 "superblocks"
	expect_eq "$(awk '$6 ~ /^\/m[123]$/' <<<"$OUT" | wc -l)" 3 "mounts"
}

test_mounts__the_default_masked_paths_hide_the_kernels_files_F077() {
	in_container 'cat /proc/kcore | wc -c; cat /proc/timer_list 2>/dev/null | wc -c; ls -A /sys/firmware | wc -l'
	expect_eq "$(xargs <<<"$OUT")" "0 0 0"
}

test_mounts__readonly_paths_F078() {
	own_rootfs
	mkdir "$R/fixed"
	echo f >"$R/fixed/f"
	config '.linux.readonlyPaths += ["/fixed","/etc/file","/not/there"]'
	in_container 'touch /fixed/x 2>&1; echo x 2>&1 > /etc/file || :; cat /fixed/f; echo x > /proc/sys/kernel/domainname || :; inspect mounts'
	expect_in 'Read-only file system' "$OUT$ERR"
	OUT=${OUT//mount: /}
	mount_has /fixed ro
	mount_has /etc/file ro
	mount_has /proc/sys ro
	expect_no_file "$R/fixed/x"
	expect_eq "$(<"$R/etc/file")" original
}

test_mounts__readonly_paths_are_so_with_what_is_mounted_below_F078() {
	config '.mounts += [{"destination":"/vol","type":"tmpfs","source":"t"},{"destination":"/vol/below","type":"tmpfs","source":"t"}]
		| .linux.readonlyPaths += ["/vol"]'
	in_container 'for d in /vol /vol/below; do ! touch $d/x 2>/dev/null || echo wrote to $d; done'
	expect_not_in wrote
}

test_mounts__readonly_paths_keep_the_flags_of_what_they_cover_F078() {
	args inspect mounts
	run_ok run -b "$B" "$ID"
	OUT=${OUT//mount: /}
	mount_has /proc/sys ro nosuid nodev noexec
}

test_mounts__the_roots_propagation_F076() {
	args inspect mounts
	local p
	for p in private slave ${CRUN_LITE:+unbindable}; do
		config '.linux.rootfsPropagation = $p' --arg p $p
		run_ok run -b "$B" "$ID"
		OUT=${OUT//mount: /}
		mount_line /
		expect_not_in 'shared:' "$LINE"
		[ $p != unbindable ] || expect_in unbindable "$LINE"
	done
	config '.linux.rootfsPropagation = "shared"'
	run_ok run -b "$B" "$ID"
	OUT=${OUT//mount: /}
	mount_line /
	[ -z "$CRUN_LITE" ] || expect_in 'shared:' "$LINE"      # not in runc when the host's / is private
	config '.linux.rootfsPropagation = "nonsense"'
	run_fails 'rootfsPropagation|propagation' run -b "$B" "$ID"
}

test_mounts__without_a_setting_nothing_of_the_container_reaches_the_host_F076() {
	config 'del(.linux.rootfsPropagation) | .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	in_container 'mount -t tmpfs inside /mnt && echo mounted'
	expect_eq "$OUT" mounted
	! grep -q " inside " /proc/self/mountinfo || fail "the host sees it"
}

test_mounts__cgroup_shows_the_containers_own_F045() {
	config '.mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev","relatime","ro"]}]'
	in_container 'inspect mounts; touch /sys/fs/cgroup/x /sys/fs/cgroup/memory/x 2>/dev/null || echo refused; ls /sys/fs/cgroup'
	OUT=${OUT//mount: /}
	if [ -n "$V2" ]; then
		mount_has /sys/fs/cgroup ro cgroup2 nosuid noexec nodev
		expect_line cgroup.procs
	else
		mount_has /sys/fs/cgroup ${CRUN_LITE:+ro} tmpfs
		mount_has /sys/fs/cgroup/memory ro cgroup nosuid noexec nodev
		mount_has /sys/fs/cgroup/pids ro cgroup
		mount_line /sys/fs/cgroup/memory
		expect_in "/$ID" "$LINE"
	fi
	expect_line refused
}

test_mounts__cgroup_is_the_containers_own_group_F045() {
	config '.mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["rw"]}]
		| .linux.resources.pids.limit = 37'
	in_container 'cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; cat /sys/fs/cgroup/pids/cgroup.procs /sys/fs/cgroup/cgroup.procs 2>/dev/null | head -1'
	expect_match '^37'
	expect_match $'\n1$'
}

test_mounts__cgroup_with_a_cgroup_namespace_F045_F060() {
	[ -e /proc/self/ns/cgroup ] || skip "no cgroup namespaces"
	config '.linux.namespaces = ([.linux.namespaces[] | select(.type != "cgroup")] + [{"type":"cgroup"}])
		| .mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro"]}]'
	in_container 'inspect cgroup; inspect mounts'
	OUT=${OUT//mount: /}
	if [ -n "$V2" ]; then
		expect_in "cgroup: 0::/"$'\n' "$OUT"$'\n'
		mount_has /sys/fs/cgroup cgroup2 ro
	else
		expect_match $'cgroup: [0-9]+:memory:/\n'
		mount_line /sys/fs/cgroup/memory
		expect_match '^[0-9]+ [0-9]+ [0-9:]+ / '"/sys/fs/cgroup/memory" "$LINE"
	fi
}

test_mounts__sysfs_without_a_network_namespace_falls_back_or_works() {
	config 'del(.linux.namespaces[] | select(.type == "network"))'
	in_container 'ls /sys/kernel | head -1; inspect mounts'
	OUT=${OUT//mount: /}
	mount_has /sys ro
}

test_mounts__a_bind_of_the_hosts_sys_works() {
	config '.mounts |= map(if .destination == "/sys" then {"destination":"/sys","source":"/sys","options":["rbind","ro","rprivate"]} else . end)'
	in_container 'inspect mounts'
	OUT=${OUT//mount: /}
	mount_has /sys ro sysfs
}

test_mounts__a_bind_over_the_whole_of_dev_gets_no_devices_made_F065() {
	own_rootfs
	mkdir "$T/dev"
	config '.mounts = [.mounts[0]] + [{"destination":"/dev","source":$d,"options":["bind"]}]' --arg d "$T/dev"
	args true
	capture rt run -b "$B" "$ID"
	# Whatever the runtime does with them, the program runs or it is refused in a sentence.
	[ "$RC" = 0 ] || [ -n "$ERR" ] || fail "neither"
}

test_mounts__a_hundred_mounts_F030() {
	config '.mounts += [{"destination":"/mnt","type":"tmpfs","source":"x"}]
		+ [range(100) | {"destination":"/mnt/\(.)","type":"tmpfs","source":"x\(.)","options":["size=64k"]}]'
	in_container 'inspect mounts'
	expect_eq "$(grep -c ' /mnt/[0-9]' <<<"$OUT")" 100 "mounts"
}

test_mounts__a_path_masked_or_made_read_only_twice_changes_nothing_on_the_host_F077_F078() {
	own_rootfs
	mkdir "$R/dir"
	config '.linux.maskedPaths = ["/etc/file","/etc/file","/dir","/dir","/proc/kcore","/proc/kcore"]
		| .linux.readonlyPaths = ["/etc/group","/etc/group","/etc/file","/dir","/proc/sys","/proc/sys"]'
	in_container 'cat /etc/file; ls -A /dir; inspect mounts'
	expect_not_in original
	OUT=${OUT//mount: /}
	mount_has /etc/group ro
}

test_mounts__no_mount_of_the_container_is_a_peer_of_one_of_the_hosts_F043_F076() {
	mkdir "$T/src"
	echo f >"$T/src/f"
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["rbind"]},{"destination":"/etc/file","source":($s + "/f"),"options":["bind"]},
		{"destination":"/vol","source":$s,"options":["bind","ro"]}]
		| .linux.maskedPaths += ["/etc/passwd","/opt"] | .linux.readonlyPaths += ["/var","/etc/group"]
		| .process.terminal = false' --arg s "$T/src"
	in_container 'inspect mounts'
	expect_not_in 'shared:'
	[ -z "$CRUN_LITE" ] || expect_not_in 'master:'  # runc makes slaves unless told
}

test_mounts__copy_symlink_makes_the_link_again_F048() {
	only_crun_lite
	own_rootfs
	ln -s ../some/where "$T/link"
	echo data >"$T/file"
	config '.mounts += [{"destination":"/new/dir/link","source":"\($t)/link","options":["bind","copy-symlink"]},
		{"destination":"/etc/file","source":"\($t)/file","options":["bind","copy-symlink"]}]' --arg t "$T"
	in_container 'readlink /new/dir/link; cat /etc/file'
	expect_eq "$OUT" "../some/where"$'\n'"data"
	# The same link is there already now; another one, or something else, is not covered.
	run_ok run -b "$B" "$ID"
	ln -sfn other "$T/link"
	run_fails 'bind .*/link on /new/dir/link: something else is there: file exists' run -b "$B" "$ID"
	expect_in /mounts/6 "$ERR"
}

test_mounts__src_nofollow_and_dest_nofollow_F048() {
	only_crun_lite
	own_rootfs
	echo data >"$T/file"
	ln -s from-the-host "$T/link"
	ln -s real "$R/link"
	ln -s nowhere "$R/dangling"
	echo real >"$R/real"
	config '.mounts += [{"destination":"/link","source":"\($t)/link","options":["bind","src-nofollow","dest-nofollow"]},
		{"destination":"/dangling","source":"\($t)/file","options":["bind","dest-nofollow"]},
		{"destination":"/fresh","source":"\($t)/file","options":["bind","dest-nofollow"]}]' --arg t "$T"
	in_container 'readlink /link; cat /real; cat /dangling; cat /fresh; ls /nowhere 2>&1 || :'
	expect_line from-the-host
	expect_line real
	expect_eq "$(grep -c '^data$' <<<"$OUT")" 2
	expect_in "No such file" # nothing was made behind the dangling one
	expect_eq "$(readlink "$R/link") $(readlink "$R/dangling")" "real nowhere"
}

test_mounts__a_link_that_is_not_followed_stays_inside_F048_V20() {
	only_crun_lite
	own_rootfs
	mkdir "$T/canary"
	echo data >"$T/file"
	ln -s "$T/canary" "$R/out"
	ln -s "../../../../../../..$T/canary" "$R/up"
	tree "$T/canary" >"$T/before"
	config '.mounts += [{"destination":"/out/a","source":"\($t)/file","options":["bind","dest-nofollow"]},
		{"destination":"/up","source":"\($t)/file","options":["bind","dest-nofollow"]}]' --arg t "$T"
	in_container 'cat /up'
	expect_eq "$OUT" data
	tree "$T/canary" | cmp - "$T/before"
	# Where a link leads into /proc nothing is mounted.
	ln -s /proc "$R/way"
	config '.mounts = .mounts[0:6] + [{"destination":"/way/version","source":"\($t)/file","options":["bind","dest-nofollow"]}]' --arg t "$T"
	run_fails '/proc' run -b "$B" "$ID"
}

test_mounts__words_of_the_others_F034_F042() {
	only_crun_lite
	mkdir "$T/src"
	mounted '["acl","rsync","rmand","x-systemd.automount"]'; mount_has /mnt sync
	mounted '["noacl","rsync","rasync","rdirsync"]'; mount_has_not /mnt sync; mount_has /mnt dirsync
	bound "$T/src" '["bind","acl","noacl","rsync","iversion","lazytime","silent","mand","x-a=b"]'; mount_line /mnt
}

# Init closes what they leave behind every so often: a soft limit of 1024 files must do.
test_mounts__more_masked_and_read_only_paths_than_files_may_be_open_F078() {
	ulimit -S -n 1024
	in_container 'cat /etc/file; ls /opt; cat /etc/passwd; touch /root/x 2>/dev/null || echo sealed' \
		'.linux.maskedPaths = [range(700) | "/proc/nothing\(.)", "/etc/file", "/opt"] + ["/etc/passwd"]
		| .linux.readonlyPaths = [range(700) | "/root"] | .root.readonly = false'
	expect_eq "$OUT" sealed
}
