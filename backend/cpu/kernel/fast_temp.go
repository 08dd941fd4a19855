package kernel

func (op Unary) fast(dst, a []float32)                   { op.generic(dst, a) }
func (op Binary) fast(dst, a, b []float32)               { op.generic(dst, a, b) }
func (op Binary) fastScalar(dst, a []float32, s float32) { op.genericScalar(dst, a, s) }
func (op Binary) fastScalarLeft(dst []float32, s float32, a []float32) {
	op.genericScalarLeft(dst, s, a)
}
func mulAddFast(dst, a, b, c []float32)                          { mulAddGeneric(dst, a, b, c) }
func addScaledFast(y, x []float32, s float32)                    { axpyGeneric(y, x, s) }
func reluGradientFast(dst, dy, y []float32)                      { reluGradientGeneric(dst, dy, y) }
func (op Compare) fastSelect(dst, a, b, x, y []float32)          { op.genericSelect(dst, a, b, x, y) }
func sumFast(a []float32) float32                                { return sumGeneric(a) }
func dotFast(a, b []float32) float32                             { return dotGeneric(a, b) }
func largestFast(a []float32) float32                            { return largestGeneric(a) }
func (k *adamFactors) fast(w, m, v, g []float32)                 { k.generic(w, m, v, g) }
func maxAt(best []float32, at []uint8, row []float32, tap uint8) { maxAtGeneric(best, at, row, tap) }
func addWhere(dst, src []float32, at []uint8, tap uint8)         { addWhereGeneric(dst, src, at, tap) }
