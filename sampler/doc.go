// Package sampler plans batches: which rows of a store go into which step. Metric losses need
// several images of a class in a batch, which plain shuffling rarely gives.
//
//	PxK            P classes, K images each: the usual plan for triplets and most pair losses
//	NPair          N classes, one anchor and one positive each (Sohn, NIPS 2016)
//	ClassBalanced  each class equally often, however many images it has
//	Sequential     every row once, in order: for evaluation
//
// A batch is a pure function of the seed and the step, so that a run that is resumed at a step sees
// the batches that an uninterrupted run sees. Classes, and images within a class, are drawn without
// replacement: a random permutation is used up before the next is drawn.
package sampler
