package run

import "github.com/dvml/dvml/method"

// Columns of a logged step: what its graph reports. Losses come first.
const (
	KL             = method.KL
	Reconstruction = method.Reconstruction
	Synthetic      = method.Synthetic
	Invariant      = method.Invariant
	Classifier     = method.Classifier
	Total          = method.Total
	Active         = "active"
	PositiveDist   = "positive_distance"
	NegativeDist   = "negative_distance"
	EmbeddingNorm  = "embedding_norm"
	GradientNorm   = "gradient_norm"
)

// Columns that are computed beside the graph.
const (
	Spread        = "spread"          // of the batch's embeddings: 0 where all are alike
	HeldOutSpread = "held_out_spread" // of the held-out images' embeddings, in the rows of evaluations
	Idle          = "idle_batches"    // how many batches of the run so far had no active triplet or pair
)
