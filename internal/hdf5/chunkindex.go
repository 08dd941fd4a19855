package hdf5

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Chunks in the layout of HDF5 1.10 and later (h5py's libver="latest") are found through one of five indices, by which of the
// dimensions may grow: none, and there is one chunk (single) or all lie one after the other (implicit) or in a table (fixed
// array); one (extensible array); several (B-tree of version 2). HDF5 file format specification 3.0, VII.
const (
	singleChunk  = 1
	implicit     = 2
	fixedArray   = 3
	extensible   = 4
	secondBTree  = 5
	unfiltered   = 1 << 0 // flag: chunks over the edge of the array are not filtered
	singleFilter = 1 << 1 // flag: the single chunk is filtered
)

// indexed says how chunks are found.
type indexed struct {
	kind, flags int
	at          uint64
	size        uint64 // of the single chunk in the file, and the filters that were left out
	mask        uint32
}

// parseIndexed reads what a layout message of version 4 or 5 says of chunks.
func parseIndexed(c *cursor) (*chunked, error) {
	x := &indexed{flags: c.u8()}
	n, width := c.u8(), c.u8()
	k := &chunked{index: x}
	if n < 2 || width < 1 || width > 8 {
		return nil, fmt.Errorf("hdf5: %w: chunks of %d dimensions, written in %d bytes", ErrFormat, n-1, width)
	}
	for range n {
		k.dims = append(k.dims, c.uint(width))
	}
	k.dims = k.dims[:n-1] // the last is the size of a value
	x.kind = c.u8()
	switch x.kind {
	case singleChunk:
		if x.flags&singleFilter != 0 {
			x.size, x.mask = c.u64(), c.u32()
		}
	case implicit:
	case fixedArray:
		c.take(1) // how arrays are cut into pages stands in their headers too
	case extensible:
		c.take(5)
	case secondBTree:
		c.take(6)
	default:
		return nil, fmt.Errorf("hdf5: %w: an index of chunks of kind %d", ErrUnsupported, x.kind)
	}
	x.at = c.u64()
	return k, c.err("a layout")
}

// chunkIndex finds chunks.
type chunkIndex struct {
	*File
	d      *Dataset
	size   int               // of an unpacked chunk
	blocks map[uint64][]byte // that were read, and whose checksums are right
}

// indexedChunks lists the chunks of a dataset by its index.
func (f *File) indexedChunks(d *Dataset, size int) ([]chunk, error) {
	x := &chunkIndex{File: f, d: d, size: size, blocks: map[uint64][]byte{}}
	index := d.chunks.index
	var find func(n uint64) (chunk, error)
	var err error
	switch index.kind {
	case singleChunk:
		find = func(n uint64) (chunk, error) {
			k := chunk{at: index.at, size: uint32(size)}
			if n > 0 {
				return k, fmt.Errorf("hdf5: %w: a single chunk of dims %v for an array of dims %v", ErrFormat, d.chunks.dims, d.Dims)
			}
			if index.flags&singleFilter != 0 {
				if index.size > maxChunk {
					return k, fmt.Errorf("hdf5: %w: a chunk of %d bytes", ErrFormat, index.size)
				}
				k.size, k.mask = uint32(index.size), index.mask
			}
			return k, nil
		}
	case implicit:
		find = func(n uint64) (chunk, error) { return chunk{at: index.at + n*uint64(size), size: uint32(size)}, nil }
	case fixedArray:
		find, err = x.fixedArray()
	case extensible:
		find, err = x.extensibleArray()
	case secondBTree:
		return x.btree()
	}
	if err != nil {
		return nil, err
	}
	return x.each(find)
}

// each looks up every chunk of the array as it is by its number: the first dimension that may grow without end counts slowest,
// then the others in their order, all as far as they may grow.
func (x *chunkIndex) each(find func(n uint64) (chunk, error)) ([]chunk, error) {
	d := x.d
	order := make([]int, 0, len(d.Dims))
	for i, most := range d.most {
		if most == undefined && x.d.chunks.index.kind == extensible {
			order = append([]int{i}, order...)
		} else {
			order = append(order, i)
		}
	}
	step := make([]uint64, len(d.Dims)) // of the number, along each dimension
	for i, n := len(order)-1, uint64(1); i >= 0; i-- {
		step[order[i]] = n
		along := max((d.most[order[i]]-1)/d.chunks.dims[order[i]]+1, 1)
		if i > 0 {
			hi, lo := bits.Mul64(n, along)
			if hi != 0 {
				return nil, fmt.Errorf("hdf5: %w: an array that may grow to dims %v in chunks of %v", ErrFormat, d.most, d.chunks.dims)
			}
			n = lo
		}
	}
	var out []chunk
	offset := make([]uint64, len(d.Dims))
	for {
		n := uint64(0)
		for i, o := range offset {
			n += o / d.chunks.dims[i] * step[i]
		}
		k, err := find(n)
		if err != nil {
			return nil, err
		}
		if k.at != undefined {
			out = append(out, x.placed(k, offset))
		}
		i := len(offset) - 1
		for ; i >= 0; i-- {
			if offset[i] += d.chunks.dims[i]; offset[i] < d.Dims[i] {
				break
			}
			offset[i] = 0
		}
		if i < 0 {
			return out, nil
		}
	}
}

// placed is a chunk with its offset. Over the edge of the array filters may be left out.
func (x *chunkIndex) placed(k chunk, offset []uint64) chunk {
	k.offset = append([]uint64(nil), offset...)
	for i, o := range offset {
		if x.d.chunks.index.flags&unfiltered != 0 && o+x.d.chunks.dims[i] > x.d.Dims[i] {
			k.mask, k.size = 1<<32-1, uint32(x.size)
		}
	}
	return k
}

// block returns the n bytes at an address, whose last four are the checksum of the others; mark is what they begin with, if
// anything.
func (x *chunkIndex) block(at, n uint64, mark string) ([]byte, error) {
	if b, ok := x.blocks[at]; ok && uint64(len(b)) == n {
		return b, nil
	}
	b, err := x.bytes(at, n)
	if err != nil {
		return nil, err
	}
	if n < 4+uint64(len(mark)) || string(b[:len(mark)]) != mark || checksum(b[:n-4]) != binary.LittleEndian.Uint32(b[n-4:]) {
		return nil, fmt.Errorf("hdf5: %w: no part of an index of chunks (%s) at %d, or a damaged one", ErrFormat, mark, at)
	}
	x.blocks[at] = b
	return b, nil
}

// element reads an element of an array of chunks: an address, and for filtered chunks a size and the filters left out.
func (x *chunkIndex) element(b []byte, filtered bool) (chunk, error) {
	c := &cursor{b: b}
	k := chunk{at: c.u64(), size: uint32(x.size)}
	if filtered {
		size := c.uint(len(b) - 12)
		if size > maxChunk && k.at != undefined {
			return k, fmt.Errorf("hdf5: %w: a chunk of %d bytes", ErrFormat, size)
		}
		k.size, k.mask = uint32(size), c.u32()
	}
	return k, c.err("an index of chunks")
}

// array is what arrays of chunks have in common.
type array struct {
	filtered bool
	entry    uint64 // bytes of an element
	page     uint64 // elements in a page of a large block
}

func (x *chunkIndex) array(client, entry, pageBits int) (array, error) {
	a := array{client == 1, uint64(entry), 1 << min(pageBits, 32)}
	if client > 1 || a.filtered && (entry < 13 || entry > 20) || !a.filtered && entry != 8 {
		return a, fmt.Errorf("hdf5: %w: elements of %d bytes in an index of chunks", ErrFormat, entry)
	}
	return a, nil
}

// pages is how many pages n elements take, 0 where they are not cut into any.
func (a array) pages(n uint64) uint64 {
	if n <= a.page {
		return 0
	}
	return (n + a.page - 1) / a.page
}

// at reads element i of the n that follow the head of a block at an address, which is head bytes long without a checksum.
// bitmap, where it is not nil, says which pages were written.
func (x *chunkIndex) at(a array, at, head, n, i uint64, mark string, bitmap func(page uint64) (bool, error)) (chunk, error) {
	if a.pages(n) == 0 {
		b, err := x.block(at, head+n*a.entry+4, mark)
		if err != nil {
			return chunk{}, err
		}
		return x.element(b[head+i*a.entry:][:a.entry], a.filtered)
	}
	if _, err := x.block(at, head+4, mark); err != nil {
		return chunk{}, err
	}
	page := i / a.page
	if written, err := bitmap(page); err != nil || !written {
		return chunk{at: undefined}, err
	}
	b, err := x.block(at+head+4+page*(a.page*a.entry+4), min(a.page, n-page*a.page)*a.entry+4, "")
	if err != nil {
		return chunk{}, err
	}
	return x.element(b[i%a.page*a.entry:][:a.entry], a.filtered)
}

// bit is bit n of a bitmap, counted from the highest of each byte.
func bit(b []byte, n uint64) bool { return b[n/8]&(0x80>>(n%8)) != 0 }

// fixedArray finds chunks in a table of as many as there may be.
func (x *chunkIndex) fixedArray() (func(n uint64) (chunk, error), error) {
	head, err := x.block(x.d.chunks.index.at, 28, "FAHD")
	if err != nil {
		return nil, err
	}
	c := &cursor{b: head[5:]}
	a, err := x.array(c.u8(), c.u8(), c.u8())
	if err != nil {
		return nil, err
	}
	n, at := c.u64(), c.u64()
	if n > x.File.size {
		return nil, fmt.Errorf("hdf5: %w: a table of %d chunks", ErrFormat, n)
	}
	bitmap := (a.pages(n) + 7) / 8
	return func(i uint64) (chunk, error) {
		if at == undefined {
			return chunk{at: undefined}, nil
		}
		if i >= n {
			return chunk{}, fmt.Errorf("hdf5: %w: chunk %d of a table of %d", ErrFormat, i, n)
		}
		return x.at(a, at, 14+bitmap, n, i, "FADB", func(page uint64) (bool, error) {
			b, err := x.block(at, 14+bitmap+4, "FADB")
			return err == nil && bit(b[14:], page), err
		})
	}, nil
}

// extensibleArray finds chunks in an array that grows: the first elements lie in its index block, the next in data blocks that it
// names, the others in data blocks that super blocks name.
func (x *chunkIndex) extensibleArray() (func(n uint64) (chunk, error), error) {
	head, err := x.block(x.d.chunks.index.at, 72, "EAHD")
	if err != nil {
		return nil, err
	}
	c := &cursor{b: head[5:]}
	client, entry, mostBits, first, least, pointers, pageBits := c.u8(), c.u8(), c.u8(), uint64(c.u8()), uint64(c.u8()), uint64(c.u8()), c.u8()
	a, err := x.array(client, entry, pageBits)
	if err != nil {
		return nil, err
	}
	if least == 0 || least&(least-1) != 0 || pointers == 0 || pointers&(pointers-1) != 0 || mostBits > 64 || mostBits < bits.Len64(least)-1 {
		return nil, fmt.Errorf("hdf5: %w: an array of chunks in blocks of %d, %d of them at a time", ErrFormat, least, pointers)
	}
	c.take(48) // counts
	root := c.u64()
	supers := uint64(1 + mostBits - (bits.Len64(least) - 1))
	direct := min(2*uint64(bits.Len64(pointers)-1), supers) // super blocks whose data blocks the index block names
	named := 2 * (pointers - 1)
	wide := uint64(mostBits+7) / 8
	undefinedChunk := chunk{at: undefined}
	return func(n uint64) (chunk, error) {
		if root == undefined {
			return undefinedChunk, nil
		}
		index, err := x.block(root, 14+first*a.entry+8*(named+supers-direct)+4, "EAIB")
		if err != nil {
			return undefinedChunk, err
		}
		if n < first {
			return x.element(index[14+n*a.entry:][:a.entry], a.filtered)
		}
		n -= first
		// Super block s stands for 2^(s/2) data blocks of least * 2^((s+1)/2) elements, and begins at least * (2^s - 1).
		s := uint64(bits.Len64(n/least+1) - 1)
		if s >= supers {
			return undefinedChunk, fmt.Errorf("hdf5: %w: chunk %d of an array of less", ErrFormat, n)
		}
		n -= least * (1<<s - 1)
		blocks, elements := uint64(1)<<(s/2), least<<((s+1)/2)
		if elements > x.File.size {
			return undefinedChunk, fmt.Errorf("hdf5: %w: a block of %d chunks", ErrFormat, elements)
		}
		block := n / elements
		n %= elements
		names := index[14+first*a.entry:]
		written := func(uint64) (bool, error) { return true, nil }
		if s < direct {
			for before := range s {
				block += 1 << (before / 2)
			}
			if block >= named {
				return undefinedChunk, fmt.Errorf("hdf5: %w: data block %d of %d", ErrFormat, block, named)
			}
		} else {
			super := (&cursor{b: names[8*(named+s-direct):]}).u64()
			if super == undefined {
				return undefinedChunk, nil
			}
			pages := a.pages(elements)
			each := (pages + 7) / 8
			b, err := x.block(super, 14+wide+blocks*(each+8)+4, "EASB")
			if err != nil {
				return undefinedChunk, err
			}
			names = b[14+wide+blocks*each:]
			of := block * pages // the bits of all blocks follow one another without a gap, though whole bytes are kept for each
			written = func(page uint64) (bool, error) { return bit(b[14+wide:], of+page), nil }
		}
		at := (&cursor{b: names[8*block:]}).u64()
		if at == undefined {
			return undefinedChunk, nil
		}
		return x.at(a, at, 14+wide, elements, n, "EADB", written)
	}, nil
}

// btree lists the chunks of a B-tree of version 2.
func (x *chunkIndex) btree() ([]chunk, error) {
	head, err := x.block(x.d.chunks.index.at, 38, "BTHD")
	if err != nil {
		return nil, err
	}
	c := &cursor{b: head[5:]}
	kind, node, record, depth := c.u8(), uint64(c.u32()), uint64(c.u16()), c.u16()
	c.take(2)
	root, count := c.u64(), uint64(c.u16())
	coordinates := 8 * uint64(len(x.d.Dims))
	filtered := kind == 11
	if kind != 10 && kind != 11 || !filtered && record != 8+coordinates || filtered && (record < 13+coordinates || record > 20+coordinates) ||
		depth > 16 || node < 10+record || node > maxChunk {
		return nil, fmt.Errorf("hdf5: %w: a tree of chunks of kind %d with records of %d bytes", ErrFormat, kind, record)
	}
	if root == undefined {
		return nil, nil
	}
	// By depth: how many records a node holds, and the nodes below it in all, and in how many bytes the last is written.
	most, all, bytesOfAll := []uint64{(node - 10) / record}, []uint64{(node - 10) / record}, []uint64{0}
	bytesIn := func(n uint64) uint64 { return uint64(bits.Len64(n)-1)/8 + 1 }
	counts := bytesIn(most[0])
	for d := 1; d <= depth; d++ {
		pointer := 8 + counts + bytesOfAll[d-1]
		m := (node - min(node, 10+pointer)) / (record + pointer)
		hi, total := bits.Mul64(m+1, all[d-1])
		if m == 0 || hi != 0 || total+m < total {
			return nil, fmt.Errorf("hdf5: %w: a tree of chunks %d deep", ErrFormat, depth)
		}
		most, all = append(most, m), append(all, total+m)
		bytesOfAll = append(bytesOfAll, bytesIn(total+m))
	}
	var out []chunk
	seen := map[uint64]bool{}
	var visit func(at, n uint64, depth int) error
	visit = func(at, n uint64, depth int) error {
		if seen[at] || n > most[depth] {
			return fmt.Errorf("hdf5: %w: a tree of chunks meets itself at %d, or has a node too full", ErrFormat, at)
		}
		seen[at] = true
		mark, size := "BTLF", 6+n*record+4
		pointer := uint64(0)
		if depth > 0 {
			pointer = 8 + counts + bytesOfAll[depth-1]
			mark, size = "BTIN", size+(n+1)*pointer
		}
		b, err := x.block(at, size, mark)
		if err != nil {
			return err
		}
		for i := range n {
			r := b[6+i*record:][:record]
			k, err := x.element(r[:record-coordinates], filtered)
			if err != nil {
				return err
			}
			offset := make([]uint64, len(x.d.Dims))
			for j, c := 0, (&cursor{b: r[record-coordinates:]}); j < len(offset); j++ {
				scaled := c.u64()
				if scaled > (x.d.Dims[j]-1)/x.d.chunks.dims[j] {
					return fmt.Errorf("hdf5: %w: a chunk outside of an array of dims %v", ErrFormat, x.d.Dims)
				}
				offset[j] = scaled * x.d.chunks.dims[j]
			}
			if k.at != undefined {
				out = append(out, x.placed(k, offset))
			}
		}
		if depth == 0 {
			return nil
		}
		for c := (&cursor{b: b[6+n*record : size-4]}); len(c.b) > 0; {
			child := c.u64()
			below := c.uint(int(counts))
			c.take(int(bytesOfAll[depth-1]))
			if err := visit(child, below, depth-1); err != nil {
				return err
			}
		}
		return nil
	}
	return out, visit(root, count, depth)
}
