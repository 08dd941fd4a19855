// Package loss holds the metric losses: what pulls embeddings of one class together and pushes classes apart, each a GoMLX graph function of a
// batch of embeddings [B,D] and labels [B], a file a loss, its formula and paper in the doc comment of its file's type.
//
// New makes a loss from a Config, which is what stands under `loss:` in a YAML file; Names lists them. Three families share their machinery:
//
//   - triplets (triplet, angular, n-pair): anchor, positive, negative;
//   - pairs (contrastive, lifted structure, margin, multi-similarity, circle, SupCon, NT-Xent, FastAP, signal-to-noise): matrices of anchors
//     against references, which may be the batch itself, the pairs that a miner picks (package mine), or a memory of earlier batches;
//   - proxies (proxy-NCA, proxy-anchor, SoftTriple, normalised softmax, ArcFace, CosFace): learned vectors stand for the classes. They are variables
//     of the scope that Graph is given, named "proxies", so an optimiser group can be chosen for them by path.
//
// What every loss keeps to: where a batch holds nothing that the formula sums over (no triplet, no pair), or every term is satisfied, loss, gradient and
// Value.Active are 0, never NaN; equal embeddings and zero vectors have finite gradients; graphs hold no random state, noise comes in as
// Batch.Uniform. A batch that breaks a promise (a class beyond NumClasses, more samples of a class than PerClass) gives NaN, so that training stops.
package loss
