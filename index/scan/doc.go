// Package scan finds the rows of a matrix whose inner product with a query is largest, exactly, in one pass over a form of the matrix that is a quarter
// of its size.
//
// # The score
//
// [Score] is the definition: products of float32 values, added in float64 in a fixed order, rounded once to float32. A product of two float32 is exact in
// float64, so every processor gives the same bits. Of rows with equal scores the lower comes first. What [Search] and [Graph] return equals, bit for bit
// and in order, what sorting the scores of all rows would give.
//
// # The compact form and its bound
//
// A row r is kept as r^ = s R with whole numbers R in -127..127, one a dimension, its scale s and the length e of what was lost, e >= |r - r^|. A query q
// is rounded to q^ = t Q, Q in -64..64, with f = |q - q^|. Then
//
//	q.r = q^.r^ + (q - q^).r^ + q.(r - r^)  <=  t s (Q.R) + f |r^| + |q| e
//
// by Cauchy and Schwarz. Q.R is computed in whole numbers, without error; |r^| is at most the matrix's reach; the few float32 operations around it err by
// less than 2^-20 of |q| times the reach, which is added. A row whose bound lies below the k-th best score so far is passed over, all others are scored
// from their float32 values.
//
// # Layout
//
// Rows are taken in groups of 16, for the vectors of both AVX2 and AVX-512: for each four dimensions 64 bytes, the four codes (R + 128) of each of the 16
// rows; then the 16 scales and the 16 lengths e, float32, little-endian. Dimensions are filled up to a multiple of 4 with zeros (code 128). The up to 15
// rows that fill no group have no compact form and are always scored.
package scan

//go:generate go run -C asm . -to ../kernel_amd64.s
