package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxTrailer bounds the trailer section, which is read and dropped.
const maxTrailer = 8 << 10

var errChunk = errors.New("upstream: malformed chunk")

// readChunkSize reads a chunk header: 1 to 15 hexadecimal digits, an optional
// extension, CRLF.
func readChunkSize(br *bufio.Reader) (int64, error) {
	line, err := readLine(br)
	if err != nil {
		return 0, err
	}
	return parseChunkSize(line)
}

func parseChunkSize(line []byte) (int64, error) {
	digits := line
	if i := bytes.IndexByte(line, ';'); i >= 0 {
		digits = bytes.TrimRight(line[:i], " \t")
	}
	if len(digits) == 0 || len(digits) > 15 || !validValue(line) {
		return 0, errChunk
	}
	var n int64
	for _, c := range digits {
		d, ok := hexDigit(c)
		if !ok {
			return 0, errChunk
		}
		n = n<<4 | int64(d)
	}
	return n, nil
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// readLine reads a line that ends in CRLF and returns it without.
func readLine(br *bufio.Reader) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, errChunk
	case err == io.EOF:
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	case len(line) < 2 || line[len(line)-2] != '\r':
		return nil, errChunk
	}
	return line[:len(line)-2], nil
}

// skipTrailer reads the trailer section and the empty line behind it.
func skipTrailer(br *bufio.Reader) error {
	for n := 0; n <= maxTrailer; {
		line, err := readLine(br)
		if err != nil || len(line) == 0 {
			return err
		}
		n += len(line)
	}
	return errChunk
}

// gatherChunks appends the body to dst if buf holds all of it, up to the last
// chunk and without trailers, and returns how much of buf that takes. Otherwise,
// and where a chunk is malformed, it returns false.
func gatherChunks(dst, buf []byte) (body []byte, taken int, ok bool) {
	for rest := buf; ; {
		line, after := cutLine(rest)
		size, err := parseChunkSize(line)
		if after == nil || err != nil || size+2 > int64(len(after)) {
			return dst, 0, false
		}
		if string(after[size:size+2]) != "\r\n" {
			return dst, 0, false
		}
		dst, rest = append(dst, after[:size]...), after[size+2:]
		if size == 0 {
			return dst, len(buf) - len(rest), true
		}
	}
}
