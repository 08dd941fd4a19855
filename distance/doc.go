// Package distance measures embeddings against each other as GoMLX graph functions: the matrix of
// distances or similarities of a batch, the masks of its positive and negative pairs, and the table
// that lists each anchor's positives where a loss or a miner needs triplets.
//
// Everything here is dense: a matrix [A,N] holds every anchor against every reference (in a batch
// against itself A = N = B), and pairs are masks of that shape. Gradients are finite everywhere,
// also between equal embeddings and at the zero vector, where a norm has no derivative: there the
// gradient is 0. What is not a number stays so: a comparison never turns it into a zero.
package distance
