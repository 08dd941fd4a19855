package hdf5

import "fmt"

// Node is an object of a file: a group, with Links, or a dataset, with Data.
type Node struct {
	Links   map[string]uint64 // names to addresses, for Node
	Soft    map[string]string // names of soft links to their paths, for Lookup
	Outside map[string]bool   // names of links into other files
	Data    *Dataset          // nil for groups

	attributes map[string]Attribute
	broken     map[string]error // attributes that cannot be read
	dense      bool             // attributes are kept where this package does not look
}

// Dataset is an array in a file.
type Dataset struct {
	Type   Type
	Dims   []uint64
	most   []uint64 // how far each may grow; undefined: without end
	Offset int64    // where in the file its values lie
	Size   int64    // their bytes; that all of them lie within the file has been checked
	chunks *chunked // how values lie in chunks, nil where they lie in one block
	inline []byte
	layout error // why the values cannot be read
}

// InChunks reports values that lie in chunks, which may be compressed: EachSlab reads them.
func (d *Dataset) InChunks() bool { return d.chunks != nil }

// Contiguous reports why the values do not lie in one block of the file, nil where they do.
func (d *Dataset) Contiguous() error {
	if d.layout == nil && d.inline != nil {
		return fmt.Errorf("hdf5: %w: values within the object header", ErrUnsupported)
	}
	return d.layout
}

// Node reads the object at an address.
func (f *File) Node(at uint64) (*Node, error) {
	messages, err := f.messages(at)
	if err != nil {
		return nil, err
	}
	n := &Node{Links: map[string]uint64{}, Soft: map[string]string{}, Outside: map[string]bool{}, attributes: map[string]Attribute{}, broken: map[string]error{}}
	var d Dataset
	var filters []filter
	var found [4]bool // dataspace, data type, layout, symbol table
	for _, m := range messages {
		c := &cursor{b: m.body}
		if m.flags&2 != 0 && (m.kind == msgDatatype || m.kind == msgDataspace) {
			return nil, fmt.Errorf("hdf5: %w: a committed data type", ErrUnsupported)
		}
		var err error
		switch m.kind {
		case msgDataspace:
			d.Dims, d.most, err = parseSpace(c)
			found[0] = true
		case msgDatatype:
			d.Type, err = parseType(c, 0)
			found[1] = true
		case msgLayout:
			err = d.parseLayout(c)
			found[2] = true
		case msgFilter:
			filters, err = parseFilters(c)
		case msgExternal:
			d.layout = fmt.Errorf("hdf5: %w: values in another file", ErrUnsupported)
		case msgLink:
			err = n.parseLink(c)
		case msgLinkInfo:
			err = checkLinkInfo(c)
		case msgSymbolTable:
			if found[3] {
				return nil, fmt.Errorf("hdf5: %w: a group with two symbol tables", ErrFormat)
			}
			found[3] = true
			err = f.symbolTable(n, c.u64(), c.u64())
		case msgAttribute:
			a, bad := parseAttribute(m.body)
			if bad != nil {
				n.broken[a.Name] = bad
			} else {
				n.attributes[a.Name] = a
			}
		case msgAttrInfo:
			n.dense = denseAttributes(c)
		}
		if err != nil {
			return nil, err
		}
	}
	if found[0] && found[1] && found[2] {
		n.Data = &d
		if d.chunks != nil {
			d.chunks.filters = filters
		}
		return n, d.place(f)
	}
	return n, nil
}

// Attribute returns an attribute by name; false where there is none.
func (n *Node) Attribute(name string) (Attribute, bool, error) {
	if a, ok := n.attributes[name]; ok {
		return a, true, nil
	}
	if err, ok := n.broken[name]; ok {
		return Attribute{}, true, err
	}
	if n.dense {
		return Attribute{}, false, fmt.Errorf("hdf5: %w: attribute %q may be in dense storage", ErrUnsupported, name)
	}
	return Attribute{}, false, nil
}

// parseLayout reads a layout message.
func (d *Dataset) parseLayout(c *cursor) error {
	version, class := c.u8(), c.u8()
	if version < 3 || version > 5 {
		return fmt.Errorf("hdf5: %w: layout version %d", ErrUnsupported, version)
	}
	switch class {
	case 0:
		d.inline = c.take(c.u16())
		d.Size = int64(len(d.inline))
	case 1:
		at, size := c.u64(), c.u64()
		if at == undefined {
			if d.layout == nil {
				d.layout = fmt.Errorf("hdf5: %w: no values were ever written", ErrFormat)
			}
			break
		}
		d.Offset, d.Size = int64(at), int64(size)
	case 2:
		parse := parseChunks
		if version > 3 {
			parse = parseIndexed
		}
		chunks, err := parse(c)
		if err != nil {
			return err
		}
		if chunks.index == nil && chunks.tree == undefined || chunks.index != nil && chunks.index.at == undefined {
			d.layout = fmt.Errorf("hdf5: %w: no values were ever written", ErrFormat)
			break
		}
		d.chunks, d.layout = chunks, fmt.Errorf("hdf5: %w: values in chunks", ErrUnsupported)
	default:
		d.layout = fmt.Errorf("hdf5: %w: a virtual dataset, whose values lie in other files", ErrUnsupported)
	}
	return c.err("a layout")
}

// place checks that the values lie within the file, and turns their address into an offset.
func (d *Dataset) place(f *File) error {
	want, ok := bytesOf(d.Type, d.Dims, 1<<62)
	if !ok {
		return fmt.Errorf("hdf5: %w: an array of dims %v", ErrFormat, d.Dims)
	}
	if want == 0 {
		d.layout, d.Size, d.inline = nil, 0, nil
		return nil
	}
	if d.layout != nil {
		return nil
	}
	if uint64(d.Size) < want {
		return fmt.Errorf("hdf5: %w: dims %v of %d bytes take %d bytes, %d are kept", ErrFormat, d.Dims, d.Type.Size, want, d.Size)
	}
	d.Size = int64(want)
	if d.inline != nil {
		return nil
	}
	if at := uint64(d.Offset); at > f.size || want > f.size-at {
		return fmt.Errorf("hdf5: %w: values of dims %v lie at %d to %d, the file ends at %d: cut short", ErrFormat, d.Dims, at, at+want, f.size)
	}
	d.Offset += int64(f.base)
	return nil
}

// Read returns all values of a dataset as they lie, for small ones.
func (f *File) Read(d *Dataset) (Value, error) {
	v := Value{Type: d.Type, Dims: d.Dims}
	switch {
	case d.chunks != nil:
		err := f.EachSlab(d, 1<<20, func(b []byte) error {
			v.Data = append(v.Data, b...)
			return nil
		})
		return v, err
	case d.layout != nil:
		return v, d.layout
	case d.inline != nil:
		v.Data = d.inline[:d.Size]
		return v, nil
	case d.Size == 0:
		return v, nil
	}
	var err error
	v.Data, err = f.bytes(uint64(d.Offset)-f.base, uint64(d.Size))
	return v, err
}
