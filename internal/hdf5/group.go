package hdf5

import (
	"fmt"
	"strings"
)

// parseLink reads a link message.
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
	switch kind {
	case 0:
		n.Links[name] = c.u64()
	case 1:
		n.Soft[name] = string(c.take(c.u16()))
	default:
		n.Outside[name] = true
	}
	return c.err("a link")
}

// softLink is the kind of an old group's entry that names a path instead of an object.
const softLink = 2

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
func (f *File) symbolTable(n *Node, tree, heap uint64) error {
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
				c.take(4)
				scratch := &cursor{b: c.take(16)}
				if name >= uint64(len(names)) {
					return fmt.Errorf("hdf5: %w: a member's name lies outside its heap", ErrFormat)
				}
				member := (&cursor{b: names[name:]}).name(false)
				if cache != softLink {
					n.Links[member] = at
					continue
				}
				value := uint64(scratch.u32())
				if value >= uint64(len(names)) {
					return fmt.Errorf("hdf5: %w: the path of the soft link %q lies outside its heap", ErrFormat, member)
				}
				n.Soft[member] = (&cursor{b: names[value:]}).name(false)
			}
		default:
			return fmt.Errorf("hdf5: %w: no group node at %d", ErrFormat, queue[i])
		}
	}
	return nil
}

// maxLinks bounds how many soft links are followed one after another: links may lead in a circle.
const maxLinks = 16

// Lookup returns the object at a path of names parted by slashes, following soft links; nil where there is none. A link into another file is an error.
func (f *File) Lookup(path string) (*Node, error) {
	root, err := f.Root()
	if err != nil {
		return nil, err
	}
	return f.lookup(root, root, path, maxLinks)
}

func (f *File) lookup(root, from *Node, path string, links int) (*Node, error) {
	at := from
	if strings.HasPrefix(path, "/") {
		at = root
	}
	for _, name := range strings.Split(path, "/") {
		if name == "" || name == "." {
			continue
		}
		address, hard := at.Links[name]
		soft, isSoft := at.Soft[name]
		var err error
		switch {
		case hard:
			at, err = f.Node(address)
		case at.Outside[name]:
			err = fmt.Errorf("hdf5: %w: %q is a link into another file", ErrUnsupported, name)
		case isSoft && links == 0:
			err = fmt.Errorf("hdf5: %w: the soft link %q leads in a circle", ErrFormat, name)
		case isSoft:
			links--
			at, err = f.lookup(root, at, soft, links)
		default:
			return nil, nil
		}
		if err != nil || at == nil {
			return nil, err
		}
	}
	return at, nil
}
