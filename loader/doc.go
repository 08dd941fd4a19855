// Package loader prepares batches while the step before them runs: workers read the photographs of
// a [sampler.Sampler]'s batch, augment them and write them straight into the batch's floats.
//
// Batches come in the order of their steps, and their bits do not depend on the number of workers:
// the randomness of a row is a pure function of the seed, the step and the row's place in the
// batch. Batches that are given back are filled again, so that a run allocates nothing once as many
// exist as it uses at a time. Where the sampler gives parts of batches ([sampler.Parts]), a row's
// randomness is that of its place in the whole batch, so that a part comes again with the same
// bits.
package loader
