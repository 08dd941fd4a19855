package onnx

import (
	"fmt"
	"math"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas

	"github.com/dvml/dvml/weights/onnxfile"
)

// literal is Constant.
func literal(c *call) *value {
	var out *constant
	switch {
	case c.attributes["value"] != nil:
		made, err := constantOf(c.attribute("value", onnxfile.TensorAttribute).Tensor)
		if err != nil {
			panic(err)
		}
		out = made
	case c.attributes["value_float"] != nil:
		out = scalarConstant(c.float("value_float", 0))
	case c.attributes["value_int"] != nil:
		out = intsConstant(c.int("value_int", 0)).reshape(nil)
	case c.attributes["value_ints"] != nil:
		out = intsConstant(c.ints("value_ints")...)
	case c.attributes["value_floats"] != nil:
		list := c.attribute("value_floats", onnxfile.FloatsAttribute).Floats
		out = newConstant(isFloat, []int{len(list)})
		for i, v := range list {
			out.floats[i] = float64(v)
		}
	default:
		panic(fmt.Errorf("its value is of a kind that is not supported"))
	}
	return constantValue(out)
}

func constantOfShape(c *call) *value {
	dims := c.known(0).integers()
	fill := scalarConstant(0)
	if a := c.attribute("value", onnxfile.TensorAttribute); a != nil {
		made, err := constantOf(a.Tensor)
		if err != nil {
			panic(err)
		}
		if fill = made.reshape(nil); made.size() != 1 {
			panic(fmt.Errorf("its value is of shape %v", made.dims))
		}
	}
	return constantValue(fill.broadcast(checkSize(dims)))
}

func sequence(c *call) *value {
	start, limit, step := c.known(0), c.known(1), c.known(2)
	n := 0
	if d := step.at(0); d != 0 {
		n = int(math.Max(math.Ceil((limit.at(0)-start.at(0))/d), 0))
	} else {
		panic(fmt.Errorf("the step is 0"))
	}
	out := newConstant(start.kind, []int{n})
	for i := range n {
		out.set(i, start.at(0)+float64(i)*step.at(0))
	}
	return constantValue(out)
}

// dropout does nothing outside the training of the network that was exported; one that was exported while it trained is refused.
func dropout(c *call) *value {
	c.ignore("consumed_inputs", "ratio", "is_test", "seed")
	c.refuseOutputs()
	if c.has(2) && c.known(2).at(0) != 0 && !(c.has(1) && c.known(1).at(0) == 0) {
		panic(fmt.Errorf("it drops values: the model was exported in training mode; export it in evaluation mode"))
	}
	return c.input(0)
}

func cast(c *call) *value {
	x := c.input(0)
	var k kind
	if c.n.Op == "CastLike" {
		k = c.input(1).kind()
	} else {
		to := onnxfile.DataType(c.int("to", 0))
		if to == onnxfile.String || strings.HasPrefix(to.String(), "type ") {
			panic(fmt.Errorf("attribute to names %s, which is not supported", to))
		}
		k = kindOf(to)
	}
	c.ignore("saturate", "round_mode")
	if x.constant != nil {
		return constantValue(x.constant.cast(k))
	}
	switch {
	case x.kind() == k:
		return x
	case k == isBool:
		return permuted(NotEqual(x.node, ScalarZero(c.g, x.node.DType())), x.perm)
	}
	return permuted(ConvertDType(x.node, k.dtype()), x.perm)
}

// argument is ArgMax or ArgMin.
func argument(find func(x *Node, axis int) *Node) op {
	return one(func(c *call) *value {
		x := c.input(0)
		axis := c.axis("axis", 0, x.rank())
		if c.flag("select_last_index", 0) {
			panic(fmt.Errorf("attribute select_last_index is 1, which is not supported"))
		}
		n := find(x.straight(c.g), axis)
		if c.flag("keepdims", 1) {
			n = InsertAxes(n, axis)
		}
		return nodeValue(n)
	})
}

// triangle is Trilu: it keeps the upper or the lower triangle of the last two axes.
func triangle(c *call) *value {
	x := c.input(0)
	k := 0
	if c.has(1) {
		k = int(c.known(1).ints[0])
	}
	upper := c.flag("upper", 1)
	rows, columns := x.dims()[x.rank()-2], x.dims()[x.rank()-1]
	mask := newConstant(isBool, []int{rows, columns})
	for i := range rows {
		for j := range columns {
			if upper && j-i >= k || !upper && j-i <= k {
				mask.ints[i*columns+j] = 1
			}
		}
	}
	if x.constant != nil {
		wide, out := mask.broadcast(x.dims()), newConstant(x.constant.kind, x.dims())
		for i := range out.size() {
			out.set(i, x.constant.at(i)*float64(wide.ints[i]))
		}
		return constantValue(out)
	}
	n := x.straight(c.g)
	keep := broadcastNode(constantValue(mask).raised(n.Rank()).straight(c.g), n.Shape().Dimensions)
	return nodeValue(Where(keep, n, ZerosLike(n)))
}

// cumulated is CumSum of constants, of which position embeddings are made.
func cumulated(c *call) *value {
	x := c.known(0)
	axis := axisOf(int(c.known(1).at(0)), len(x.dims))
	exclusive, backward := c.flag("exclusive", 0), c.flag("reverse", 0)
	out, stride, size := newConstant(x.kind, x.dims), stridesOf(x.dims)[axis], x.dims[axis]
	for i := range out.size() {
		at := i / stride % size
		from, to := 0, at+1 // the places of the axis that are summed
		if exclusive {
			to = at
		}
		if backward {
			from, to = at, size
			if exclusive {
				from = at + 1
			}
		}
		sum := 0.0
		for k := from; k < to; k++ {
			sum += x.at(i + (k-at)*stride)
		}
		out.set(i, sum)
	}
	return constantValue(out)
}

// nonZero lists the places of a constant that are not zero, an axis per row.
func nonZero(c *call) *value {
	x := c.known(0)
	var places []int
	for i := range x.size() {
		if x.at(i) != 0 {
			places = append(places, i)
		}
	}
	out := newConstant(isInt, []int{len(x.dims), len(places)})
	for axis, s := range stridesOf(x.dims) {
		for j, p := range places {
			out.ints[axis*len(places)+j] = int64(p / s % x.dims[axis])
		}
	}
	return constantValue(out)
}

// scatterND replaces parts of a constant, as masks of shifted windows are made.
func scatterND(c *call) *value {
	x, index, updates := c.known(0), c.known(1), c.known(2)
	c.choice("reduction", "none")
	rank := len(index.dims)
	if rank == 0 || index.dims[rank-1] > len(x.dims) {
		panic(fmt.Errorf("indices of shape %v into shape %v", index.dims, x.dims))
	}
	k := index.dims[rank-1]
	part, strides := volume(x.dims[k:]), stridesOf(x.dims)
	out := x.pick(x.dims, func(i int) int { return i })
	if want := volume(index.dims[:rank-1]) * part; updates.size() != want {
		panic(fmt.Errorf("%d updates, expected %d", updates.size(), want))
	}
	for row := range volume(index.dims[:rank-1]) {
		at := 0
		for axis := range k {
			at += axisOf(int(index.at(row*k+axis)), x.dims[axis]) * strides[axis]
		}
		for i := range part {
			out.set(at+i, updates.at(row*part+i))
		}
	}
	return constantValue(out)
}

// einsum is Einsum of two tensors without an ellipsis.
func einsum(c *call) *value {
	a := c.attribute("equation", onnxfile.TextAttribute)
	if a == nil || len(c.in) != 2 || strings.Contains(a.Text, ".") || !strings.Contains(a.Text, "->") {
		panic(fmt.Errorf("an equation of this kind is not supported; two tensors, all axes named, are"))
	}
	equation := strings.ReplaceAll(a.Text, " ", "")
	y := Einsum(equation, c.node(0), c.node(1))
	size := map[rune]int{}
	operands, _, _ := strings.Cut(equation, "->")
	for i, letters := range strings.SplitN(operands, ",", 2) {
		for j, letter := range []rune(letters) {
			size[letter] = c.input(i).dims()[j]
		}
	}
	cost := 1
	for _, n := range size {
		cost *= n
	}
	c.count(cost)
	return nodeValue(y)
}

// oneHot is OneHot: a row with a mark at each index.
func oneHot(c *call) *value {
	depth, values := c.known(1), c.known(2)
	index := c.input(0)
	axis := c.axis("axis", -1, index.rank()+1)
	n := index.straight(c.g)
	size := int(depth.at(0))
	n = normalised(n, size)
	dims := slices.Insert(slices.Clone(index.dims()), axis, 1)
	rows := broadcastNode(Reshape(n, dims...), slices.Insert(slices.Clone(index.dims()), axis, size))
	places := Iota(c.g, rows.Shape(), axis)
	off, on := values.pick(nil, func(int) int { return 0 }).node(c.g), values.pick(nil, func(int) int { return 1 }).node(c.g)
	return nodeValue(Where(Equal(rows, places), on, off))
}
