package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a running program of ours, limited to one processor.
type process struct {
	cmd    *exec.Cmd
	log    *os.File // its standard error, and output after the first line
	copied chan struct{}
}

// start runs a program and returns the first line it prints.
func start(ctx context.Context, dir, name string, args ...string) (*process, string, error) {
	log, err := os.CreateTemp(dir, name+".*.log")
	if err != nil {
		return nil, "", err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, name), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	p := &process{cmd: cmd, log: log, copied: make(chan struct{})}
	lines := bufio.NewReader(out)
	line := ""
	if name != "riskgate" { // which listens where its configuration says
		line, err = lines.ReadString('\n')
	}
	go func() {
		defer close(p.copied)
		_, _ = io.Copy(log, lines) // ends with the process
	}()
	if err != nil {
		p.stop()
		return nil, "", fmt.Errorf("start %s: %w: %s", name, err, p.tail())
	}
	return p, strings.TrimSpace(line), nil
}

// stop ends the process and waits for it.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails if it is gone already
	<-p.copied
	_ = p.cmd.Wait() // ended by a signal is how it should end
	p.log.Close()
}

// tail returns the last lines that the process wrote to standard error.
func (p *process) tail() string {
	content, _ := os.ReadFile(p.log.Name())
	return string(content[max(0, len(content)-2000):])
}

// waitListening waits until somebody accepts connections at the address, at most
// ten seconds.
func waitListening(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var d net.Dialer
	for {
		conn, err := d.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("nobody listens on %s: %w", address, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

// clockTick is the unit of the times in /proc/PID/stat: USER_HZ, which is 100 on
// every Linux.
const clockTick = 10 * time.Millisecond

// cpuTime returns the user and system time that the process has used so far.
func (p *process) cpuTime() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return parseStat(stat)
}

// parseStat reads utime and stime, the 14th and 15th field. The second one is
// the program's name in parentheses and may hold anything.
func parseStat(stat []byte) (time.Duration, error) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("read CPU time: %q", stat)
	}
	user, errUser := strconv.ParseInt(string(fields[11]), 10, 64)
	system, errSystem := strconv.ParseInt(string(fields[12]), 10, 64)
	if errUser != nil || errSystem != nil {
		return 0, fmt.Errorf("read CPU time: %q", stat)
	}
	return time.Duration(user+system) * clockTick, nil
}

// rss returns the resident memory of the process in MiB.
func (p *process) rss() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmRSS in %q", status)
}
