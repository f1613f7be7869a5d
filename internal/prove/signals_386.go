//go:build linux

package prove

import "golang.org/x/sys/unix"

// qemu-i386 loses a Go thread's state at a signal. It calls its machine i686,
// where a 64-bit kernel, which runs this program too, says x86_64.
func init() {
	var u unix.Utsname
	if err := unix.Uname(&u); err == nil && unix.ByteSliceToString(u.Machine[:]) != "x86_64" {
		BrokenSignals = "qemu-i386, which this may be, crashes Go programs at a signal"
	}
}
