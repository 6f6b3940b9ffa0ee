# Mounts whose owners are mapped: F041.  What a container sees is read from inside, what it leaves on the host.
# shellcheck shell=bash

# Linux FROM.FROM or newer?
linux_is() {
	local have
	have=$(uname -r)
	[ "$(printf '%s\n' "$1" "${have%%[-+]*}" | sort -V | head -1)" = "$1" ]
}

# Can owners be mapped on the file system of DIR?  By what the kernel's history says, not by the runtime.
can_map() {
	case $(stat -f -c %T "$1") in
	ext2/ext3 | xfs | btrfs | f2fs) ;;
	tmpfs) linux_is 6.3 ;;
	*) false ;;
	esac
}

# S: a directory whose files have various owners, on a file system that can map them: where the tests work,
# else where /var/tmp is.
source_tree() {
	S=$T/src
	if ! can_map "$T" && can_map /var/tmp; then
		S=/var/tmp/$ID
		trap 'rc=$?; umount -l "$S/dir" "$S" 2>/dev/null || :; rm -rf "$S"; echo "$N $rc" >"$WORK/done"' EXIT
	fi
	mkdir -p "$S/dir"
	can_map "$S" || skip "owners cannot be mapped on the $(stat -f -c %T "$S") here with Linux $(uname -r)"
	owned_files "$S"
}

owned_files() { # DIR
	echo root >"$1/root"
	echo user >"$1/user"
	echo other >"$1/other"
	chmod 644 "$1"/{root,user,other}
	chown 0:0 "$1" "$1/root"
	chown 1000:1001 "$1/user"
	chown 7:8 "$1/other"
}

# maps UIDS GIDS: "0-5000-1,1000-0-1" as the members of a mount, for --argjson m.
maps() {
	M=$(jq -nc --arg u "$1" --arg g "$2" 'def ids: split(",") | map(split("-") | map(tonumber) | {containerID: .[0], hostID: .[1], size: .[2]});
		{uidMappings: ($u | ids), gidMappings: ($g | ids)}')
}

# mapped_mount SOURCE: on /mnt, with $M
mapped_mount() { config '.mounts += [{"destination":"/mnt","source":$s,"options":["bind","idmap"]} + $m]' --arg s "$1" --argjson m "$M"; }

# shown OPTIONS-JSON [DESTINATION]: the owners inside, of $S bound with them and with $M.
shown() {
	config '.mounts += [{"destination":"/mnt","source":$s,"options":$o} + $m]
		| .process.args = ["/bin/sh", "-c", "cd /mnt; stat -c \"%n %u:%g\" . *; inspect mounts"]' \
		--arg s "$S" --argjson o "$1" --argjson m "${M:-{\}}"
	run_ok run -b "$B" "$ID"
	OUT=${OUT//mount: /}
	config 'del(.mounts[-1])'
}

test_idmap__a_bind_with_mappings_of_its_own_F041() {
	source_tree
	maps 0-5000-1,1000-0-1 0-6000-2000
	shown '["bind","idmap"]'
	expect_line ". 5000:6000"
	expect_line "root 5000:6000"
	expect_line "user 0:7001"
	expect_line "other 65534:6008"          # 7 is mapped to nobody
	mount_has /mnt idmapped
	expect_eq "$(stat -c %u:%g "$S/root" "$S/user" "$S/other" | tr '\n' ' ')" "0:0 1000:1001 7:8 "
}

test_idmap__mappings_without_the_word_are_meant_all_the_same_F041() {
	source_tree
	maps 0-5000-1 0-6000-1
	shown '["rbind"]'
	expect_line "root 5000:6000"
}

test_idmap__ranges_in_the_option_F041() {
	only_crun_lite
	source_tree
	M=
	shown '["bind","idmap=uids=0-1-1#1000-2000-10;gids=0-3-1#8-9-1"]'
	expect_line "root 1:3"
	expect_line "user 2000:65534"
	expect_line "other 65534:9"
	shown '["bind","ridmap=gids=0-0-4294967295;uids=7-0-1"]'
	expect_line "root 65534:0"
	expect_line "other 0:8"
}

test_idmap__a_file_F041() {
	source_tree
	maps 0-5000-1 0-6000-1
	touch "$T/file"
	config '.mounts += [{"destination":"/etc/file","source":$s,"options":["bind","idmap"]} + $m]' --arg s "$S/root" --argjson m "$M"
	in_container 'stat -c %u:%g /etc/file; cat /etc/file'
	expect_eq "$OUT" "5000:6000"$'\n'"root"
}

test_idmap__what_is_made_inside_belongs_to_the_file_systems_ids_F041() {
	source_tree
	maps 1000-0-1,2000-5000-1 1000-0-1,2000-5000-1
	chown 1000:1000 "$S"
	in_container 'cd /mnt; touch new; mkdir newdir; stat -c "%n %u:%g" new newdir' \
		'.mounts += [{"destination":"/mnt","source":$s,"options":["bind","idmap"]} + $m]' --arg s "$S" --argjson m "$M"
	expect_line "new 0:0"
	expect_eq "$(stat -c %u:%g "$S/new" "$S/newdir" | tr '\n' ' ')" "1000:1000 1000:1000 "
	# Another user of the container.
	chmod 777 "$S"
	config '.process.user = {"uid": 5000, "gid": 5000} | .process.args = ["touch", "/mnt/mine"]'
	run_ok run -b "$B" "$ID"
	expect_eq "$(stat -c %u:%g "$S/mine")" 2000:2000
	# Who has no id there can make nothing: EOVERFLOW.
	config '.process.user = {"uid": 77, "gid": 77} | .process.args = ["touch", "/mnt/nobodys"]'
	capture rt run -b "$B" "$ID"
	expect_rc 1
	expect_no_file "$S/nobodys"
}

test_idmap__read_only_and_other_attributes_beside_it_F041_F034() {
	source_tree
	maps 0-5000-1 0-6000-1
	shown '["bind","idmap","ro","nosuid","noexec","nodev","noatime"]'
	expect_line "root 5000:6000"
	mount_has /mnt idmapped ro nosuid noexec nodev noatime
}

test_idmap__idmap_is_for_the_top_and_ridmap_for_all_F041() {
	source_tree
	linux_is 6.3 || skip "no second file system to mount below: tmpfs can be mapped since Linux 6.3"
	mount -t tmpfs below "$S/dir"
	owned_files "$S/dir"
	maps 0-5000-1 0-6000-1
	for o in idmap ridmap; do
		in_container 'stat -c "%n %u:%g" /mnt/root /mnt/dir/root; inspect mounts' \
			'.mounts = .mounts[0:6] + [{"destination":"/mnt","source":$s,"options":["rbind",$o]} + $m]' --arg s "$S" --arg o $o --argjson m "$M"
		expect_line "/mnt/root 5000:6000"
		[ $o = idmap ] && expect_line "/mnt/dir/root 0:0" || expect_line "/mnt/dir/root 5000:6000"
		OUT=${OUT//mount: /}
		mount_has /mnt idmapped
		[ $o = idmap ] && mount_has_not /mnt/dir idmapped || mount_has /mnt/dir idmapped
	done
	umount "$S/dir"
}

test_idmap__ridmap_says_so_when_a_mount_below_cannot_F041() {
	source_tree
	mount -t sysfs below "$S/dir"
	maps 0-5000-1 0-6000-1
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["rbind","ridmap"]} + $m]' --arg s "$S" --argjson m "$M"
	run_fails 'map the owners of .*invalid argument' run -b "$B" "$ID"
	[ -z "$CRUN_LITE" ] || { expect_in /mounts/6/source "$ERR"; expect_in "below" "$ERR"; }
	umount "$S/dir"
}

test_idmap__recursive_attributes_and_ridmap_F041_F038() {
	source_tree
	linux_is 6.3 || skip "no second file system to mount below: tmpfs can be mapped since Linux 6.3"
	mount -t tmpfs below "$S/dir"
	maps 0-5000-1 0-6000-1
	shown '["rbind","ridmap","rro","rnosuid","rnoatime"]'
	mount_has /mnt idmapped ro nosuid noatime
	mount_has /mnt/dir idmapped ro nosuid noatime
	umount "$S/dir"
}

test_idmap__a_slave_F041_F043() {
	source_tree
	linux_is 6.3 || skip "tmpfs can be mapped since Linux 6.3"
	mount -t tmpfs x "$S"
	mount --make-shared "$S"
	owned_files "$S"
	maps 0-5000-1 0-6000-1
	config '.linux.rootfsPropagation = "slave"'
	shown '["rbind","rslave","ridmap"]'
	expect_line "root 5000:6000"
	mount_line /mnt
	expect_in master: "$LINE"
	umount "$S"
}

test_idmap__a_new_tmpfs_F041() {
	linux_is 6.3 || skip "tmpfs can be mapped since Linux 6.3"
	maps 5-500-1 6-600-1
	config '.mounts += [{"destination":"/mnt","type":"tmpfs","source":"t","options":["idmap","uid=5","gid=6","mode=750","ro"]} + $m]' --argjson m "$M"
	in_container 'stat -c "%u:%g %a" /mnt; inspect mounts'
	OUT=${OUT//mount: /}
	expect_line "500:600 750"
	mount_has /mnt idmapped ro
}

test_idmap__a_new_tmpfs_with_what_it_covers_F041_F040() {
	linux_is 6.3 || skip "tmpfs can be mapped since Linux 6.3"
	own_rootfs
	mkdir "$R/data"
	owned_files "$R/data"
	maps 0-5000-1,7-0-1 0-0-4294967294
	config '.mounts += [{"destination":"/data","type":"tmpfs","source":"t","options":["tmpcopyup","idmap"]} + $m]' --argjson m "$M"
	in_container 'cd /data; stat -c "%n %u:%g" . *; cat *'
	expect_line ". 5000:0"
	expect_line "root 5000:0"
	expect_line "user 65534:1001"
	expect_line "other 0:8"
	expect_eq "$(stat -c %u:%g "$R/data/other")" 7:8
}

test_idmap__a_new_file_system_that_cannot_is_named_F041() {
	only_crun_lite
	maps 0-5000-1 0-6000-1
	config '.mounts += [{"destination":"/mnt","type":"ramfs","source":"t","options":["idmap"]} + $m]' --argjson m "$M"
	run_fails 'mount ramfs on /mnt: map the owners of its files: invalid argument' run -b "$B" "$ID"
	expect_in "/mounts/6" "$ERR"
	expect_in "Linux $(uname -r)" "$ERR"
}

test_idmap__a_source_that_cannot_is_named_F041() {
	only_crun_lite
	local s
	maps 0-5000-1 0-6000-1
	mkdir "$T/mnt"
	for s in sysfs ramfs; do
		mount -t $s x "$T/mnt"
		config '.mounts = .mounts[0:6] + [{"destination":"/mnt","source":$s,"options":["bind","idmap"]} + $m]' --arg s "$T/mnt" --argjson m "$M"
		run_fails "map the owners of $T/mnt: invalid argument" run -b "$B" "$ID"
		expect_in "cannot map ids on $s: bind a directory of another file system" "$ERR"
		expect_in "/mounts/6/source" "$ERR"
		umount "$T/mnt"
	done
}

test_idmap__a_tmpfs_before_6_3_is_refused_with_the_version_F041() {
	only_crun_lite
	! linux_is 6.3 || skip "this Linux $(uname -r) can"
	maps 0-5000-1 0-6000-1
	mkdir "$T/mnt"
	mount -t tmpfs x "$T/mnt"
	mapped_mount "$T/mnt"
	run_fails "map the owners of $T/mnt: invalid argument" run -b "$B" "$ID"
	expect_in "tmpfs can do it since Linux 6.3; this is $(uname -r)" "$ERR"
	umount "$T/mnt"
	config '.mounts[6] = {"destination":"/mnt","type":"tmpfs","source":"t","options":["idmap"]} + $m' --argjson m "$M"
	run_fails "mount tmpfs on /mnt: map the owners of its files: invalid argument" run -b "$B" "$ID"
	expect_in "tmpfs can do it since Linux 6.3; this is $(uname -r)" "$ERR"
}

test_idmap__an_overlay_F041() {
	only_crun_lite
	mkdir "$T"/{lower,upper,work,mnt}
	owned_files "$T/lower"
	mount -t overlay o -o "lowerdir=$T/lower,upperdir=$T/upper,workdir=$T/work" "$T/mnt" || skip "no overlayfs on this file system"
	maps 0-5000-1 0-6000-1
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["bind","idmap"]} + $m] | .process.args = ["stat", "-c", "%u:%g", "/mnt/root"]' \
		--arg s "$T/mnt" --argjson m "$M"
	capture rt run -b "$B" "$ID"
	umount "$T/mnt"
	if [ "$RC" = 0 ]; then
		expect_eq "$OUT" 5000:6000
	else
		expect_in "map the owners of $T/mnt" "$ERR"
		expect_in "cannot map ids on overlay" "$ERR"
	fi
}

test_idmap__layers_of_an_overlay_in_the_container_may_be_mapped_F041_F033() {
	source_tree
	linux_is 5.19 || skip "mapped layers need Linux 5.19"
	# The lower directory is one that the container was given mapped: the overlay shows its ids.
	maps 0-5000-1 0-6000-1
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["bind","idmap"]} + $m] | .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])' \
		--arg s "$S" --argjson m "$M"
	in_container 'mkdir /dev/shm/o; mount -t overlay o -o lowerdir=/mnt:/etc /dev/shm/o && stat -c %u:%g /dev/shm/o/root'
	expect_eq "$OUT" 5000:6000
}

test_idmap__a_source_that_is_mapped_already_F041() {
	only_crun_lite
	source_tree
	# A container's mapped mount, seen from the host by its shared peer.
	mkdir "$T/mnt"
	maps 0-5000-1 0-6000-1
	python3 - "$S" "$T/mnt" <<-'P' || skip "cannot make a mapped mount here"
		import ctypes, os, struct, sys
		libc = ctypes.CDLL(None, use_errno=True)
		tree = libc.syscall(428, -100, sys.argv[1].encode(), 1)
		r, w = os.pipe()
		ready, told = os.pipe()
		pid = os.fork()
		if pid == 0:
		    libc.unshare(0x10000000)
		    os.write(told, b"x")
		    os.close(w)
		    os.read(r, 1)
		    os._exit(0)
		os.read(ready, 1)
		for f in ("uid_map", "gid_map"):
		    open("/proc/%d/%s" % (pid, f), "w").write("0 7000 1\n")
		ns = os.open("/proc/%d/ns/user" % pid, os.O_RDONLY)
		attr = struct.pack("QQQQ", 0x00100000, 0, 0, ns)
		e = libc.syscall(442, tree, b"", 0x1000, attr, len(attr))
		e = e or libc.syscall(429, tree, b"", -100, sys.argv[2].encode(), 4)
		os.close(w)
		os.waitpid(pid, 0)
		sys.exit(1 if e else 0)
	P
	expect_eq "$(stat -c %u "$T/mnt/root")" 7000
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["bind","idmap"]} + $m] | .process.args = ["stat", "-c", "%u:%g", "/mnt/root"]' \
		--arg s "$T/mnt" --argjson m "$M"
	capture rt run -b "$B" "$ID"
	umount "$T/mnt"
	if linux_is 6.15; then
		expect_rc 0
		expect_eq "$OUT" 5000:6000
	else
		expect_in "its ids are mapped already" "$ERR"
	fi
}

test_idmap__many_mounts_with_two_mappings_F041() {
	source_tree
	maps 0-5000-1 0-6000-1
	config '.mounts += [range(40) | {"destination":"/mnt/\(.)","source":$s,"options":["bind","idmap=uids=0-\(. % 2 + 1)-1;gids=0-3-1"]}]
		| .mounts = .mounts[0:6] + [{"destination":"/mnt","type":"tmpfs","source":"t"}] + .mounts[6:]' --arg s "$S"
	in_container 'stat -c %u:%g /mnt/*/root | sort | uniq -c'
	expect_match '20 1:3'
	expect_match '20 2:3'
}

test_idmap__the_option_without_mappings_is_an_error_F041() {
	mkdir "$T/src"
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["bind","idmap"]}]' --arg s "$T/src"
	run_fails 'map' run -b "$B" "$ID"
	[ -z "$CRUN_LITE" ] || expect_in "/mounts/6/options/1" "$ERR"
}

test_idmap__ids_that_nobody_may_map_F041() {
	only_crun_lite
	source_tree
	maps 4294967295-0-1 0-0-1
	mapped_mount "$S"
	run_fails 'maps ids above 4294967294' run -b "$B" "$ID"
	expect_in /mounts/6/uidMappings/0 "$ERR"
	maps 0-0-5,4-9-1 0-0-1
	config '.mounts[6] += $m' --argjson m "$M"
	run_fails 'maps an id that another range maps already' run -b "$B" "$ID"
	expect_in /mounts/6/uidMappings/1 "$ERR"
}

test_idmap__without_namespaces_to_spare_the_sysctl_is_named_F041() {
	only_crun_lite
	source_tree
	maps 0-5000-1 0-6000-1
	mapped_mount "$S"
	# In a user namespace of our own, whose limit is nobody else's.
	capture unshare --user --map-root-user --mount sh -c \
		'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"' sh "$RUNTIME" --root "$ROOT" --cgroup-manager disabled run -b "$B" "$ID"
	[ "$RC" != 0 ] || fail "it was expected to fail"
	expect_in user.max_user_namespaces "$ERR"
}

# ---- with a user namespace -----------------------------------------------------------------------

# mapped_user: the container's ids 0..65535 are 100000.. of the host; the root file system belongs to its root.
mapped_user() {
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}]
		| .linux.gidMappings = [{"containerID":0,"hostID":200000,"size":65536}]'
}

test_idmap__the_containers_mapping_F041_F062() {
	source_tree
	mapped_user
	M=
	shown '["bind"]'
	expect_line "root 65534:65534"
	shown '["bind","idmap"]'
	expect_line "root 0:0"
	expect_line "user 1000:1001"
	mount_has /mnt idmapped
	shown '["rbind","ridmap"]'
	expect_line "other 7:8"
}

test_idmap__what_the_mapped_root_makes_is_roots_on_the_host_F041_F062() {
	source_tree
	mapped_user
	in_container 'cd /mnt; touch new; mkdir newdir; stat -c %u:%g new newdir' '.mounts += [{"destination":"/mnt","source":$s,"options":["bind","idmap"]}]' --arg s "$S"
	expect_eq "$OUT" "0:0"$'\n'"0:0"
	expect_eq "$(stat -c %u:%g "$S/new" "$S/newdir" | tr '\n' ' ')" "0:0 0:0 "
}

test_idmap__mappings_of_its_own_in_a_user_namespace_F041_F062() {
	source_tree
	mapped_user
	maps 0-100005-1,1000-100000-1 0-200006-1
	shown '["bind","idmap"]'
	expect_line "root 5:6"
	expect_line "user 0:65534"
	M=
	shown '["bind","idmap=uids=@1000-3-1#0-100009-1;gids=@0-4-10"]'
	[ -z "$CRUN_LITE" ] || expect_line "user 3:65534"
	expect_line "root 9:4"
	expect_line "other 65534:12"
}

test_idmap__the_mapping_of_a_user_namespace_that_is_joined_F041_F061() {
	source_tree
	namespaces user
	echo "0 100000 65536" >/proc/$NS/uid_map
	echo "0 200000 65536" >/proc/$NS/gid_map
	config '.linux.namespaces += [{"type":"user","path":$p}]' --arg p /proc/$NS/ns/user
	M=
	shown '["bind","idmap"]'
	expect_line "root 0:0"
	expect_line "user 1000:1001"
	end_helper $NSHOLD
}

test_idmap__a_new_tmpfs_of_a_user_namespace_shows_its_ids_anyway_F041_F062() {
	only_crun_lite
	mapped_user
	in_container 'touch /mnt/new; stat -c %u:%g /mnt /mnt/new' '.mounts += [{"destination":"/mnt","type":"tmpfs","source":"t","options":["idmap"]}]'
	expect_eq "$OUT" "0:0"$'\n'"0:0"
	maps 0-100005-1 0-200006-1
	config '.mounts[6] += $m' --argjson m "$M"
	run_fails 'mappings of its own in a container with a user namespace' run -b "$B" "$ID"
	expect_in "bind it with these mappings" "$ERR"
}

test_idmap__a_relative_range_that_the_container_does_not_have_F041_F062() {
	only_crun_lite
	source_tree
	mapped_user
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["bind","idmap=uids=@0-65535-2"]}]' --arg s "$S"
	run_fails 'does not map id 65536' run -b "$B" "$ID"
	expect_in /mounts/6/options/1 "$ERR"
}

test_idmap__an_ordinary_user_hears_who_may_F041() {
	only_crun_lite
	source_tree
	maps 0-5000-1 0-6000-1
	mapped_mount "$S"
	mkdir -m 700 "$T/rootless"
	chown 1000:1000 "$T/rootless"
	capture setpriv --reuid 1000 --regid 1000 --clear-groups "$RUNTIME" --root "$T/rootless" run -b "$B" "$ID"
	[ "$RC" != 0 ] || fail "it was expected to fail"
	expect_in "idmapped mounts need root" "$ERR"
	expect_in /mounts/6/ "$ERR"
}
