/*
 * secrets - what a sandbox does not show of the host.  docs/sandbox.md has the same list; a test compares them.
 *
 * What holds keys, passwords and tokens; sockets of those who act for others; data of other programs.  Of the paths that
 * everybody may read only what is in the table counts: permissions do the rest for an ordinary user.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sandbox/sandbox.h"

const char *const sandbox_secrets[] = {
	/* homes; the sockets of agents (ssh, gpg), of docker, podman, containerd, CRI-O, D-Bus are in /run and /tmp, which are empty */
	"/home", "/root",
	/* who may log in, and as whom this machine does */
	"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/security/opasswd", "/etc/sudoers", "/etc/sudoers.d",
	"/etc/ssh/ssh_host_dsa_key", "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_rsa_key",
	"/etc/krb5.keytab", "/etc/ipa", "/var/lib/sss", "/var/lib/samba",
	/* keys of services */
	"/etc/ssl/private", "/etc/pki/tls/private", "/etc/pki/private", "/etc/letsencrypt", "/etc/acme", "/etc/luks-keys", "/etc/cryptsetup-keys.d",
	"/etc/credstore", "/etc/credstore.encrypted", "/var/lib/systemd/credential.secret", "/var/lib/private",
	/* networks */
	"/etc/NetworkManager/system-connections", "/etc/netplan", "/etc/wpa_supplicant", "/etc/wireguard", "/etc/openvpn", "/etc/ipsec.secrets",
	"/etc/ppp", "/var/lib/NetworkManager", "/var/lib/iwd", "/var/lib/bluetooth",
	/* containers, clusters, clouds, and those who deploy */
	"/etc/docker", "/etc/containers/auth.json", "/etc/kubernetes", "/etc/rancher", "/etc/cni", "/etc/cloud", "/etc/puppetlabs", "/etc/chef",
	"/etc/salt", "/etc/gitlab-runner", "/etc/buildkite-agent", "/var/lib/docker", "/var/lib/containerd", "/var/lib/containers",
	"/var/lib/crun-lite", "/var/lib/kubelet", "/var/lib/etcd", "/var/lib/rancher", "/var/lib/libvirt", "/var/lib/lxc", "/var/lib/lxd",
	"/var/lib/incus", "/var/lib/machines", "/var/lib/cloud", "/var/lib/jenkins",
	/* data of databases, mail, jobs, logs, backups */
	"/var/lib/mysql", "/var/lib/postgresql", "/var/lib/redis", "/var/lib/mongodb", "/var/mail", "/var/spool", "/var/log", "/var/backups",
	"/var/crash", "/var/lib/systemd/coredump", "/swapfile", "/swap.img",
	/* other file systems */
	"/media", "/mnt",
	NULL,
};

const char *const sandbox_home_secrets[] = {
	".ssh", ".gnupg", ".pki", ".password-store", ".local/share/keyrings", ".local/share/kwalletd", ".netrc", ".authinfo", ".git-credentials",
	".config/git/credentials", ".config/gh", ".config/hub", ".config/glab-cli", ".aws", ".azure", ".config/gcloud", ".config/doctl", ".oci",
	".boto", ".s3cfg", ".config/rclone", ".kube", ".docker", ".config/containers", ".config/helm", ".vault-token", ".terraform.d",
	".terraformrc", ".npmrc", ".yarnrc.yml", ".pypirc", ".config/pip", ".gem", ".cargo/credentials", ".cargo/credentials.toml", ".m2", ".gradle",
	".composer", ".config/composer", ".nuget", ".pgpass", ".my.cnf", ".mozilla", ".config/google-chrome", ".config/chromium",
	".thunderbird", ".config/op", ".claude", ".codex", ".config/github-copilot", ".bash_history", ".zsh_history", ".python_history",
	".psql_history", ".mysql_history", ".node_repl_history", ".Xauthority", ".ICEauthority", ".dbus",
	NULL,
};
