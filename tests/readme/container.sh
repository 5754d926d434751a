#!/bin/bash
# Makes of this machine one that a newcomer sits down at, and runs the README there. It has the programs of this one, and
# nothing else of it: an empty home, no network, no process; what is written is gone at the end.
# To be called as root, in namespaces of its own (mounts, processes, network), as their first process:
#   container.sh REPOSITORY DENO PACKAGES NPM ARGUMENTS...
set -euo pipefail
repository=$1 deno=$2 packages=$3 npm=$4
shift 4
base=/mnt root=/mnt/root home=/mnt/root/home/user

# Writes to a folder of the container are kept in memory.
lay_over() {
  local name=${1//\//-}
  mkdir -p "$base/written/$name" "$base/work/$name" "$2"
  mount -t overlay -o "lowerdir=$1,upperdir=$base/written/$name,workdir=$base/work/$name" overlay "$2"
}

mount -t tmpfs -o mode=755 tmpfs "$base"
for folder in /etc /opt /usr /var; do lay_over "$folder" "$root$folder"; done
cp -a /bin /sbin /lib* "$root"
mkdir -p "$root"/{dev/pts,dev/shm,home,proc,root,run,tmp}
chmod 1777 "$root/tmp" "$root/dev/shm"
mount -t proc proc "$root/proc"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for device in null zero full random urandom tty; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done

# No network but its own; these names of the README are all of this machine.
ip link set lo up
echo "127.0.0.1 localhost server tunnel.example.com" >"$root/etc/hosts"
rm -f "$root/etc/resolv.conf"

chroot "$root" useradd --create-home --shell /bin/bash user
mkdir -p "$home/.cache/deno/npm" "$home/wstunnel"
tar -C "$repository" --exclude=./.git --exclude=./dist --exclude=./node_modules -c . | tar -C "$home/wstunnel" -x
chroot "$root" chown -R user:user /home/user

# What Deno and npx would fetch, as this machine has fetched it. npx writes into folders that it finds.
rm -f "$root/usr/local/bin/deno"
: >"$root/usr/local/bin/deno"
mount --bind "$deno" "$root/usr/local/bin/deno"
mount --bind "$packages" "$home/.cache/deno/npm"
lay_over "$npm" "$home/.npm"
find "$home/.npm" -name node_modules -prune -o \( -type d -o -path '*/_npx/*' \) -printf "/home/user/.npm/%P\\0" |
  xargs -0 chroot "$root" chown user:user --

# Not by exec: the first process has to see to those whose parents are gone.
env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 NO_COLOR=1 \
  chroot "$root" deno run --allow-all --no-config --no-lock /home/user/wstunnel/tests/readme/run.ts "$@"
