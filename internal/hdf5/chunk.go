package hdf5

import (
	"fmt"
	"slices"
)

// maxChunk bounds the bytes of one chunk, which are unpacked as a whole. HDF5's own limit is 4 GiB, h5py's default 1 MiB, an image of 4096 px 48 MiB.
const maxChunk = 1 << 28

// mostPacked is how many times smaller a chunk can be packed: zlib's limit is 1032.
const mostPacked = 1032

// maxSlab bounds the rows that one chunk reaches over, which are in memory at a time.
const maxSlab = 2 * maxChunk

// chunked says how a dataset's values lie in chunks.
type chunked struct {
	tree    uint64   // the B-tree of the chunks
	index   *indexed // or what finds them in newer files
	dims    []uint64 // of a chunk
	filters []filter
}

// chunk is where one chunk lies.
type chunk struct {
	offset []uint64 // of its first value
	at     uint64
	size   uint32 // in the file
	mask   uint32 // filters that were left out
}

// parseChunks reads what a layout message of version 3 says of chunks.
func parseChunks(c *cursor) (*chunked, error) {
	n := c.u8()
	k := &chunked{tree: c.u64()}
	for range n {
		k.dims = append(k.dims, uint64(c.u32()))
	}
	if n < 2 {
		return nil, fmt.Errorf("hdf5: %w: chunks of %d dimensions", ErrFormat, n-1)
	}
	k.dims = k.dims[:n-1] // the last is the size of a value
	return k, c.err("a layout")
}

// bytes is the size of an unpacked chunk.
func (d *Dataset) chunkBytes() (int, error) {
	n, ok := bytesOf(d.Type, d.chunks.dims, maxChunk)
	if !ok || n == 0 || len(d.chunks.dims) != len(d.Dims) {
		return 0, fmt.Errorf("hdf5: %w: chunks of dims %v in an array of dims %v", ErrFormat, d.chunks.dims, d.Dims)
	}
	return int(n), nil
}

// listed returns the dataset's chunks in the order of their offsets. All must be there: values that were never written would be made up.
func (f *File) listed(d *Dataset, size int) ([]chunk, error) {
	want := uint64(1)
	for i, n := range d.chunks.dims {
		if n == 0 {
			return nil, fmt.Errorf("hdf5: %w: chunks of dims %v", ErrFormat, d.chunks.dims)
		}
		along := (d.Dims[i] + n - 1) / n
		if along > 0 && want > f.size/along { // each takes bytes in the file
			return nil, fmt.Errorf("hdf5: %w: an array of dims %v in chunks of %v", ErrFormat, d.Dims, d.chunks.dims)
		}
		want *= along
	}
	read := f.treeChunks
	if d.chunks.index != nil {
		read = f.indexedChunks
	}
	chunks, err := read(d, size)
	if err != nil {
		return nil, err
	}
	for _, k := range chunks {
		if size > mostPacked*(int(k.size)+64) {
			return nil, fmt.Errorf("hdf5: %w: a chunk of %d bytes is said to unpack to %d", ErrFormat, k.size, size)
		}
	}
	slices.SortFunc(chunks, func(a, b chunk) int { return slices.Compare(a.offset, b.offset) })
	same := func(a, b chunk) bool { return slices.Equal(a.offset, b.offset) }
	if n := len(slices.CompactFunc(slices.Clone(chunks), same)); n != len(chunks) || uint64(n) != want {
		return nil, fmt.Errorf("hdf5: %w: %d of %d chunks were written", ErrFormat, n, want)
	}
	return chunks, nil
}

// treeChunks lists the chunks of a B-tree of version 1.
func (f *File) treeChunks(d *Dataset, _ int) ([]chunk, error) {
	var chunks []chunk
	queue, seen := []uint64{d.chunks.tree}, map[uint64]bool{}
	for i := 0; i < len(queue); i++ {
		if seen[queue[i]] {
			return nil, fmt.Errorf("hdf5: %w: a tree of chunks meets itself at %d", ErrFormat, queue[i])
		}
		seen[queue[i]] = true
		some, children, err := f.chunkNode(d, queue[i])
		if err != nil {
			return nil, err
		}
		chunks, queue = append(chunks, some...), append(queue, children...)
	}
	return chunks, nil
}

// chunkNode reads a node of the tree of chunks: chunks in a leaf, else its children.
func (f *File) chunkNode(d *Dataset, at uint64) (chunks []chunk, children []uint64, err error) {
	head, err := f.bytes(at, 24)
	if err != nil {
		return nil, nil, err
	}
	if string(head[:4]) != "TREE" || head[4] != 1 {
		return nil, nil, fmt.Errorf("hdf5: %w: no tree of chunks at %d", ErrFormat, at)
	}
	level, n := head[5], uint64((&cursor{b: head[6:]}).u16())
	key := uint64(8 + 8*(len(d.Dims)+1))
	body, err := f.bytes(at+24, n*(key+8))
	if err != nil {
		return nil, nil, err
	}
	for c := (&cursor{b: body}); len(c.b) > 0; {
		k := chunk{size: c.u32(), mask: c.u32()}
		for i := range d.Dims {
			k.offset = append(k.offset, c.u64())
			if k.offset[i]%d.chunks.dims[i] != 0 || k.offset[i] >= d.Dims[i] {
				return nil, nil, fmt.Errorf("hdf5: %w: a chunk at %v of an array of dims %v", ErrFormat, k.offset, d.Dims)
			}
		}
		c.u64() // within a value
		k.at = c.u64()
		if level > 0 {
			children = append(children, k.at)
		} else {
			chunks = append(chunks, k)
		}
	}
	return chunks, children, nil
}

// EachSlab hands the values of a dataset in chunks to use, as they would lie in one block, rows (places along the first dimension) after rows: about
// limit bytes at a time, or as many as the rows of one chunk take. The bytes may be reused when use returns.
func (f *File) EachSlab(d *Dataset, limit int, use func(b []byte) error) error {
	if d.chunks == nil {
		return d.layout
	}
	size, err := d.chunkBytes()
	if err != nil {
		return err
	}
	row, ok := bytesOf(d.Type, d.Dims[1:], maxChunk)
	if !ok {
		return fmt.Errorf("hdf5: %w: rows of dims %v", ErrFormat, d.Dims[1:])
	}
	chunks, err := f.listed(d, size)
	if err != nil {
		return err
	}
	deep := d.chunks.dims[0]
	if row == 0 || deep > maxSlab/row {
		return fmt.Errorf("hdf5: %w: chunks that reach over %d rows of %d bytes", ErrUnsupported, deep, row)
	}
	rows := max(deep, uint64(limit)/row/deep*deep) // whole chunks, so that each is unpacked once
	slab := make([]byte, min(rows, d.Dims[0])*row)
	for first := uint64(0); first < d.Dims[0]; first += rows {
		n := min(rows, d.Dims[0]-first)
		for _, k := range chunks {
			if k.offset[0] >= first+n || k.offset[0]+deep <= first {
				continue
			}
			packed, err := f.bytes(k.at, uint64(k.size))
			if err != nil {
				return err
			}
			values, err := unfilter(d.chunks.filters, k.mask, packed, size, d.Type.Size)
			if err != nil {
				return err
			}
			d.scatter(slab[:n*row], first, k, values)
		}
		if err := use(slab[:n*row]); err != nil {
			return err
		}
	}
	return nil
}

// scatter copies a chunk's values into the slab that begins at row first, run by run along the last dimension.
func (d *Dataset) scatter(slab []byte, first uint64, k chunk, values []byte) {
	last := len(d.Dims) - 1
	element := uint64(d.Type.Size)
	rows := uint64(len(slab)) / element
	for _, n := range d.Dims[1:] {
		rows /= n
	}
	at := make([]uint64, len(d.Dims)) // within the chunk; the last stays 0
	run := min(d.chunks.dims[last], d.Dims[last]-k.offset[last])
	if last == 0 {
		d.copyRun(slab, first, rows, k, values)
		return
	}
	for from := uint64(0); ; from += d.chunks.dims[last] * element {
		to, inside := uint64(0), true
		for i := range d.Dims {
			place := k.offset[i] + at[i]
			if i == 0 {
				inside = place >= first && place < first+rows
				place -= first
			} else if place >= d.Dims[i] {
				inside = false
			}
			to = to*max(1, d.sizeOf(i, rows)) + place
		}
		if inside {
			copy(slab[to*element:][:run*element], values[from:])
		}
		i := last - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < d.chunks.dims[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// sizeOf is the slab's size along a dimension.
func (d *Dataset) sizeOf(i int, rows uint64) uint64 {
	if i == 0 {
		return rows
	}
	return d.Dims[i]
}

// copyRun is scatter for arrays of one dimension.
func (d *Dataset) copyRun(slab []byte, first, rows uint64, k chunk, values []byte) {
	element := uint64(d.Type.Size)
	from, to := max(k.offset[0], first), min(k.offset[0]+d.chunks.dims[0], first+rows)
	copy(slab[(from-first)*element:(to-first)*element], values[(from-k.offset[0])*element:])
}
