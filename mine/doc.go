// Package mine picks the pairs and triplets of a batch that a metric loss is computed over, as
// GoMLX graph functions. A miner looks at distances and labels and answers with masks; nothing that
// it picks carries a gradient.
//
// Triplet miners (semi-hard, hard, distance-weighted) answer with triplets, pair miners
// (batch-hard, easy-positive, multi-similarity) with pairs. Either serves any loss: a pair miner's
// triplets are its positive pairs joined with its negative pairs at the same anchor; a triplet
// miner's pairs are the (anchor, positive) and (anchor, negative) in its triplets, counted as often
// as they occur.
//
// Distances are measured on embeddings scaled to length 1 unless Config.Normalise says otherwise, whatever the loss itself does.
package mine
