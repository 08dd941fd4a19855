package onnx

import (
	"fmt"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// attention is Attention: softmax(scale Q K^T + bias) V for each head. Q [B,heads,L,D], K and V
// [B,heads,S,D]; or [B,L,heads*D], whose heads the attributes count. The heads of K and V may be
// fewer, each for several of Q. It gives Y, K and V with what went before them, and the products.
func attention(c *call) []*value {
	if len(c.in) > 6 {
		panic(fmt.Errorf("nonpad_kv_seqlen, its seventh input, is not supported"))
	}
	flat := c.input(0).rank() == 3
	queries, keys := c.int("q_num_heads", 0), c.int("kv_num_heads", 0)
	q, k, v := c.heads(0, queries), c.heads(1, keys), c.heads(2, keys)
	past := 0
	if c.has(4) || c.has(5) {
		past = c.input(4).dims()[2]
		k, v = c.after(c.input(4), k), c.after(c.input(5), v)
	}
	present := []*value{k, v}
	k, v = c.repeated(k, q.dims()[1]), c.repeated(v, q.dims()[1])

	scale := c.float("scale", 1/math.Sqrt(float64(q.dims()[3])))
	products := c.product(scaledBy(c, q, scale), swapped(c, k)).straight(c.g) // [B,heads,L,S]
	mode, given := c.int("qk_matmul_output_mode", 0), products
	if softcap := c.float("softcap", 0); softcap > 0 {
		products = MulScalar(Tanh(DivScalar(products, softcap)), softcap)
		given = products
	}
	bias := c.attentionBias(q.dims()[2], k.dims()[2], past)
	if bias != nil {
		products = Add(products, nodeValue(bias).raised(4).straight(c.g))
	}
	if mode == 2 {
		given = products
	}
	c.ignore("softmax_precision") // it is float32's at least
	shares := softmaxed(products, -1)
	if bias != nil { // a query that may look at nothing gets zeros
		nothing := IsNaN(shares)
		shares = Where(nothing, ZerosLike(shares), shares)
	}
	if mode == 3 {
		given = shares
	}
	y := c.product(nodeValue(shares), v)
	if flat {
		d := y.dims()
		y = c.reshaped(nodeValue(TransposeAllAxes(y.straight(c.g), 0, 2, 1, 3)), []int{d[0], d[2], d[1] * d[3]})
	}
	return append([]*value{y}, present[0], present[1], nodeValue(given))
}

// heads returns operand i as [B,heads,L,D].
func (c *call) heads(i, heads int) *value {
	x := c.input(i)
	d := x.dims()
	switch {
	case x.rank() == 4:
		return nodeValue(x.straight(c.g))
	case x.rank() != 3 || heads < 1 || d[2]%heads != 0:
		panic(fmt.Errorf("input %d has shape %v, and %d heads", i, d, heads))
	}
	apart := c.reshaped(x, []int{d[0], d[1], heads, d[2] / heads}).straight(c.g)
	return nodeValue(TransposeAllAxes(apart, 0, 2, 1, 3))
}

// after joins what went before, [B,heads,P,D], and x.
func (c *call) after(past, x *value) *value {
	return nodeValue(Concatenate([]*Node{past.straight(c.g), x.straight(c.g)}, 2))
}

// repeated gives each head as often as it takes to have the number wanted.
func (c *call) repeated(x *value, heads int) *value {
	d := x.dims()
	if d[1] == heads {
		return x
	}
	if d[1] == 0 || heads%d[1] != 0 {
		panic(fmt.Errorf("%d heads for %d of the queries", d[1], heads))
	}
	each := c.expanded(c.reshaped(x, []int{d[0], d[1], 1, d[2], d[3]}), []int{d[0], d[1], heads / d[1], d[2], d[3]})
	return c.reshaped(each, []int{d[0], heads, d[2], d[3]})
}

// attentionBias is what is added to the products, which broadcasts to them: -infinity where a query
// must not look. nil is nothing.
func (c *call) attentionBias(queries, keys, past int) *Node {
	var bias *Node
	if c.has(3) {
		mask := c.input(3)
		missing := keys - mask.dims()[mask.rank()-1]
		bias = mask.straight(c.g)
		if mask.kind() == isBool {
			bias = Where(bias, Scalar(c.g, isFloat.dtype(), 0), Scalar(c.g, isFloat.dtype(), math.Inf(-1)))
		}
		if missing > 0 { // keys that the mask does not name
			dims := slices.Clone(bias.Shape().Dimensions)
			dims[len(dims)-1] = missing
			bias = Concatenate([]*Node{bias, BroadcastToDims(Scalar(c.g, bias.DType(), math.Inf(-1)), dims...)}, -1)
		}
	}
	if c.flag("is_causal", 0) {
		causal := newConstant(isFloat, []int{queries, keys})
		for i := range causal.floats {
			if i%keys > i/keys+past {
				causal.floats[i] = math.Inf(-1)
			}
		}
		if bias == nil {
			return causal.node(c.g)
		}
		nodes, _ := together(c.g, nodeValue(bias), constantValue(causal))
		bias = Add(nodes[0], nodes[1])
	}
	return bias
}

func scaledBy(c *call, x *value, by float64) *value {
	return nodeValue(MulScalar(x.straight(c.g), by))
}

// swapped exchanges the last two axes of [B,heads,S,D].
func swapped(c *call, x *value) *value {
	return permuted(x.straight(c.g), []int{0, 1, 3, 2})
}
