package streaming

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/riskgate/riskgate/models"
)

// ErrRingBusy says that another process holds the ring.
var ErrRingBusy = errors.New("streaming: ring is in use by another process")

const (
	minRing  = 1 << 20
	maxRing  = 64 << 30
	pageSize = 4096

	ringMagic   = "riskring"
	ringVersion = 1
)

// The first page of the file holds two copies of the header, written in turn, so
// that one is whole whenever the other is torn: magic, version u32, zero u32,
// size of the data u64, generation u64, tail u64, boot u64, checksum u32.
const (
	slotBytes = 512
	slotSum   = 48 // where the checksum stands, and what it covers
)

// header is what the first page says.
type header struct {
	size       uint64 // of the data, in bytes
	generation uint64 // the higher of two copies is the newer
	tail       uint64 // everything before has been acknowledged
	boot       uint64 // of the process that writes
}

// ringFile is the mapped file: a header page and size bytes of data.
type ringFile struct {
	file   *os.File
	memory []byte
	data   []byte
	header header
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openRingFile locks and maps the file, made or kept as c says. Fresh is true
// where nothing can be recovered from it; reset, where it held something
// unreadable.
func openRingFile(c RingConfig) (rf *ringFile, fresh, reset bool, err error) {
	f, err := openPrivate(c.Path)
	if err != nil {
		return nil, false, false, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, false, false, fmt.Errorf("%w: %s (set streaming.ring.path)", ErrRingBusy, c.Path)
		}
		return nil, false, false, fmt.Errorf("lock ring %s: %w", c.Path, err)
	}
	h, found, err := readHeader(f)
	if err != nil {
		return nil, false, false, fmt.Errorf("read ring %s: %w", c.Path, err)
	}
	if !found {
		info, _ := f.Stat()
		reset = info != nil && info.Size() > 0
		h = header{size: c.dataSize()}
		if err := allocate(f, h.size, c); err != nil {
			return nil, false, false, err
		}
	}
	rf, err = mapRing(f, h)
	if err == nil && !found {
		rf.format()
	}
	return rf, !found, reset, err
}

// openPrivate opens a file that only we may have: events are in it, and the
// directory may be open to everybody.
func openPrivate(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open ring: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open ring: %w", err)
	}
	info, err := f.Stat()
	if err == nil {
		err = checkPrivate(info)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open ring %s: %w", path, err)
	}
	return f, nil
}

func checkPrivate(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("belongs to user %d, want %d", stat.Uid, os.Geteuid())
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("mode %v lets others in, want 0600", info.Mode().Perm())
	}
	return nil
}

// allocate reserves every byte: a sparse file would kill the process with SIGBUS
// where the file system fills up.
func allocate(f *os.File, size uint64, c RingConfig) error {
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("clear ring %s: %w", c.Path, err)
	}
	err := unix.Fallocate(int(f.Fd()), 0, 0, int64(pageSize+size))
	if err == nil {
		return nil
	}
	if gone := os.Remove(c.Path); gone != nil {
		return fmt.Errorf("allocate %v for ring %s: %w", c.Bytes, c.Path, errors.Join(err, gone))
	}
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EFBIG) {
		var fs unix.Statfs_t
		free := "unknown"
		if unix.Fstatfs(int(f.Fd()), &fs) == nil {
			free = fmt.Sprintf("%dMiB", fs.Bavail*uint64(fs.Bsize)>>20)
		}
		return fmt.Errorf("ring %s does not fit: want %v, free %s: %w", c.Path, c.Bytes, free, err)
	}
	return fmt.Errorf("allocate %v for ring %s: %w", c.Bytes, c.Path, err)
}

// mapRing maps header and data, with every page present, so that publishing
// never waits for one.
func mapRing(f *os.File, h header) (*ringFile, error) {
	memory, err := unix.Mmap(int(f.Fd()), 0, int(pageSize+h.size),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("map ring %s: %w", f.Name(), err)
	}
	return &ringFile{file: f, memory: memory, data: memory[pageSize:], header: h}, nil
}

// readHeader returns the newer whole header, and whether there is one that fits
// the file.
func readHeader(f *os.File) (h header, found bool, err error) {
	info, err := f.Stat()
	if err != nil || info.Size() < minRing {
		return header{}, false, err
	}
	var page [2 * slotBytes]byte
	if _, err := f.ReadAt(page[:], 0); err != nil {
		return header{}, false, err
	}
	for i := range 2 {
		got, ok := parseSlot(page[i*slotBytes:])
		if ok && got.size+pageSize == uint64(info.Size()) && (!found || got.generation > h.generation) {
			h, found = got, true
		}
	}
	return h, found, nil
}

func parseSlot(b []byte) (header, bool) {
	if string(b[:8]) != ringMagic || binary.LittleEndian.Uint32(b[8:]) != ringVersion ||
		binary.LittleEndian.Uint32(b[slotSum:]) != crc32.Checksum(b[:slotSum], castagnoli) {
		return header{}, false
	}
	return header{
		size:       binary.LittleEndian.Uint64(b[16:]),
		generation: binary.LittleEndian.Uint64(b[24:]),
		tail:       binary.LittleEndian.Uint64(b[32:]),
		boot:       binary.LittleEndian.Uint64(b[40:]),
	}, true
}

// write stores the header with this tail and boot in the older of both copies.
func (rf *ringFile) write(tail, boot uint64) {
	h := &rf.header
	h.generation++
	h.tail, h.boot = tail, boot
	b := rf.memory[h.generation%2*slotBytes:][:slotBytes]
	copy(b, ringMagic)
	binary.LittleEndian.PutUint32(b[8:], ringVersion)
	binary.LittleEndian.PutUint32(b[12:], 0)
	binary.LittleEndian.PutUint64(b[16:], h.size)
	binary.LittleEndian.PutUint64(b[24:], h.generation)
	binary.LittleEndian.PutUint64(b[32:], tail)
	binary.LittleEndian.PutUint64(b[40:], boot)
	sum := crc32.Checksum(b[:slotSum], castagnoli)
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&b[slotSum])), sum)
}

// format makes both headers say that the ring is empty.
func (rf *ringFile) format() {
	rf.write(0, 0)
	rf.write(0, 0)
}

// unmap gives the memory back and keeps the file and its lock.
func (rf *ringFile) unmap() error {
	err := unix.Munmap(rf.memory)
	rf.memory, rf.data = nil, nil
	return err
}

// close unmaps the memory and gives up the lock.
func (rf *ringFile) close() error {
	return errors.Join(rf.unmap(), rf.file.Close())
}

// word returns the 8 bytes at offset at as an atomic.
func (rf *ringFile) word(at uint64) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&rf.data[at]))
}

// sizeOf returns the size in use, which differs from the configured one until a
// ring of another size has been drained.
func (rf *ringFile) sizeOf() models.Size { return models.Size(rf.header.size + pageSize) }

// dataSize returns what of the configured bytes is left beside the header page.
// The file is no larger than configured: it must fit a /dev/shm of that size.
func (c *RingConfig) dataSize() uint64 { return uint64(c.Bytes)&^(pageSize-1) - pageSize }
