package upstream

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pollReadable reports whether fd has bytes, an end or an error to read.
func pollReadable(fd uintptr) bool { return poll(fd, unix.POLLIN) }

// pollGone reports whether the other side of fd has closed its half, or all.
func pollGone(fd uintptr) bool { return poll(fd, unix.POLLRDHUP) }

// poll asks without waiting, so that the scheduler need not be told of the call,
// which costs as much as the call.
func poll(fd uintptr, events int16) bool {
	p := unix.PollFd{Fd: int32(fd), Events: events}
	var never unix.Timespec
	n, _, err := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1,
		uintptr(unsafe.Pointer(&never)), 0, 0, 0)
	return err == 0 && n > 0
}
