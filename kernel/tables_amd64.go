package kernel

import (
	"slices"
	"sync"
	"unsafe"
)

// tables holds the pointers that the kernels of one block of work follow; each goroutine at work has its own.
type tables struct {
	args    tileArgs
	entries []uintptr // gather: 1+rows a tap; outer: 2 an entry
	starts  []int     // where each tile's (or tap's) entries begin; one more at the end
	c       []uintptr // pointers to each tile's rows of C
	block   []float32 // rows of A copied together
	trash   []float32 // where a tile's surplus rows are written
}

var freeTables = struct {
	sync.Mutex
	free []*tables
}{}

func takeTables() *tables {
	f := &freeTables
	f.Lock()
	defer f.Unlock()
	if k := len(f.free) - 1; k >= 0 {
		t := f.free[k]
		f.free = f.free[:k]
		return t
	}
	return &tables{}
}

func giveTables(t *tables) {
	f := &freeTables
	f.Lock()
	f.free = append(f.free, t)
	f.Unlock()
}

// reset empties the tables for rows of C of n columns.
func (t *tables) reset(n int) {
	t.entries, t.starts, t.c = t.entries[:0], t.starts[:0], t.c[:0]
	if len(t.trash) < n {
		t.trash = make([]float32, n)
	}
}

// open begins the next tile's entries.
func (t *tables) open() { t.starts = append(t.starts, len(t.entries)) }

// extend adds n words to the entries and returns them to be filled in.
func (t *tables) extend(n int) []uintptr {
	from := len(t.entries)
	t.entries = slices.Grow(t.entries, n)[:from+n]
	return t.entries[from:]
}

// entry points the arguments at the entries of tile i.
func (t *tables) entry(i int) {
	end := len(t.entries)
	if i+1 < len(t.starts) {
		end = t.starts[i+1]
	}
	base := uintptr(unsafe.Pointer(unsafe.SliceData(t.entries)))
	t.args.table, t.args.tableEnd = base+uintptr(t.starts[i])*8, base+uintptr(end)*8
}

// room makes block at least n floats long.
func (t *tables) room(n int) {
	if len(t.block) < n {
		t.block = make([]float32, n)
	}
}
