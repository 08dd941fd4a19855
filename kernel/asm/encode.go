package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The instructions of AVX512_BF16 that are used here. Neither avo nor Go's assembler knows them, so encode writes them as bytes when registers are
// chosen. Each is EVEX.512, map 0F38, W0; they differ by prefix and opcode.
var bf16 = map[string]struct{ prefix, opcode byte }{
	"VDPBF16PS":      {prefixF3, 0x52}, // sum += low halves' product + high halves' product
	"VCVTNE2PS2BF16": {prefixF2, 0x72}, // 32 floats to bfloat16, to nearest even
	"VCVTNEPS2BF16":  {prefixF3, 0x72}, // 16 floats
}

// Values of EVEX's field pp.
const (
	prefixF3 = 2
	prefixF2 = 3
)

// dotPairs adds the products of the pairs in a and b to sum.
func dotPairs(c *build.Context, b, a, sum reg.Register) {
	c.Instruction(&ir.Instruction{Opcode: "VDPBF16PS", Operands: []Op{b, a, sum}, Inputs: []Op{b, a, sum}, Outputs: []Op{sum}, ISA: []string{"AVX512_BF16"}})
}

// roundTwo rounds low to the lower half of dst and high to the upper.
func roundTwo(c *build.Context, low, high, dst reg.Register) {
	c.Instruction(&ir.Instruction{Opcode: "VCVTNE2PS2BF16", Operands: []Op{low, high, dst}, Inputs: []Op{low, high}, Outputs: []Op{dst}, ISA: []string{"AVX512_BF16"}})
}

// roundOne rounds x to dst, which is half as long.
func roundOne(c *build.Context, x, dst reg.Register) {
	c.Instruction(&ir.Instruction{Opcode: "VCVTNEPS2BF16", Operands: []Op{x, dst}, Inputs: []Op{x}, Outputs: []Op{dst}, ISA: []string{"AVX512_BF16"}})
}

// encode replaces the instructions of AVX512_BF16 by their bytes.
func encode(file *ir.File) error {
	for _, f := range file.Functions() {
		var nodes []ir.Node
		for _, n := range f.Nodes {
			i, ok := n.(*ir.Instruction)
			if !ok {
				nodes = append(nodes, n)
				continue
			}
			if _, ok := bf16[i.Opcode]; !ok {
				nodes = append(nodes, n)
				continue
			}
			b, err := evex(i)
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			var names []string
			for _, o := range i.Operands {
				names = append(names, o.Asm())
			}
			nodes = append(nodes, ir.NewComment(i.Opcode+" "+strings.Join(names, ", ")),
				&ir.Instruction{Opcode: "LONG", Operands: []Op{U32(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)}},
				&ir.Instruction{Opcode: "WORD", Operands: []Op{U16(uint16(b[4]) | uint16(b[5])<<8)}})
		}
		f.Nodes = nodes
	}
	return nil
}

// evex returns the bytes of an instruction on registers alone: operands are, in Go's order, the one in ModRM's field rm, where there are three the one in
// field vvvv, and the destination, in ModRM's field reg.
func evex(i *ir.Instruction) ([6]byte, error) {
	number := make([]byte, len(i.Operands))
	for k, o := range i.Operands {
		r, ok := o.(reg.Physical)
		if !ok {
			return [6]byte{}, fmt.Errorf("%s: operand %s is no register", i.Opcode, o.Asm())
		}
		number[k] = byte(r.PhysicalIndex())
	}
	rm, dst, middle := number[0], number[len(number)-1], byte(0)
	if len(number) == 3 {
		middle = number[1]
	}
	bit := func(v byte, n int) byte { return v >> n & 1 }
	code := bf16[i.Opcode]
	return [6]byte{
		0x62, // EVEX; its fields of register numbers are inverted
		(1-bit(dst, 3))<<7 | (1-bit(rm, 4))<<6 | (1-bit(rm, 3))<<5 | (1-bit(dst, 4))<<4 | 2, // R X B R', map 0F38
		(^middle&15)<<3 | 1<<2 | code.prefix,                                                // W0, vvvv, pp
		2<<5 | (1-bit(middle, 4))<<3,                                                        // 512 bits, V', no mask
		code.opcode,
		3<<6 | dst&7<<3 | rm&7, // ModRM
	}, nil
}
