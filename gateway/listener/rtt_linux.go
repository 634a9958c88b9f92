package listener

import (
	"math"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// kernelRTT returns the least round-trip time of a TCP connection in the last five
// minutes (tcp_min_rtt_wlen), from TCP_INFO. It is 0 if the kernel has seen none
// yet, if it is older than 4.6 and does not tell, and if n is no TCP.
func kernelRTT(n net.Conn) time.Duration {
	socket, ok := n.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0
	}
	var info *unix.TCPInfo
	var failed error
	err = raw.Control(func(fd uintptr) {
		info, failed = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	if err != nil || failed != nil {
		return 0
	}
	return leastRTT(info.Min_rtt)
}

// leastRTT reads tcpi_min_rtt, in microseconds. All ones stand for no sample.
func leastRTT(micros uint32) time.Duration {
	if micros == math.MaxUint32 {
		return 0
	}
	return time.Duration(micros) * time.Microsecond
}
