package weights

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
)

// The values that a pickle makes here: nil, bool, int64, float64, string, *big.Int for longer integers, and these. Nothing is ever called:
// what a foreign type would have built is an opaque.
type (
	tuple  []any
	list   struct{ items []any }
	dict   struct{ items map[string]any } // entries under other keys than strings are dropped
	global string                         // "module.name"
	opaque struct{}
)

// The opcodes of pickle protocols 2 to 5 that state dicts are made of; see Python's pickletools.
const (
	opProto = 0x80
	opStop  = '.'
)

// unpickler runs the stack machine of Python's pickles.
type unpickler struct {
	r       *bufio.Reader
	left    int64 // bytes of the file that are left, the bound of every length
	stack   []any
	marks   []int // the heights of the stack at each mark
	memo    map[uint32]any
	persist func(id tuple) (any, error)             // what a persistent id stands for
	reduce  func(f global, args tuple) (any, error) // what a function gives; opaque where it is unknown
}

// pickleError is what the machine's steps panic with; load returns it.
type pickleError struct{ error }

func fail(format string, args ...any) { panic(pickleError{fmt.Errorf(format, args...)}) }

// load reads one pickle and leaves the reader after its end.
func (u *unpickler) load() (value any, err error) {
	u.stack, u.marks, u.memo = nil, nil, map[uint32]any{}
	defer func() {
		switch p := recover().(type) {
		case nil:
		case pickleError:
			err = fmt.Errorf("pickle: %w", p.error)
		default:
			panic(p)
		}
	}()
	for {
		op := u.take(1)[0]
		if op == opStop {
			return u.pop(), nil
		}
		u.step(op)
	}
}

// take reads n bytes. The slice is valid until the next call.
func (u *unpickler) take(n uint64) []byte {
	if n > uint64(u.left) {
		fail("%w: %d bytes are asked for and %d are left", ErrTorn, n, u.left)
	}
	u.left -= int64(n)
	b := make([]byte, n)
	if _, err := io.ReadFull(u.r, b); err != nil {
		fail("%w: %w", ErrTorn, err)
	}
	return b
}

func (u *unpickler) uint(bytes uint64) uint64 {
	var b [8]byte
	copy(b[:], u.take(bytes))
	return binary.LittleEndian.Uint64(b[:])
}

// line reads up to a line's end.
func (u *unpickler) line() string {
	var b []byte
	for {
		c := u.take(1)[0]
		if c == '\n' {
			return string(b)
		}
		b = append(b, c)
	}
}

func (u *unpickler) push(v any) { u.stack = append(u.stack, v) }

func (u *unpickler) pop() any {
	floor := 0
	if len(u.marks) > 0 {
		floor = u.marks[len(u.marks)-1]
	}
	if len(u.stack) <= floor {
		fail("the stack is empty")
	}
	v := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	return v
}

func (u *unpickler) top() any {
	v := u.pop()
	u.push(v)
	return v
}

// popMark takes off what lies above the last mark, and the mark.
func (u *unpickler) popMark() []any {
	if len(u.marks) == 0 {
		fail("there is no mark")
	}
	at := u.marks[len(u.marks)-1]
	u.marks = u.marks[:len(u.marks)-1]
	items := slices.Clone(u.stack[at:])
	u.stack = u.stack[:at]
	return items
}

func (u *unpickler) popTuple(n int) {
	t := make(tuple, n)
	for i := range n {
		t[n-1-i] = u.pop()
	}
	u.push(t)
}

// step runs one instruction.
func (u *unpickler) step(op byte) {
	switch op {
	case opProto:
		if v := u.take(1)[0]; v > 5 {
			fail("protocol %d is not known", v)
		}
	case 0x95: // FRAME
		u.take(8)
	case '(':
		u.marks = append(u.marks, len(u.stack))
	case '0':
		u.pop()
	case '1':
		u.popMark()
	case '2':
		u.push(u.top())
	case 'q':
		u.memo[uint32(u.uint(1))] = u.top()
	case 'r':
		u.memo[uint32(u.uint(4))] = u.top()
	case 0x94: // MEMOIZE
		u.memo[uint32(len(u.memo))] = u.top()
	case 'h':
		u.get(uint32(u.uint(1)))
	case 'j':
		u.get(uint32(u.uint(4)))
	case ')':
		u.push(tuple{})
	case 0x85, 0x86, 0x87: // TUPLE1 to 3
		u.popTuple(int(op) - 0x84)
	case 't':
		u.push(tuple(u.popMark()))
	case ']':
		u.push(&list{})
	case 'l':
		u.push(&list{u.popMark()})
	case '}':
		u.push(newDict())
	case 0x8f: // EMPTY_SET
		u.push(opaque{})
	case 'a':
		u.extend([]any{u.pop()})
	case 'e', 0x90: // APPENDS, ADDITEMS
		u.extend(u.popMark())
	case 'd':
		u.push(newDict().set(u.popMark()))
	case 's':
		value, key := u.pop(), u.pop()
		u.update([]any{key, value})
	case 'u':
		u.update(u.popMark())
	case 'c':
		module, name := u.line(), u.line()
		u.push(global(module + "." + name))
	case 0x93: // STACK_GLOBAL
		name, ok1 := u.pop().(string)
		module, ok2 := u.pop().(string)
		if !ok1 || !ok2 {
			fail("the name of a class is not text")
		}
		u.push(global(module + "." + name))
	case 'R', 0x81: // REDUCE, NEWOBJ
		u.call()
	case 'b':
		u.pop() // the state of an object that is not built
	case 'Q':
		id, _ := u.pop().(tuple)
		value, err := u.persist(id)
		if err != nil {
			fail("%w", err)
		}
		u.push(value)
	default:
		u.literal(op)
	}
}

// literal pushes a value that is written out.
func (u *unpickler) literal(op byte) {
	switch op {
	case 'N':
		u.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		u.push(op == 0x88)
	case 'J':
		u.push(int64(int32(u.uint(4))))
	case 'K':
		u.push(int64(u.uint(1)))
	case 'M':
		u.push(int64(u.uint(2)))
	case 0x8a: // LONG1
		u.push(signed(u.take(u.uint(1))))
	case 0x8b: // LONG4
		u.push(signed(u.take(u.uint(4))))
	case 'G':
		u.push(math.Float64frombits(binary.BigEndian.Uint64(u.take(8))))
	case 'U', 0x8c, 'C': // SHORT_BINSTRING, SHORT_BINUNICODE, SHORT_BINBYTES
		u.push(string(u.take(u.uint(1))))
	case 'T', 'X', 'B': // BINSTRING, BINUNICODE, BINBYTES
		u.push(string(u.take(u.uint(4))))
	case 0x8d, 0x8e: // BINUNICODE8, BINBYTES8
		u.push(string(u.take(u.uint(8))))
	default:
		fail("instruction %#x is none that a state dict needs", op)
	}
}

func (u *unpickler) get(key uint32) {
	v, ok := u.memo[key]
	if !ok {
		fail("nothing was memorised under %d", key)
	}
	u.push(v)
}

func (u *unpickler) extend(items []any) {
	if l, ok := u.top().(*list); ok {
		l.items = append(l.items, items...)
	}
}

func (u *unpickler) update(pairs []any) {
	if d, ok := u.top().(*dict); ok {
		d.set(pairs)
	}
}

// call stands for a function of two values on the stack, its name and its arguments.
func (u *unpickler) call() {
	args, _ := u.pop().(tuple)
	f, ok := u.pop().(global)
	if !ok {
		u.push(opaque{})
		return
	}
	value, err := u.reduce(f, args)
	if err != nil {
		fail("%s: %w", f, err)
	}
	u.push(value)
}

func newDict() *dict { return &dict{map[string]any{}} }

// set puts in keys and values, which alternate.
func (d *dict) set(pairs []any) *dict {
	for i := 0; i+1 < len(pairs); i += 2 {
		if key, ok := pairs[i].(string); ok {
			d.items[key] = pairs[i+1]
		}
	}
	return d
}

// signed reads a little-endian integer in two's complement.
func signed(b []byte) any {
	if len(b) <= 8 {
		var v int64
		for i, c := range b {
			v |= int64(c) << (8 * i)
		}
		if n := len(b); n > 0 && n < 8 && b[n-1] >= 0x80 {
			v -= 1 << (8 * n)
		}
		return v
	}
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}
