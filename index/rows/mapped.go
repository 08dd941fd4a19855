package rows

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/edsrzf/mmap-go" // maps files on every system, Windows included
)

// Damage is a block whose bytes are not those that were written.
type Damage struct {
	File  string // name without folder
	Block int
	At    int64 // of the block's first byte in the file
}

// Error names the block.
func (d *Damage) Error() string {
	return fmt.Sprintf("block %d of %s (bytes %d to %d) is damaged: its checksum differs", d.Block, d.File, d.At, d.At+BlockBytes-1)
}

// Mapped reads a file. Several goroutines may use it.
type Mapped struct {
	name    string
	region  *region
	state   State
	checked []atomic.Bool // of each block
}

// region is a mapped piece of a file, shared by what is read of it as it grows.
type region struct {
	bytes mmap.MMap
	once  sync.Once
	err   error
}

// Open maps the data that s counts of a file. A file that is shorter is an error.
func Open(path string, h Header, s State) (*Mapped, error) {
	name := filepath.Base(path)
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, errors.New("indexes are read on little-endian machines alone")
	}
	if s.Size < 0 || s.Size%int64(h.RowBytes) != 0 || int64(len(s.Sums)) != (s.Size+BlockBytes-1)/BlockBytes {
		return nil, fmt.Errorf("%s: %d bytes in rows of %d with %d checksums do not fit together", name, s.Size, h.RowBytes, len(s.Sums))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < HeaderBytes+s.Size {
		return nil, fmt.Errorf("%s is cut off: %d bytes; expected %d at least", name, info.Size(), HeaderBytes+s.Size)
	}
	length := HeaderBytes + s.Size
	if runtime.GOOS != "windows" { // room to grow into; Windows maps what is there alone
		length += s.Size/2 + 1<<20
	}
	if length > math.MaxInt {
		return nil, fmt.Errorf("%s: %d bytes are too many to map on this machine", name, length)
	}
	bytes, err := mmap.MapRegion(f, int(length), mmap.RDONLY, 0, 0)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", name, err)
	}
	m := &Mapped{name: name, region: &region{bytes: bytes}, state: s, checked: make([]atomic.Bool, len(s.Sums))}
	if err := h.check(bytes[:HeaderBytes]); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), m.Close())
	}
	return m, nil
}

// Grown is the same file after more was appended, where that fits into what is mapped. Both may be used on; closing one closes both.
func (m *Mapped) Grown(s State) (*Mapped, bool) {
	if s.Size < m.state.Size || HeaderBytes+s.Size > int64(len(m.region.bytes)) || int64(len(s.Sums)) != (s.Size+BlockBytes-1)/BlockBytes {
		return nil, false
	}
	whole := int(m.state.Size / BlockBytes)
	if !slices.Equal(m.state.Sums[:whole], s.Sums[:whole]) {
		return nil, false
	}
	g := &Mapped{name: m.name, region: m.region, state: s, checked: make([]atomic.Bool, len(s.Sums))}
	for i := range whole {
		g.checked[i].Store(m.checked[i].Load())
	}
	return g, true
}

// Close unmaps the file. No slice that was handed out may be used any more.
func (m *Mapped) Close() error {
	m.region.once.Do(func() { m.region.err = m.region.bytes.Unmap() })
	return m.region.err
}

// Size is the number of bytes of data.
func (m *Mapped) Size() int64 { return m.state.Size }

// Bytes returns n bytes from at, mapped, of blocks that are whole.
func (m *Mapped) Bytes(at int64, n int) ([]byte, error) {
	if at < 0 || n < 0 || at > m.state.Size-int64(n) {
		return nil, fmt.Errorf("%s has no bytes %d to %d: it holds %d", m.name, at, at+int64(n), m.state.Size)
	}
	for b := int(at / BlockBytes); int64(b)*BlockBytes < at+int64(n); b++ {
		if !m.checked[b].Load() {
			if !m.whole(b) {
				return nil, m.damage(b)
			}
			m.checked[b].Store(true)
		}
	}
	return m.region.bytes[HeaderBytes+at:][:n:n], nil
}

// Floats returns n float32 from number at on, mapped.
func (m *Mapped) Floats(at int64, n int) ([]float32, error) {
	b, err := m.Bytes(4*at, 4*n)
	if err != nil || n == 0 {
		return nil, err
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), n), nil
}

// Int64s returns n int64 from number at on, mapped.
func (m *Mapped) Int64s(at int64, n int) ([]int64, error) {
	b, err := m.Bytes(8*at, 8*n)
	if err != nil || n == 0 {
		return nil, err
	}
	return unsafe.Slice((*int64)(unsafe.Pointer(&b[0])), n), nil
}

// whole reports whether block b has its checksum.
func (m *Mapped) whole(b int) bool {
	at := int64(b) * BlockBytes
	end := min(at+BlockBytes, m.state.Size)
	return crc32.Checksum(m.region.bytes[HeaderBytes+at:HeaderBytes+end], castagnoli) == m.state.Sums[b]
}

func (m *Mapped) damage(b int) *Damage { return &Damage{m.name, b, HeaderBytes + int64(b)*BlockBytes} }

// Check reads all blocks anew and returns those that are damaged.
func (m *Mapped) Check() []*Damage {
	var bad []*Damage
	for b := range m.state.Sums {
		if !m.whole(b) {
			bad = append(bad, m.damage(b))
		}
	}
	return bad
}
