package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets into type tileArgs of the kernel package.
const (
	argTable    = 0   // first table entry
	argTableEnd = 8   // past the last one
	argK        = 16  // bytes of a row of A (gather); byte offset of the rows of A (outer)
	argC        = 24  // pointers to the tile's rows of C
	argColumn   = 32  // byte offset of the tile's columns in a row of C
	argB        = 40  // first row of B's panel (gather); byte offset of the columns in a row of B (outer)
	argLdB      = 48  // bytes between rows of B
	argTapB     = 56  // bytes between taps of B
	argBias     = 64  // bias of the tile's columns, or 0
	argFlags    = 72  // flagAccumulate, flagReLU
	argMask     = 80  // AVX-512: lanes of the last vector; AVX2: 0 if all lanes count
	argLanes    = 88  // AVX2: mask of the last vector, 8 words
	argScale    = 120 // factors of the tile's columns, or 0
	argAhead    = 128 // memory that later calls read (outer)
	argStep     = 136 // how many bytes of it to ask for at each entry
	argLimit    = 144 // with flagLimit: results are at most this
	flagAcc     = 1
	flagReLU    = 2
	flagLimit   = 4
	unrollSteps = 4
)

// tile is a register tile of C: rows x vectors sums.
type tile struct {
	*build.Context
	wide    bool // AVX-512
	pairs   bool // A and B hold pairs of bfloat16 where they hold floats otherwise
	rows    int
	vectors int
}

// products generates, for each width of tile, two kernels. Both keep a tile of C in registers.
//
// gather: C[i] += sum over taps t and k of A[t][i][k] * B[t][k]; each table entry holds a tap's number and a pointer to each row's k-run.
// outer:  C[i] += sum over entries of A[i] * B; each entry holds a pointer to a row of A and one to a row of B.
func products(c *build.Context) {
	c.ConstraintExpr("amd64")
	for v := 1; v <= 3; v++ {
		t := tile{c, true, false, 8, v}
		t.gather()
		t.outer()
	}
	for v := 1; v <= 2; v++ {
		t := tile{c, false, false, 6, v}
		t.gather()
		t.outer()
	}
}

func (t tile) name(kind string) string {
	isa := "AVX2"
	switch {
	case t.pairs:
		isa = "BF16"
	case t.wide:
		isa = "AVX512"
	}
	return fmt.Sprintf("%s%s_%dx%d", kind, isa, t.rows, t.vectors*t.width())
}

// width is the number of floats in a vector.
func (t tile) width() int {
	if t.wide {
		return 16
	}
	return 8
}

func (t tile) vec(i int) reg.Register {
	if t.wide {
		return []reg.Register{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
			reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}[i]
	}
	return []reg.Register{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}[i]
}

// Registers: sums first, then B's vectors, then the broadcast of A, and for AVX2 the mask of the last vector.
func (t tile) sum(row, v int) reg.Register { return t.vec(row*t.vectors + v) }
func (t tile) b(v int) reg.Register        { return t.vec(t.rows*t.vectors + v) }
func (t tile) a(row int) reg.Register {
	first := t.rows*t.vectors + t.vectors
	if !t.wide {
		return t.vec(first)
	}
	return t.vec(first + row%2)
}
func (t tile) laneMask() reg.Register { return t.vec(15) }

var args = reg.RDI

func arg(offset int) Mem { return Mem{Base: args, Disp: offset} }

// begin opens the function, clears the sums and loads the mask.
func (t tile) begin(name string) {
	t.Function(name)
	t.Attributes(attr.NOSPLIT)
	t.SignatureExpr("func(args *byte)")
	t.Load(t.Param("args"), args)
	for r := range t.rows {
		for v := range t.vectors {
			t.zero(t.sum(r, v))
		}
	}
	if t.wide {
		t.KMOVW(arg(argMask), reg.K1)
	} else {
		t.VMOVUPS(arg(argLanes), t.laneMask())
	}
}

func (t tile) zero(v reg.Register) {
	if t.wide {
		t.VPXORD(v, v, v)
	} else {
		t.VXORPS(v, v, v)
	}
}

// load reads vector v of a row; masked keeps from reading past the tile's columns.
func (t tile) load(m Mem, v int, dst reg.Register, masked bool) {
	m = m.Offset(v * t.width() * 4)
	switch {
	case v < t.vectors-1 || !masked:
		t.VMOVUPS(m, dst)
	case t.wide:
		t.VMOVUPS_Z(m, reg.K1, dst)
	default:
		t.VMASKMOVPS(m, t.laneMask(), dst)
	}
}

func (t tile) store(src reg.Register, v int, m Mem, masked bool) {
	m = m.Offset(v * t.width() * 4)
	switch {
	case v < t.vectors-1 || !masked:
		t.VMOVUPS(src, m)
	case t.wide:
		t.VMOVUPS(src, reg.K1, m)
	default:
		t.VMASKMOVPS(src, t.laneMask(), m)
	}
}

// step adds one outer product: rows of A by address, a row of B.
func (t tile) step(a func(row int) Mem, b Mem, masked bool) {
	for v := range t.vectors {
		t.load(b, v, t.b(v), masked)
	}
	for r := range t.rows {
		t.VBROADCASTSS(a(r), t.a(r))
		for v := range t.vectors {
			if t.pairs {
				dotPairs(t.Context, t.b(v), t.a(r), t.sum(r, v))
			} else {
				t.VFMADD231PS(t.b(v), t.a(r), t.sum(r, v))
			}
		}
	}
}

var rowPointers = []reg.Register{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R14, reg.R15}

func (t tile) gather() {
	t.begin(t.name("gather"))
	t.prefetch()
	table, b, ldb, k, tap, ahead := reg.RSI, reg.RBX, reg.RAX, reg.RCX, reg.RDX, reg.RBP
	t.MOVQ(arg(argTable), table)
	t.MOVQ(arg(argLdB), ldb)
	t.MOVQ(ldb, ahead) // rows of B that lie apart are asked for 16 ahead: the processor does not foresee them
	t.SHLQ(Imm(4), ahead)
	t.Label("tap")
	t.MOVQ(Mem{Base: table}, b)
	t.IMULQ(arg(argTapB), b)
	t.ADDQ(arg(argB), b)
	for r := range t.rows {
		t.MOVQ(Mem{Base: table, Disp: 8 * (1 + r)}, rowPointers[r])
	}
	t.XORQ(k, k)
	t.MOVQ(arg(argK), tap)
	t.SUBQ(Imm(4*unrollSteps), tap)
	t.JL(LabelRef("rest"))
	t.Label("steps")
	for u := range unrollSteps {
		t.step(func(r int) Mem { return Mem{Base: rowPointers[r], Index: k, Scale: 1, Disp: 4 * u} }, Mem{Base: b}, t.wide)
		for line := 0; line < t.vectors*t.width()*4; line += 64 {
			t.PREFETCHT0(Mem{Base: b, Index: ahead, Scale: 1, Disp: line})
		}
		t.ADDQ(ldb, b)
	}
	t.ADDQ(Imm(4*unrollSteps), k)
	t.CMPQ(k, tap)
	t.JLE(LabelRef("steps"))
	t.Label("rest")
	t.ADDQ(Imm(4*unrollSteps), tap)
	t.Label("restLoop")
	t.CMPQ(k, tap)
	t.JGE(LabelRef("tapDone"))
	t.step(func(r int) Mem { return Mem{Base: rowPointers[r], Index: k, Scale: 1} }, Mem{Base: b}, t.wide)
	t.ADDQ(ldb, b)
	t.ADDQ(Imm(4), k)
	t.JMP(LabelRef("restLoop"))
	t.Label("tapDone")
	t.ADDQ(Imm(uint64(8*(1+t.rows))), table)
	t.CMPQ(table, arg(argTableEnd))
	t.JL(LabelRef("tap"))
	t.end()
}

// prefetch asks for the tile of C, which is far away when it is needed at last.
func (t tile) prefetch() {
	rows, row, column := reg.RSI, reg.RAX, reg.RCX
	t.MOVQ(arg(argC), rows)
	t.MOVQ(arg(argColumn), column)
	for r := range t.rows {
		t.MOVQ(Mem{Base: rows, Disp: 8 * r}, row)
		for line := 0; line < t.vectors*t.width()*4; line += 64 {
			t.PREFETCHT0(Mem{Base: row, Index: column, Scale: 1, Disp: line})
		}
	}
}

func (t tile) outer() {
	t.begin(t.name("outer"))
	table, end, a, b, rows, columns, ahead, step := reg.RSI, reg.RDX, reg.R8, reg.R9, reg.RCX, reg.RBX, reg.R10, reg.R11
	t.MOVQ(arg(argTable), table)
	t.MOVQ(arg(argTableEnd), end)
	t.MOVQ(arg(argK), rows)
	t.MOVQ(arg(argB), columns)
	t.MOVQ(arg(argAhead), ahead)
	t.MOVQ(arg(argStep), step)
	loop := func(name string, masked bool) {
		t.Label(name)
		t.MOVQ(Mem{Base: table}, a)
		t.MOVQ(Mem{Base: table, Disp: 8}, b)
		t.PREFETCHT1(Mem{Base: ahead})
		t.ADDQ(step, ahead)
		t.step(func(r int) Mem { return Mem{Base: a, Index: rows, Scale: 1, Disp: 4 * r} }, Mem{Base: b, Index: columns, Scale: 1}, masked)
		t.ADDQ(Imm(16), table)
		t.CMPQ(table, end)
		t.JL(LabelRef(name))
	}
	if t.wide {
		loop("entry", true)
	} else {
		t.CMPQ(arg(argMask), Imm(0))
		t.JNE(LabelRef("part"))
		loop("entry", false)
		t.JMP(LabelRef("finish"))
		loop("part", true)
		t.Label("finish")
	}
	t.end()
}

// end adds C's content, scales, adds the bias, clamps and limits, each if asked, and stores the tile.
func (t tile) end() {
	rows, row, column, flags, bias := reg.RSI, reg.RAX, reg.RCX, reg.RDX, reg.RBX
	t.MOVQ(arg(argFlags), flags)
	t.MOVQ(arg(argC), rows)
	t.MOVQ(arg(argColumn), column)
	at := func(r int) Mem {
		t.MOVQ(Mem{Base: rows, Disp: 8 * r}, row)
		return Mem{Base: row, Index: column, Scale: 1}
	}
	t.TESTQ(U32(flagAcc), flags)
	t.JZ(LabelRef("noAccumulate"))
	for r := range t.rows {
		m := at(r)
		for v := range t.vectors {
			t.load(m, v, t.b(v), true)
			t.VADDPS(t.b(v), t.sum(r, v), t.sum(r, v))
		}
	}
	t.Label("noAccumulate")
	t.MOVQ(arg(argScale), bias)
	t.TESTQ(bias, bias)
	t.JZ(LabelRef("noScale"))
	for v := range t.vectors {
		t.load(Mem{Base: bias}, v, t.b(v), true)
	}
	for r := range t.rows {
		for v := range t.vectors {
			t.VMULPS(t.b(v), t.sum(r, v), t.sum(r, v))
		}
	}
	t.Label("noScale")
	t.MOVQ(arg(argBias), bias)
	t.TESTQ(bias, bias)
	t.JZ(LabelRef("noBias"))
	for v := range t.vectors {
		t.load(Mem{Base: bias}, v, t.b(v), true)
	}
	for r := range t.rows {
		for v := range t.vectors {
			t.VADDPS(t.b(v), t.sum(r, v), t.sum(r, v))
		}
	}
	t.Label("noBias")
	t.TESTQ(U32(flagReLU), flags)
	t.JZ(LabelRef("noReLU"))
	t.zero(t.b(0))
	for r := range t.rows {
		for v := range t.vectors {
			t.VMAXPS(t.sum(r, v), t.b(0), t.sum(r, v))
		}
	}
	t.Label("noReLU")
	t.TESTQ(U32(flagLimit), flags)
	t.JZ(LabelRef("noLimit"))
	t.VBROADCASTSS(arg(argLimit), t.b(0))
	for r := range t.rows {
		for v := range t.vectors {
			t.VMINPS(t.sum(r, v), t.b(0), t.sum(r, v))
		}
	}
	t.Label("noLimit")
	if t.wide {
		for r := range t.rows {
			m := at(r)
			for v := range t.vectors {
				t.store(t.sum(r, v), v, m, true)
			}
		}
	} else {
		t.CMPQ(arg(argMask), Imm(0))
		t.JNE(LabelRef("partial"))
		t.storeAll(at, false)
		t.VZEROUPPER()
		t.RET()
		t.Label("partial")
		t.storeAll(at, true)
	}
	t.VZEROUPPER()
	t.RET()
}

func (t tile) storeAll(at func(r int) Mem, masked bool) {
	for r := range t.rows {
		m := at(r)
		for v := range t.vectors {
			t.store(t.sum(r, v), v, m, masked)
		}
	}
}
