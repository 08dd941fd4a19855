package hdf5

import "fmt"

// parseLink reads a link message. Soft and external links are passed over.
func (n *Node) parseLink(c *cursor) error {
	if version := c.u8(); version != 1 {
		return fmt.Errorf("hdf5: %w: link version %d", ErrUnsupported, version)
	}
	flags := c.u8()
	kind := 0
	if flags&8 != 0 {
		kind = c.u8()
	}
	if flags&4 != 0 {
		c.take(8) // creation order
	}
	if flags&16 != 0 {
		c.take(1) // character set
	}
	length := c.uint(1 << (flags & 3))
	if length > uint64(len(c.b)) {
		return fmt.Errorf("hdf5: %w: a link's name is cut short", ErrFormat)
	}
	name := string(c.take(int(length)))
	if kind == 0 {
		n.Links[name] = c.u64()
	}
	return c.err("a link")
}

// checkLinkInfo refuses groups whose links lie in a fractal heap.
func checkLinkInfo(c *cursor) error {
	c.u8()
	if flags := c.u8(); flags&1 != 0 {
		c.take(8)
	}
	if heap := c.u64(); heap != undefined && !c.short {
		return fmt.Errorf("hdf5: %w: dense link storage (a group with many members)", ErrUnsupported)
	}
	return c.err("a group")
}

// denseAttributes reports whether an attribute info message tells of a fractal heap.
func denseAttributes(c *cursor) bool {
	c.u8()
	if flags := c.u8(); flags&1 != 0 {
		c.take(2)
	}
	return c.u64() != undefined && !c.short
}

// symbolTable reads the members of an old group: a B-tree of symbol nodes, names in a local heap.
func (f *File) symbolTable(links map[string]uint64, tree, heap uint64) error {
	b, err := f.bytes(heap, 32)
	if err != nil {
		return err
	}
	if string(b[:4]) != "HEAP" {
		return fmt.Errorf("hdf5: %w: no heap of names at %d", ErrFormat, heap)
	}
	c := &cursor{b: b[8:]}
	size := c.u64()
	c.u64()
	names, err := f.bytes(c.u64(), size)
	if err != nil {
		return err
	}
	queue, seen := []uint64{tree}, map[uint64]bool{}
	for i := 0; i < len(queue); i++ {
		if seen[queue[i]] {
			return fmt.Errorf("hdf5: %w: a group's tree meets itself at %d", ErrFormat, queue[i])
		}
		seen[queue[i]] = true
		head, err := f.bytes(queue[i], 8)
		if err != nil {
			return err
		}
		switch string(head[:4]) {
		case "TREE":
			children, err := f.bytes(queue[i]+24, 16*uint64((&cursor{b: head[6:]}).u16()))
			if err != nil {
				return err
			}
			for c := (&cursor{b: children}); len(c.b) > 0; {
				c.u64() // key
				queue = append(queue, c.u64())
			}
		case "SNOD":
			entries, err := f.bytes(queue[i]+8, 40*uint64((&cursor{b: head[6:]}).u16()))
			if err != nil {
				return err
			}
			for c := (&cursor{b: entries}); len(c.b) > 0; {
				name, at, cache := c.u64(), c.u64(), c.u32()
				c.take(20)
				if name >= uint64(len(names)) {
					return fmt.Errorf("hdf5: %w: a member's name lies outside its heap", ErrFormat)
				}
				if cache != 2 { // 2: a soft link
					links[(&cursor{b: names[name:]}).name(false)] = at
				}
			}
		default:
			return fmt.Errorf("hdf5: %w: no group node at %d", ErrFormat, queue[i])
		}
	}
	return nil
}
