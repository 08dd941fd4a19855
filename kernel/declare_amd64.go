package kernel

// Declarations of the assembly in elementwise_amd64.s and reduce_amd64.s; see folder asm.

//go:noescape
func addAVX2(dst *float32, a *float32, b *float32, n int)

//go:noescape
func addScalarAVX2(dst *float32, a *float32, s float32, n int)

//go:noescape
func addScalarLeftAVX2(dst *float32, a *float32, s float32, n int)

//go:noescape
func subAVX2(dst *float32, a *float32, b *float32, n int)

//go:noescape
func subScalarAVX2(dst *float32, a *float32, s float32, n int)

//go:noescape
func subScalarLeftAVX2(dst *float32, a *float32, s float32, n int)

//go:noescape
func mulAVX2(dst *float32, a *float32, b *float32, n int)

//go:noescape
func mulScalarAVX2(dst *float32, a *float32, s float32, n int)

//go:noescape
func mulScalarLeftAVX2(dst *float32, a *float32, s float32, n int)

//go:noescape
func divAVX2(dst *float32, a *float32, b *float32, n int)

//go:noescape
func divScalarAVX2(dst *float32, a *float32, s float32, n int)

//go:noescape
func divScalarLeftAVX2(dst *float32, a *float32, s float32, n int)

//go:noescape
func maxAVX2(dst *float32, a *float32, b *float32, n int)

//go:noescape
func maxScalarAVX2(dst *float32, a *float32, s float32, n int)

//go:noescape
func maxScalarLeftAVX2(dst *float32, a *float32, s float32, n int)

//go:noescape
func minAVX2(dst *float32, a *float32, b *float32, n int)

//go:noescape
func minScalarAVX2(dst *float32, a *float32, s float32, n int)

//go:noescape
func minScalarLeftAVX2(dst *float32, a *float32, s float32, n int)

//go:noescape
func negAVX2(dst *float32, a *float32, n int)

//go:noescape
func absAVX2(dst *float32, a *float32, n int)

//go:noescape
func sqrtAVX2(dst *float32, a *float32, n int)

//go:noescape
func rsqrtAVX2(dst *float32, a *float32, n int)

//go:noescape
func signAVX2(dst *float32, a *float32, n int)

//go:noescape
func expAVX2(dst *float32, a *float32, n int)

//go:noescape
func logAVX2(dst *float32, a *float32, n int)

//go:noescape
func tanhAVX2(dst *float32, a *float32, n int)

//go:noescape
func logisticAVX2(dst *float32, a *float32, n int)

//go:noescape
func squareAVX2(dst *float32, a *float32, n int)

//go:noescape
func reciprocalAVX2(dst *float32, a *float32, n int)

//go:noescape
func mulAddAVX2(dst *float32, a *float32, b *float32, c *float32, n int)

//go:noescape
func addScaledAVX2(y *float32, x *float32, s float32, n int)

//go:noescape
func reluGradientAVX2(dst *float32, dy *float32, y *float32, n int)

//go:noescape
func adamAVX2(w *float32, m *float32, u *float32, grad *float32, factors *adamFactors, n int)

//go:noescape
func selectEqualAVX2(dst *float32, a *float32, b *float32, x *float32, y *float32, n int)

//go:noescape
func compareEqualAVX2(dst *bool, a *float32, b *float32, n int)

//go:noescape
func selectNotEqualAVX2(dst *float32, a *float32, b *float32, x *float32, y *float32, n int)

//go:noescape
func compareNotEqualAVX2(dst *bool, a *float32, b *float32, n int)

//go:noescape
func selectLessAVX2(dst *float32, a *float32, b *float32, x *float32, y *float32, n int)

//go:noescape
func compareLessAVX2(dst *bool, a *float32, b *float32, n int)

//go:noescape
func selectLessEqualAVX2(dst *float32, a *float32, b *float32, x *float32, y *float32, n int)

//go:noescape
func compareLessEqualAVX2(dst *bool, a *float32, b *float32, n int)

//go:noescape
func selectGreaterAVX2(dst *float32, a *float32, b *float32, x *float32, y *float32, n int)

//go:noescape
func compareGreaterAVX2(dst *bool, a *float32, b *float32, n int)

//go:noescape
func selectGreaterEqualAVX2(dst *float32, a *float32, b *float32, x *float32, y *float32, n int)

//go:noescape
func compareGreaterEqualAVX2(dst *bool, a *float32, b *float32, n int)

//go:noescape
func selectBytesAVX2(dst *float32, cond *bool, x *float32, y *float32, n int)

//go:noescape
func addAVX512(dst *float32, a *float32, b *float32, n int)

//go:noescape
func addScalarAVX512(dst *float32, a *float32, s float32, n int)

//go:noescape
func addScalarLeftAVX512(dst *float32, a *float32, s float32, n int)

//go:noescape
func subAVX512(dst *float32, a *float32, b *float32, n int)

//go:noescape
func subScalarAVX512(dst *float32, a *float32, s float32, n int)

//go:noescape
func subScalarLeftAVX512(dst *float32, a *float32, s float32, n int)

//go:noescape
func mulAVX512(dst *float32, a *float32, b *float32, n int)

//go:noescape
func mulScalarAVX512(dst *float32, a *float32, s float32, n int)

//go:noescape
func mulScalarLeftAVX512(dst *float32, a *float32, s float32, n int)

//go:noescape
func divAVX512(dst *float32, a *float32, b *float32, n int)

//go:noescape
func divScalarAVX512(dst *float32, a *float32, s float32, n int)

//go:noescape
func divScalarLeftAVX512(dst *float32, a *float32, s float32, n int)

//go:noescape
func maxAVX512(dst *float32, a *float32, b *float32, n int)

//go:noescape
func maxScalarAVX512(dst *float32, a *float32, s float32, n int)

//go:noescape
func maxScalarLeftAVX512(dst *float32, a *float32, s float32, n int)

//go:noescape
func minAVX512(dst *float32, a *float32, b *float32, n int)

//go:noescape
func minScalarAVX512(dst *float32, a *float32, s float32, n int)

//go:noescape
func minScalarLeftAVX512(dst *float32, a *float32, s float32, n int)

//go:noescape
func negAVX512(dst *float32, a *float32, n int)

//go:noescape
func absAVX512(dst *float32, a *float32, n int)

//go:noescape
func sqrtAVX512(dst *float32, a *float32, n int)

//go:noescape
func rsqrtAVX512(dst *float32, a *float32, n int)

//go:noescape
func signAVX512(dst *float32, a *float32, n int)

//go:noescape
func expAVX512(dst *float32, a *float32, n int)

//go:noescape
func logAVX512(dst *float32, a *float32, n int)

//go:noescape
func tanhAVX512(dst *float32, a *float32, n int)

//go:noescape
func logisticAVX512(dst *float32, a *float32, n int)

//go:noescape
func squareAVX512(dst *float32, a *float32, n int)

//go:noescape
func reciprocalAVX512(dst *float32, a *float32, n int)

//go:noescape
func mulAddAVX512(dst *float32, a *float32, b *float32, c *float32, n int)

//go:noescape
func addScaledAVX512(y *float32, x *float32, s float32, n int)

//go:noescape
func reluGradientAVX512(dst *float32, dy *float32, y *float32, n int)

//go:noescape
func adamAVX512(w *float32, m *float32, u *float32, grad *float32, factors *adamFactors, n int)

//go:noescape
func selectEqualAVX512(dst *float32, a *float32, b *float32, x *float32, y *float32, n int)

//go:noescape
func compareEqualAVX512(dst *bool, a *float32, b *float32, n int)

//go:noescape
func selectNotEqualAVX512(dst *float32, a *float32, b *float32, x *float32, y *float32, n int)

//go:noescape
func compareNotEqualAVX512(dst *bool, a *float32, b *float32, n int)

//go:noescape
func selectLessAVX512(dst *float32, a *float32, b *float32, x *float32, y *float32, n int)

//go:noescape
func compareLessAVX512(dst *bool, a *float32, b *float32, n int)

//go:noescape
func selectLessEqualAVX512(dst *float32, a *float32, b *float32, x *float32, y *float32, n int)

//go:noescape
func compareLessEqualAVX512(dst *bool, a *float32, b *float32, n int)

//go:noescape
func selectGreaterAVX512(dst *float32, a *float32, b *float32, x *float32, y *float32, n int)

//go:noescape
func compareGreaterAVX512(dst *bool, a *float32, b *float32, n int)

//go:noescape
func selectGreaterEqualAVX512(dst *float32, a *float32, b *float32, x *float32, y *float32, n int)

//go:noescape
func compareGreaterEqualAVX512(dst *bool, a *float32, b *float32, n int)

//go:noescape
func selectBytesAVX512(dst *float32, cond *bool, x *float32, y *float32, n int)

//go:noescape
func sumAVX2(a *float32, n int) float32

//go:noescape
func dotAVX2(a *float32, b *float32, n int) float32

//go:noescape
func largestAVX2(a *float32, n int) float32

//go:noescape
func slidingSumAVX2(dst *float32, src *float32, window int, n int)

//go:noescape
func maxRowsAtAVX2(best *float32, at *uint8, table *tapRow, rows int, n int)

//go:noescape
func maxRowsAVX2(best *float32, at *uint8, table *tapRow, rows int, n int)

//go:noescape
func addWhereRowsAVX2(dst *float32, first *float32, table *whereRow, rows int, n int)

//go:noescape
func sumAVX512(a *float32, n int) float32

//go:noescape
func dotAVX512(a *float32, b *float32, n int) float32

//go:noescape
func largestAVX512(a *float32, n int) float32

//go:noescape
func slidingSumAVX512(dst *float32, src *float32, window int, n int)

//go:noescape
func maxRowsAtAVX512(best *float32, at *uint8, table *tapRow, rows int, n int)

//go:noescape
func maxRowsAVX512(best *float32, at *uint8, table *tapRow, rows int, n int)

//go:noescape
func addWhereRowsAVX512(dst *float32, first *float32, table *whereRow, rows int, n int)

//go:noescape
func columnSumsAVX2(sums, a *float32, rows, lda, n int)

//go:noescape
func columnDotsAVX2(dots, a, b *float32, rows, lda, ldb, n int)

//go:noescape
func columnSumsDotsAVX2(sums, dots, a, b *float32, rows, lda, ldb, n int)

//go:noescape
func columnSumsAVX512(sums, a *float32, rows, lda, n int)

//go:noescape
func columnDotsAVX512(dots, a, b *float32, rows, lda, ldb, n int)

//go:noescape
func columnSumsDotsAVX512(sums, dots, a, b *float32, rows, lda, ldb, n int)
