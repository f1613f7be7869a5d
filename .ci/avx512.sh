#!/usr/bin/env bash
# Runs a static Linux/amd64 program on an emulated machine with AVX-512, for
# machines that have none: Debian's Bochs interprets every instruction of a
# Skylake-X that boots Debian's kernel with one program in its initial RAM disk.
# The machine has one CPU and runs some 60 million instructions a second.
#
#   .ci/avx512.sh [-e NAME=VALUE]... [-d DIR] [-t SECONDS] [-m MEGS] BINARY [ARGS...]
#
#   -e NAME=VALUE  adds to the program's environment, which is otherwise HOME,
#                  PATH, TMPDIR
#   -d DIR         a folder whose copy is the program's working directory
#   -t SECONDS     stops the machine after so long (900)
#   -m MEGS        its memory (1024)
#
# Prints what the program prints (stdout and stderr together) as it comes and
# exits as the program did: its status, 128+N when signal N killed it, 124 when
# the time ran out, 125 when the machine itself failed.
#
# The clock inside counts instructions, 3.5 thousand million to the second, so
# that seconds inside last about a minute outside: time limits of the program's
# own don't strike, and the durations that it prints mean nothing here.
#
# Needs bash, Go and Debian's bochs, bochs-term, isolinux, syslinux-common,
# xorriso and cpio, which it installs where it may. The kernel is fetched with
# apt-get download and not installed. Kernel and init stay in LION_CACHE
# (default: a folder of this user's in the temporary folder) for the next run.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
say() { echo "avx512.sh: $*" >&2; }
die() { say "$*"; exit 125; }
usage() { sed -n '/^#   \.ci/,/^$/{/^#   \.ci/p;q}' "${BASH_SOURCE[0]}" >&2; exit 125; }

vars=(HOME=/tmp PATH=/bin TMPDIR=/tmp) dir='' limit=900 megs=1024
while getopts e:d:t:m: o; do
	case $o in
	e) vars+=("$OPTARG") ;;
	d) dir=$OPTARG ;;
	t) limit=$OPTARG ;;
	m) megs=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] || usage
binary=$1
shift
[ -f "$binary" ] || die "$binary: no such file"
[ -z "$dir" ] || [ -d "$dir" ] || die "$dir: no such folder"
for pair in "${vars[@]}"; do
	case $pair in ?*=*) ;; *) die "-e $pair: not NAME=VALUE" ;; esac
done

missing=()
for p in bochs bochs-term isolinux syslinux-common xorriso cpio; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q ' installed$' || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
	[ "$(id -u)" = 0 ] || die "missing, and only root can install: ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >&2 ||
		die "can't install ${missing[*]}"
fi

tmp=$(mktemp -d)
bochs='' tail=''
cleanup() {
	[ -z "$tail" ] || kill "$tail" 2>/dev/null || true
	[ -z "$bochs" ] || kill -KILL "$bochs" 2>/dev/null || true
	rm -rf -- "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cache=${LION_CACHE:-${TMPDIR:-/tmp}/lion-ci-$(id -u)}
(umask 077 && mkdir -p -- "$cache")
[ -O "$cache" ] || die "$cache belongs to someone else"
# Two runs may start at once: one fills the cache, the other waits.
exec 9>"$cache/lock"
flock 9
if [ ! -s "$cache/vmlinuz" ]; then
	(
		cd "$tmp"
		kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" && /linux-image-[0-9]/ { print $2; exit }')
		if [ -z "$kernel" ]; then
			apt-get update -qq >&2
			kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" && /linux-image-[0-9]/ { print $2; exit }')
		fi
		[ -n "$kernel" ] || die "apt knows no linux-image-cloud-amd64"
		# An old package list names packages that the archive no longer has.
		apt-get download -qq "$kernel" >&2 2>/dev/null || { apt-get update -qq && apt-get download -qq "$kernel"; } >&2
		dpkg-deb --fsys-tarfile "$kernel"_*.deb | tar -x ./boot
		mv boot/vmlinuz-* "$cache/vmlinuz.new"
		rm -rf boot "$kernel"_*.deb
	) || die "can't fetch a kernel"
	mv "$cache/vmlinuz.new" "$cache/vmlinuz"
fi
(cd "$here/avx512init" && GOWORK=off GOFLAGS='' GOOS=linux GOARCH=amd64 GOAMD64=v1 CGO_ENABLED=0 \
	go build -trimpath -ldflags='-s -w' -o "$cache/init" .) || die "can't build avx512init"
mkdir -p "$tmp/root/run.d/cwd" "$tmp/iso"
cp "$cache/init" "$tmp/root/init"
cp "$cache/vmlinuz" "$tmp/iso/vmlinuz"
flock -u 9

cp -- "$binary" "$tmp/root/run.d/program"
chmod 755 "$tmp/root/run.d/program"
[ -z "$dir" ] || cp -R -- "$dir/." "$tmp/root/run.d/cwd/"
printf '%s\0' /run.d/program "$@" >"$tmp/root/run.d/args"
printf '%s\0' "${vars[@]}" >"$tmp/root/run.d/env"
(cd "$tmp/root" && find . | cpio -o -H newc -R 0:0 --quiet) >"$tmp/iso/initrd"
rm -rf "$tmp/root"

# noxsaves, clearcpuid: Bochs gives the compacted XSAVE area's size as the
# plain one's, and the kernel, seeing that, would turn AVX off altogether.
# The self-tests and the rest of the list cost seconds and serve nothing here.
cat >"$tmp/iso/isolinux.cfg" <<'CFG'
default linux
prompt 0
label linux
 kernel vmlinuz
 initrd initrd
 append console=ttyS0 loglevel=1 panic=-1 noxsaves clearcpuid=xsavec tsc=reliable nokaslr mitigations=off acpi=off noapic nolapic nosmp cryptomgr.notests initcall_blacklist=load_system_certificate_list,trace_eval_init,init_kprobe_trace
CFG
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$tmp/iso/"
xorriso -as mkisofs -quiet -o "$tmp/boot.iso" -b isolinux.bin -c boot.cat \
	-no-emul-boot -boot-load-size 4 -boot-info-table \
	-isohybrid-mbr /usr/lib/ISOLINUX/isohdpfx.bin "$tmp/iso" 2>"$tmp/xorriso.log" ||
	{ cat "$tmp/xorriso.log" >&2; die "can't make the boot image"; }
rm -rf "$tmp/iso"

cat >"$tmp/bochsrc" <<RC
config_interface: textconfig
display_library: term
cpu: model=corei7_skylake_x, count=1, ips=500000000, reset_on_triple_fault=0, ignore_bad_msrs=1
clock: sync=none
megs: $megs
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
ata0-master: type=disk, path="$tmp/boot.iso", mode=flat
boot: disk
com1: enabled=1, mode=file, dev="$tmp/out"
com2: enabled=1, mode=file, dev="$tmp/status"
log: $tmp/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
RC
# Debian's Bochs is its debugger: tell it to go.
echo c >"$tmp/rc"

: >"$tmp/out"
cd "$tmp"
TERM=vt100 bochs-bin -q -f bochsrc -rc rc </dev/null >screen 2>&1 9>&- &
bochs=$!
late=0
# In the background, since bash runs no trap while it waits for a foreground
# command.
timeout "$limit" tail -f -n +1 --pid="$bochs" -s 0.2 out 9>&- &
tail=$!
wait "$tail" || late=$?
tail=''
if [ "$late" != 0 ]; then
	kill -KILL "$bochs" 2>/dev/null || true
fi
rc=0
wait "$bochs" 2>/dev/null || rc=$?
bochs=''
status=$(sed -n 's/^exit \([0-9][0-9]*\)$/\1/p' status 2>/dev/null || true)
if [ -n "$status" ]; then
	exit "$status"
fi
if [ "$late" = 124 ]; then
	say "stopped after $limit s"
	exit 124
fi
say "Bochs ended with status $rc before the program did; its last words:"
{ tail -n 20 bochs.log; tail -c 1000 screen | tr -cd '\n -~'; } >&2 2>/dev/null || true
exit 125
