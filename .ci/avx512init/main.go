// Command avx512init is the whole user space of the emulated machine that
// ../avx512.sh boots: the kernel starts it as process 1, it runs one program,
// reports how that ended, and switches the machine off.
//
// The folder that it finds at /run.d holds: env and args (NUL-terminated
// strings) and work, the folder in which the program runs. args[0] is the
// program's path. What the program prints goes to the first serial port;
// "exit N" goes to the second.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// shutdownPort is where Bochs listens for the word "Shutdown".
const shutdownPort = 0x8900

// outb writes one byte to an I/O port. In outb_amd64.s.
func outb(port uint16, b byte)

func main() {
	status := 125
	err := run(&status)
	if err != nil {
		fmt.Println("avx512init:", err)
	}
	fmt.Fprintf(os.NewFile(report, "report"), "exit %d\n", status)
	drain(1)
	drain(report)
	// iopl is cheaper than a table of permitted ports, and nobody is left to
	// protect from this process.
	if err := iopl(3); err != nil {
		fmt.Println("avx512init: iopl:", err)
		syscall.Sync()
		_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	}
	for i := 0; i < len("Shutdown"); i++ {
		outb(shutdownPort, "Shutdown"[i])
	}
	select {}
}

// report is the descriptor of the second serial port.
const report = 3

// run prepares the machine, runs the program and stores its exit status; an
// error is this program's own, never the tested one's.
func run(status *int) error {
	for _, m := range []struct{ source, target, kind string }{
		{"dev", "/dev", "devtmpfs"},
		{"proc", "/proc", "proc"},
		{"sys", "/sys", "sysfs"},
		{"tmp", "/tmp", "tmpfs"},
	} {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(m.source, m.target, m.kind, 0, ""); err != nil && !errors.Is(err, syscall.EBUSY) {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	// The descriptors that the kernel gives process 1 are the console's. Put
	// the serial ports there, raw, so that not a byte is translated.
	for _, d := range []struct {
		path string
		fds  []int
	}{
		{"/dev/null", []int{0}},
		{"/dev/ttyS0", []int{1, 2}},
		{"/dev/ttyS1", []int{report}},
	} {
		fd, err := syscall.Open(d.path, syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open %s: %w", d.path, err)
		}
		if d.path != "/dev/null" {
			if err := raw(fd); err != nil {
				return fmt.Errorf("%s: %w", d.path, err)
			}
		}
		for _, to := range d.fds {
			if to == fd {
				continue
			}
			if err := syscall.Dup3(fd, to, 0); err != nil {
				return fmt.Errorf("dup %s: %w", d.path, err)
			}
		}
	}
	syscall.CloseOnExec(report)

	args, err := readStrings("/run.d/args")
	if err != nil {
		return err
	}
	env, err := readStrings("/run.d/env")
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return errors.New("no program to run")
	}
	cmd := &exec.Cmd{
		Path: args[0], Args: args, Env: env, Dir: "/run.d/cwd",
		Stdout: os.Stdout, Stderr: os.Stderr,
	}
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		*status = 0
	case errors.As(err, &exit):
		*status = exit.ExitCode()
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			*status = 128 + int(ws.Signal())
			fmt.Println("avx512init: killed by signal:", ws.Signal())
		}
	case errors.Is(err, syscall.ENOENT):
		// The file is there; what can be missing is its dynamic linker.
		return fmt.Errorf("%w (a dynamic program? build it with CGO_ENABLED=0)", err)
	default:
		return err
	}
	return nil
}

// readStrings reads a file of NUL-terminated strings.
func readStrings(path string) ([]string, error) {
	b, err := os.ReadFile(path)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00"), nil
}

// raw takes a terminal's line discipline away and sets it to 115,200 baud.
func raw(fd int) error {
	t := syscall.Termios{
		Cflag: syscall.CS8 | syscall.CREAD | syscall.CLOCAL | syscall.B115200,
	}
	t.Cc[syscall.VMIN] = 1
	return ioctl(fd, syscall.TCSETS, uintptr(unsafe.Pointer(&t)))
}

// drain waits until a terminal has sent all that was written to it.
func drain(fd int) {
	const tcsbrk = 0x5409 // with argument 1, what tcdrain(3) does
	_ = ioctl(fd, tcsbrk, 1)
}

func ioctl(fd int, request, arg uintptr) error {
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, arg); e != 0 {
		return os.NewSyscallError("ioctl", e)
	}
	return nil
}

// iopl lets this thread use every I/O port.
func iopl(level uintptr) error {
	// The permission belongs to the thread, so stay on it.
	runtime.LockOSThread()
	if _, _, e := syscall.RawSyscall(syscall.SYS_IOPL, level, 0, 0); e != 0 {
		return e
	}
	return nil
}
