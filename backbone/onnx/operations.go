package onnx

import (
	"cmp"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// operations are those that are supported, by ONNX's names.
var operations map[string]op

func init() { // at run time, for variadic operations call others
	add := binaryOp(func(a, b float64) float64 { return a + b }, func(a, b int64) int64 { return a + b }, Add)
	largest := binaryOp(math.Max, func(a, b int64) int64 { return max(a, b) }, Max)
	smallest := binaryOp(math.Min, func(a, b int64) int64 { return min(a, b) }, Min)
	operations = map[string]op{
		"Add":  add,
		"Sub":  binaryOp(func(a, b float64) float64 { return a - b }, func(a, b int64) int64 { return a - b }, Sub),
		"Mul":  binaryOp(func(a, b float64) float64 { return a * b }, func(a, b int64) int64 { return a * b }, Mul),
		"Div":  binaryOp(func(a, b float64) float64 { return a / b }, divide, Div),
		"Mod":  one(modulo),
		"Pow":  one(power),
		"Sum":  variadic(add, nil),
		"Max":  variadic(largest, nil),
		"Min":  variadic(smallest, nil),
		"Mean": variadic(add, func(x *Node, n int) *Node { return DivScalar(x, float64(n)) }),

		"Equal":          comparison(func(a, b float64) bool { return a == b }, Equal),
		"Greater":        comparison(func(a, b float64) bool { return a > b }, GreaterThan),
		"GreaterOrEqual": comparison(func(a, b float64) bool { return a >= b }, GreaterOrEqual),
		"Less":           comparison(func(a, b float64) bool { return a < b }, LessThan),
		"LessOrEqual":    comparison(func(a, b float64) bool { return a <= b }, LessOrEqual),
		"And":            comparison(func(a, b float64) bool { return a != 0 && b != 0 }, LogicalAnd),
		"Or":             comparison(func(a, b float64) bool { return a != 0 || b != 0 }, LogicalOr),
		"Xor":            comparison(func(a, b float64) bool { return (a != 0) != (b != 0) }, LogicalXor),
		"Not":            unary(func(a float64) float64 { return 1 - a }, LogicalNot),
		"Where":          one(where),
		"Clip":           one(clip),

		"Abs":        unary(math.Abs, Abs),
		"Neg":        unary(func(a float64) float64 { return -a }, Neg),
		"Sign":       unary(func(a float64) float64 { return float64(cmp.Compare(a, 0)) }, Sign),
		"Floor":      unary(math.Floor, Floor),
		"Ceil":       unary(math.Ceil, Ceil),
		"Round":      unary(math.RoundToEven, Round),
		"Sqrt":       unary(math.Sqrt, Sqrt),
		"Reciprocal": unary(func(a float64) float64 { return 1 / a }, Reciprocal),
		"Exp":        unary(math.Exp, Exp),
		"Log":        unary(math.Log, Log),
		"Sin":        unary(math.Sin, Sin),
		"Cos":        unary(math.Cos, Cos),
		"Erf":        unary(math.Erf, Erf),
		"Tanh":       unary(math.Tanh, Tanh),

		"Relu":            elementwise(relu),
		"LeakyRelu":       elementwise(leakyRelu),
		"ThresholdedRelu": elementwise(thresholdedRelu),
		"Elu":             elementwise(elu),
		"Selu":            elementwise(selu),
		"Celu":            elementwise(celu),
		"Sigmoid":         elementwise(func(_ *call, x *Node) *Node { return Sigmoid(x) }),
		"HardSigmoid":     elementwise(hardSigmoid),
		"HardSwish":       elementwise(hardSwish),
		"Gelu":            elementwise(gelu),
		"Swish":           elementwise(swish),
		"Softplus":        elementwise(func(_ *call, x *Node) *Node { return softplus(x) }),
		"Softsign":        elementwise(softsign),
		"Mish":            elementwise(mish),
		"Shrink":          elementwise(shrink),
		"PRelu":           one(prelu),
		"Softmax":         softmax(softmaxed),
		"LogSoftmax":      softmax(LogSoftmax),

		"Conv":                      one(conv),
		"ConvTranspose":             one(convTranspose),
		"Attention":                 attention,
		"MaxPool":                   one(maxPool),
		"AveragePool":               one(averagePool),
		"GlobalMaxPool":             globalPool(ReduceMax),
		"GlobalAveragePool":         globalPool(ReduceMean),
		"MatMul":                    one(matMul),
		"Gemm":                      one(gemm),
		"Einsum":                    one(einsum),
		"BatchNormalization":        one(batchNorm),
		"LayerNormalization":        layerNorm,
		"RMSNormalization":          one(rmsNorm),
		"InstanceNormalization":     one(instanceNorm),
		"GroupNormalization":        one(groupNorm),
		"LRN":                       one(localResponseNorm),
		"LpNormalization":           one(lpNorm),
		"MeanVarianceNormalization": one(meanVarianceNorm),
		"Resize":                    one(resize),
		"Upsample":                  one(upsample),

		"Shape":          one(shapeOf),
		"Size":           one(sizeOf),
		"Reshape":        one(reshape),
		"Flatten":        one(flatten),
		"Squeeze":        one(squeeze),
		"Unsqueeze":      one(unsqueeze),
		"Transpose":      one(transpose),
		"Expand":         one(expand),
		"Tile":           one(tile),
		"Concat":         one(concat),
		"Split":          split,
		"Slice":          one(slice),
		"Gather":         one(gather),
		"GatherND":       one(gatherND),
		"GatherElements": one(gatherElements),
		"Pad":            one(pad),
		"DepthToSpace":   one(depthToSpace),
		"SpaceToDepth":   one(spaceToDepth),

		"Constant":        one(literal),
		"ConstantOfShape": one(constantOfShape),
		"Range":           one(sequence),
		"Identity":        one(func(c *call) *value { return c.input(0) }),
		"Dropout":         one(dropout),
		"Cast":            one(cast),
		"CastLike":        one(cast),
		"Trilu":           one(triangle),
		"CumSum":          one(cumulated),
		"NonZero":         one(nonZero),
		"ScatterND":       one(scatterND),
		"OneHot":          one(oneHot),
		"ArgMax":          argument(func(x *Node, axis int) *Node { return ArgMax(x, axis, isInt.dtype()) }),
		"ArgMin":          argument(func(x *Node, axis int) *Node { return ArgMin(x, axis, isInt.dtype()) }),
	}
	for name, r := range reductions {
		operations[name] = reduction(r.operandFrom, r.known, r.built)
	}
}

// reductions are those that take axes; from opset operandFrom on as an operand.
var reductions = map[string]struct {
	operandFrom int
	known       func([]float64) float64
	built       func(x *Node, axes ...int) *Node
}{
	"ReduceSum":  {13, sumOf, ReduceSum},
	"ReduceMean": {18, func(v []float64) float64 { return sumOf(v) / float64(len(v)) }, ReduceMean},
	"ReduceMax":  {18, func(v []float64) float64 { return slices.Max(v) }, ReduceMax},
	"ReduceMin":  {18, func(v []float64) float64 { return slices.Min(v) }, ReduceMin},
	"ReduceProd": {18, func(v []float64) float64 {
		p := 1.0
		for _, x := range v {
			p *= x
		}
		return p
	}, ReduceMultiply},
	"ReduceL1":        {18, nil, func(x *Node, axes ...int) *Node { return ReduceSum(Abs(x), axes...) }},
	"ReduceL2":        {18, nil, func(x *Node, axes ...int) *Node { return Sqrt(ReduceSum(Mul(x, x), axes...)) }},
	"ReduceSumSquare": {18, nil, func(x *Node, axes ...int) *Node { return ReduceSum(Mul(x, x), axes...) }},
	"ReduceLogSum":    {18, nil, func(x *Node, axes ...int) *Node { return Log(ReduceSum(x, axes...)) }},
	"ReduceLogSumExp": {18, nil, func(x *Node, axes ...int) *Node {
		top := StopGradient(ReduceAndKeep(x, ReduceMax, axes...))
		sum := ReduceSum(Exp(Sub(x, top)), axes...)
		return Add(Log(sum), Reshape(top, sum.Shape().Dimensions...))
	}},
}

func sumOf(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum
}

// modulo is Mod: with the divisor's sign for integers, with the dividend's where fmod is set.
func modulo(c *call) *value {
	if c.flag("fmod", 0) {
		return binaryOp(math.Mod, func(a, b int64) int64 { return a - b*divide(a, b) }, Rem)(c)[0]
	}
	floored := func(a, b float64) float64 {
		r := math.Mod(a, b)
		if r != 0 && (r < 0) != (b < 0) {
			r += b
		}
		return r
	}
	return binaryOp(floored, remainder, func(a, b *Node) *Node {
		r := Rem(a, b)
		zero := ScalarZero(a.Graph(), a.DType())
		wrong := LogicalAnd(NotEqual(r, zero), NotEqual(LessThan(r, zero), LessThan(b, zero)))
		b = BroadcastToDims(b, r.Shape().Dimensions...)
		return Where(wrong, Add(r, b), r)
	})(c)[0]
}
