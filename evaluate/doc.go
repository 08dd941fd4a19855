// Package evaluate measures an embedding the way the field of metric learning does: how well neighbours share a class (Recall@K, R-precision,
// MAP@R, MRR, MAP) and how well clusters match classes (k-means, then NMI and the F1 of pairs).
//
// [Evaluate] takes all of it from one matrix of embeddings whose rows search one another; [EvaluateGallery] takes queries and gallery apart, as
// In-Shop does. [KMeans], [NMI], [PairF1], [Retrieve], [RetrieveGallery] and [Search] are the single parts.
//
// # Definitions
//
// A query q has R positives: rows of the gallery that share its class, q itself excluded. With rank(j) the place of its j-th nearest positive
// among the whole gallery (1 is nearest, q itself excluded):
//
//	Recall@K     rank(1) <= K                                    a sample of the class is among the K nearest
//	MRR          1 / rank(1)
//	R-precision  #{j : rank(j) <= R} / R
//	MAP@R        1/R * sum over j with rank(j) <= R of j / rank(j)   (Musgrave, Belongie, Lim, "A Metric Learning Reality Check", ECCV 2020)
//	MAP          1/R * sum over j of j / rank(j)
//
// each averaged over the queries. A query without a positive (the only sample of its class) cannot succeed; it is left out of the averages and
// counted in [Retrieval.Lone], as pytorch-metric-learning does; it stays in the gallery as a distractor. K may exceed the gallery: then every
// query counts as a hit.
//
//	NMI          2 I(Y;C) / (H(Y) + H(C))                        scikit-learn's normalized_mutual_info_score, arithmetic mean
//	F1           of the decisions "same cluster" against "same class" over all pairs of samples (Manning et al., Introduction to IR, 16.3)
//
// # Verification
//
// [Verify] looks at pairs of rows in place of queries: a threshold on the similarity accepts a pair or not. Of pairs of one class (genuine) it
// rejects the share FNMR, the false non-match rate; of pairs of two classes (impostors) it accepts the share FMR, the false match rate. The ROC curve shows one
// against the other; its area is the chance that a genuine pair is more similar than an impostor; at the equal error rate both are equal.
// These are also the true accept rate (1 - FNMR) and false accept rate (FMR) of the literature on faces.
//
// # Ties
//
// A negative as near as a positive ranks before it. So a collapsed embedding, all rows alike, scores 0 and not by luck of the order of rows, and no
// metric depends on that order. Similarities count as equal up to 2^-22 of their scale (1 for the cosine; half the sum of the squared lengths of query
// and positive for Euclidean distance): binary or quantised embeddings have many equal products, which float32 sums to different last bits when
// dimensions stand in another order. Libraries that sort (faiss, torch.topk, hence pytorch-metric-learning) leave ties to the order of rows;
// without ties the values are equal. In [Search] the lower row comes first; in [KMeans] a row goes to the cluster with the lower number.
//
// # Cost
//
// All products of rows are computed block by block, so that memory is the embeddings, one copy of them and a few megabytes a worker: 120,000 rows
// of 512 take 1 GiB in all. Ranks need no sorting: the gallery is ordered by class, the similarities of the positives are known first, and then a pass
// over all blocks counts the negatives above each. When rows search one another half of the blocks suffice.
//
// Results do not depend on the number of workers, bit for bit.
package evaluate
