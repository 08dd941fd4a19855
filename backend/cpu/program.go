package cpu

import (
	"fmt"
	"github.com/gomlx/compute"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"

	"github.com/dvml/dvml/kernel"
)

// tile is how many elements of a group are computed at a time: a few dozen registers of it fit the second-level cache.
const tile = 1024

// program computes a group: for each tile it loads leaves, runs instructions on registers of tile elements and stores what is read outside.
// Conditions are kept as 0 and 1.
type program struct {
	size    int // elements
	step    int // elements of a tile
	leaves  []leaf
	scalars []scalarLeaf
	code    []instruction
	stores  []store
	sums    []columnSums
	width   int    // of the sums and of the rows that tiles repeat: a tile is a number of whole rows; 1 where there are none
	temps   int    // registers that need scratch memory
	regs    int    // all registers
	perRow  []bool // register -> it holds a value for each of the tile's rows
	fixed   []fill
	temp    []int // register -> number of its scratch, -1 where a tile of a tensor serves
}

// leaf is a tensor that the program reads.
type leaf struct {
	slot   int
	reg    int
	isBool bool
	// plain: element i of the group is element i of the leaf. Otherwise dims and strides say where it is, innermost last; a stride of 0 broadcasts.
	plain   bool
	dims    []int
	strides []int
	once    bool // the same for every tile
	perRow  bool // a value for each row, of a tensor of such
}

// scalarLeaf is a leaf of one element: a constant, or read when the program starts.
type scalarLeaf struct {
	slot  int // -1 for a constant
	value float32
}

// fill is a register that holds one scalar everywhere.
type fill struct{ reg, scalar int }

// store is a member that is written to memory.
type store struct {
	slot, reg int
	isBool    bool
	perRow    bool
}

// columnSums is a register whose rows, as wide as the program's width, are added up over all tiles.
type columnSums struct{ slot, reg int }

// kinds of instructions
type opcode uint8

const (
	opUnary        opcode = iota
	opBinary              // dst = a op b
	opBinaryScalar        // dst = a op scalar b
	opScalarBinary        // dst = scalar a op b
	opSelect              // dst = a cmp b ? x : y
	opRowSum              // dst = the sum of each row of a
	opSpread              // dst = each row's value in a, for all of the row
	opBinaryRow           // dst = a op each row's value in b
	opRowBinary           // dst = each row's value in a op b
)

type instruction struct {
	code       opcode
	unary      kernel.Unary
	binary     kernel.Binary
	compare    kernel.Compare
	dst        int
	a, b, x, y int // registers, or scalars where the code says so
}

// operand is where a value of the group is while the program is built: in a register, or a scalar.
type operand struct {
	reg    int
	scalar int  // -1: in a register
	perRow bool // the register holds a value for each row
}

type programBuilder struct {
	p        *program
	dims     []int
	at       map[*node]operand
	members  map[*node]bool
	outs     map[*node]bool
	rows     map[*node]operand // tensors of values per row that are read
	sumsRows bool              // the group has sums of rows
	spread   map[int]int       // registers of values per row -> those in which they are spread over the rows
}

// newProgram builds the program of a group whose memory has been given slots.
func newProgram(gr *group, slot func(*node) int) (*program, error) {
	b := &programBuilder{p: &program{size: gr.elements(), width: 1}, dims: gr.dims, at: map[*node]operand{}, members: map[*node]bool{}, outs: map[*node]bool{},
		sumsRows: gr.sumsRows(), rows: map[*node]operand{}, spread: map[int]int{}}
	for _, m := range gr.members {
		b.members[m] = true
	}
	for _, o := range gr.outputs {
		b.outs[o] = true
	}
	for _, m := range gr.members {
		if err := b.member(m, slot); err != nil {
			return nil, err
		}
	}
	b.p.rows()
	return b.p, nil
}

// rows settles the tile's length. Leaves that repeat one row are loaded once, where a tile can be whole rows.
func (p *program) rows() {
	for i := range p.leaves {
		l := &p.leaves[i]
		if !l.row() || l.width() > tile || p.width > 1 && l.width() != p.width {
			continue
		}
		p.width = l.width()
		l.once = true
	}
	p.step = tile / p.width * p.width
}

// row reports whether the leaf is one row again and again, width its length.
func (l *leaf) row() bool {
	return len(l.dims) == 2 && l.strides[0] == 0 && l.strides[1] == 1
}

func (l *leaf) width() int { return l.dims[1] }

// register makes a register; with scratch, it has memory of its own.
func (b *programBuilder) register(scratch bool) int {
	r := b.p.regs
	b.p.regs++
	t := -1
	if scratch {
		t = b.p.temps
		b.p.temps++
	}
	b.p.temp = append(b.p.temp, t)
	b.p.perRow = append(b.p.perRow, false)
	return r
}

// result makes the register that member m is computed in.
func (b *programBuilder) result(m *node, slot func(*node) int) int {
	if b.outs[m] {
		isBool := m.shape.DType == dtypes.Bool
		r := b.register(isBool) // floats are computed right in their tensor
		b.p.stores = append(b.p.stores, store{slot(m), r, isBool, m.perRow})
		b.p.perRow[r] = m.perRow
		return r
	}
	r := b.register(true)
	b.p.perRow[r] = m.perRow
	return r
}

// member adds the code of one member.
func (b *programBuilder) member(m *node, slot func(*node) int) error {
	switch m.kind {
	case compute.OpTypeBroadcastInDim:
		return b.broadcast(m, slot)
	case compute.OpTypeReshape: // of values per row
		o := b.at[m.in[0]]
		if b.outs[m] {
			dst := b.result(m, slot)
			b.p.code = append(b.p.code, instruction{code: opBinaryScalar, binary: kernel.Add, dst: dst, a: o.reg, b: b.constant(minusZero).scalar})
			o.reg = dst
		}
		b.at[m] = o
		return nil
	case compute.OpTypeReduceSum:
		x, err := b.operand(m.in[0], slot)
		if err != nil {
			return err
		}
		b.p.width = m.rowWidth()
		if m.perRow {
			dst := b.result(m, slot)
			b.p.code = append(b.p.code, instruction{code: opRowSum, dst: dst, a: b.inRegister(x)})
			b.at[m] = operand{dst, -1, true}
			return nil
		}
		b.p.sums = append(b.p.sums, columnSums{slot(m), b.inRegister(x)})
		return nil
	}
	in := make([]operand, len(m.in))
	for i, n := range m.in {
		var err error
		if m.perRow {
			in[i] = b.rowOperand(n, slot)
			in[i].perRow = false // elements of a shorter tile
		} else if in[i], err = b.operand(n, slot); err != nil {
			return err
		}
	}
	dst := b.result(m, slot)
	b.at[m] = operand{dst, -1, m.perRow}
	emit := func(i instruction) { i.dst = dst; b.p.code = append(b.p.code, i) }
	reg := func(i int) int { return b.inRegister(in[i]) }
	zero := func() int { return b.inRegister(b.constant(0)) }
	one := func() int { return b.inRegister(b.constant(1)) }
	switch {
	case has(unaries, m.kind):
		emit(instruction{code: opUnary, unary: unaries[m.kind], a: reg(0)})
	case m.kind == compute.OpTypeMax || m.kind == compute.OpTypeMin:
		b.extreme(binaries[m.kind], dst, in)
	case has(binaries, m.kind):
		op := binaries[m.kind]
		switch {
		case in[1].scalar >= 0 && in[0].scalar < 0:
			emit(instruction{code: opBinaryScalar, binary: op, a: reg(0), b: in[1].scalar})
		case in[0].scalar >= 0 && in[1].scalar < 0:
			emit(instruction{code: opScalarBinary, binary: op, a: in[0].scalar, b: reg(1)})
		case in[1].perRow && !in[0].perRow:
			emit(instruction{code: opBinaryRow, binary: op, a: reg(0), b: in[1].reg})
		case in[0].perRow && !in[1].perRow:
			emit(instruction{code: opRowBinary, binary: op, a: in[0].reg, b: reg(1)})
		default:
			emit(instruction{code: opBinary, binary: op, a: reg(0), b: reg(1)})
		}
	case has(compares, m.kind):
		emit(instruction{code: opSelect, compare: compares[m.kind], a: reg(0), b: reg(1), x: one(), y: zero()})
	case m.kind == compute.OpTypeWhere:
		emit(instruction{code: opSelect, compare: kernel.NotEqual, a: reg(0), b: zero(), x: reg(1), y: reg(2)})
	case m.kind == compute.OpTypeLogicalAnd:
		emit(instruction{code: opBinary, binary: kernel.Mul, a: reg(0), b: reg(1)})
	case m.kind == compute.OpTypeLogicalOr:
		emit(instruction{code: opBinary, binary: kernel.Max, a: reg(0), b: reg(1)})
	case m.kind == compute.OpTypeLogicalNot:
		emit(instruction{code: opBinary, binary: kernel.Sub, a: one(), b: reg(0)})
	case m.kind == compute.OpTypeConvertDType:
		emit(instruction{code: opBinaryScalar, binary: kernel.Add, a: reg(0), b: b.constant(0).scalar})
	case m.kind == opReLUGradient:
		// Not dy where y > 0: where y is NaN, the condition y <= 0 does not hold and dy passes.
		emit(instruction{code: opSelect, compare: kernel.LessEqual, a: reg(1), b: zero(), x: zero(), y: reg(0)})
	case m.kind == opLimitGradient:
		emit(instruction{code: opSelect, compare: kernel.GreaterEqual, a: reg(1), b: reg(2), x: zero(), y: reg(0)})
	default:
		return fmt.Errorf("cpu: %s has no place in a group", kindName(m.kind))
	}
	return nil
}

// extreme adds the code of a maximum or minimum, which is NaN where either operand is. The kernel passes over a NaN on its right.
func (b *programBuilder) extreme(op kernel.Binary, dst int, in []operand) {
	left, right := in[0], in[1]
	if b.number(left) {
		left, right = right, left
	}
	if b.number(right) {
		b.p.code = append(b.p.code, instruction{code: opBinaryScalar, binary: op, dst: dst, a: b.inRegister(left), b: right.scalar})
		return
	}
	x, y, t := b.inRegister(left), b.inRegister(right), b.register(true)
	b.p.perRow[t] = b.p.perRow[dst]
	b.p.code = append(b.p.code, instruction{code: opBinary, binary: op, dst: t, a: x, b: y},
		instruction{code: opSelect, compare: kernel.NotEqual, dst: dst, a: y, b: y, x: y, y: t})
}

// number reports whether o is a constant other than NaN.
func (b *programBuilder) number(o operand) bool {
	if o.scalar < 0 {
		return false
	}
	s := b.p.scalars[o.scalar]
	return s.slot < 0 && s.value == s.value
}

// broadcast makes a broadcast member a leaf, and copies it where it is read outside.
func (b *programBuilder) broadcast(m *node, slot func(*node) int) error {
	axes := m.args.(*broadcastInDimArgs).broadcastAxes
	src := m.in[0]
	strides := make([]int, len(b.dims))
	s := 1
	for i := src.shape.Rank() - 1; i >= 0; i-- {
		if d := src.dims()[i]; d != 1 {
			strides[axes[i]] = s
			s *= d
		}
	}
	o, ok := b.at[src]
	if !ok || !b.members[src] { // a member has the group's shape already
		var err error
		if o, err = b.leaf(src, strides, slot); err != nil {
			return err
		}
	}
	if b.outs[m] {
		dst := b.result(m, slot)
		b.p.code = append(b.p.code, instruction{code: opBinaryScalar, binary: kernel.Add, dst: dst, a: b.inRegister(o), b: b.constant(minusZero).scalar})
		o = operand{dst, -1, false}
	}
	b.at[m] = o
	return nil
}

// operand returns where n is: computed before, or a leaf that broadcasts along axes of size 1.
func (b *programBuilder) operand(n *node, slot func(*node) int) (operand, error) {
	if o, ok := b.at[n]; ok && (b.members[n] || slices.Equal(n.dims(), b.dims)) {
		return o, nil
	}
	if n.size() == 1 {
		return b.leaf(n, make([]int, len(b.dims)), slot)
	}
	if len(n.dims()) != len(b.dims) {
		return operand{}, fmt.Errorf("cpu: an operand of shape %s in a group of %v", n.shape, b.dims)
	}
	if last := len(b.dims) - 1; b.sumsRows && n.float() && n.dims()[last] == 1 && slices.Equal(n.dims()[:last], b.dims[:last]) {
		return b.rowOperand(n, slot), nil
	}
	strides := make([]int, len(b.dims))
	s := 1
	for i := len(b.dims) - 1; i >= 0; i-- {
		if d := n.dims()[i]; d != 1 {
			strides[i] = s
			s *= d
		}
	}
	o, err := b.leaf(n, strides, slot)
	if err == nil && slices.Equal(n.dims(), b.dims) {
		b.at[n] = o
	}
	return o, err
}

// leaf adds a tensor that is read with the given strides along the group's axes.
func (b *programBuilder) leaf(n *node, strides []int, slot func(*node) int) (operand, error) {
	if v, ok := n.splat(); ok {
		return b.constant(v), nil
	}
	isBool := n.shape.DType == dtypes.Bool
	if n.size() == 1 && !isBool {
		b.p.scalars = append(b.p.scalars, scalarLeaf{slot: slot(n)})
		return operand{-1, len(b.p.scalars) - 1, false}, nil
	}
	l := leaf{slot: slot(n), isBool: isBool}
	l.dims, l.strides = collapse(b.dims, strides)
	l.plain = len(l.dims) == 1 && l.strides[0] == 1
	l.reg = b.register(!l.plain || isBool)
	b.p.leaves = append(b.p.leaves, l)
	return operand{l.reg, -1, false}, nil
}

// rowOperand returns where n is for a member with a value per row: computed before, a constant, or a tensor of such values.
func (b *programBuilder) rowOperand(n *node, slot func(*node) int) operand {
	if o, ok := b.at[n]; ok && b.members[n] {
		return o
	}
	if v, ok := n.splat(); ok {
		return b.constant(v)
	}
	o, ok := b.rows[n]
	if !ok {
		l := leaf{slot: slot(n), isBool: n.shape.DType == dtypes.Bool, perRow: true, reg: b.register(n.shape.DType == dtypes.Bool)}
		b.p.perRow[l.reg] = true
		b.p.leaves = append(b.p.leaves, l)
		o = operand{l.reg, -1, true}
		b.rows[n] = o
	}
	return o
}

// minusZero changes nothing that it is added to; a positive zero would change a negative one.
var minusZero = float32(math.Copysign(0, -1))

func (b *programBuilder) constant(v float32) operand {
	for i, s := range b.p.scalars {
		if s.slot < 0 && math.Float32bits(s.value) == math.Float32bits(v) {
			return operand{-1, i, false}
		}
	}
	b.p.scalars = append(b.p.scalars, scalarLeaf{slot: -1, value: v})
	return operand{-1, len(b.p.scalars) - 1, false}
}

// inRegister returns the register of an operand; a scalar's is filled once for each piece of work.
func (b *programBuilder) inRegister(o operand) int {
	if o.perRow {
		r, ok := b.spread[o.reg]
		if !ok {
			r = b.register(true)
			b.spread[o.reg] = r
			b.p.code = append(b.p.code, instruction{code: opSpread, dst: r, a: o.reg})
		}
		return r
	}
	if o.scalar < 0 {
		return o.reg
	}
	for _, f := range b.p.fixed {
		if f.scalar == o.scalar {
			return f.reg
		}
	}
	r := b.register(true)
	b.p.fixed = append(b.p.fixed, fill{r, o.scalar})
	return r
}

// collapse joins neighbouring axes that are walked as one, and drops axes of size 1.
func collapse(dims, strides []int) (d, s []int) {
	for i := range dims {
		if dims[i] == 1 {
			continue
		}
		if k := len(d) - 1; k >= 0 && s[k] == strides[i]*dims[i] {
			d[k], s[k] = d[k]*dims[i], strides[i]
			continue
		}
		d, s = append(d, dims[i]), append(s, strides[i])
	}
	if len(d) == 0 {
		return []int{1}, []int{1}
	}
	return d, s
}
