package upstream

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pollReadable reports whether fd has bytes, an end or an error to read. It peeks
// for a byte, which costs half of a poll.
func pollReadable(fd uintptr) bool {
	var b byte
	_, _, err := syscall.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b)), 1,
		unix.MSG_PEEK|unix.MSG_DONTWAIT, 0, 0)
	return err != syscall.EAGAIN
}

// pollGone reports whether the other side of fd has closed its half, or all.
func pollGone(fd uintptr) bool {
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(fds[:], 0)
	return err == nil && n > 0
}
