// Package layout lays photographs out in the plane so that those near each other in the embedding
// are near each other there: from the exact graph of nearest neighbours that an index keeps, after
// UMAP (McInnes, Healy and Melville 2018), always in the same order, so that the same graph and
// seed give the same bits.
//
//	rho_i    the distance of i's nearest neighbour
//	sigma_i  such that sum over j of exp(-max(0, d_ij - rho_i) / sigma_i) = log2 k
//	v_j|i    exp(-max(0, d_ij - rho_i) / sigma_i), how much j is i's neighbour
//	v_ij     v_j|i + v_i|j - v_j|i v_i|j
//	w_ij     1 / (1 + a |y_i - y_j|^2b), how near i and j are in the plane
//
// Points begin on the two largest principal axes of their vectors. Stochastic gradient descent then
// takes edges as often as v_ij says, draws their ends together along the gradient of log w, and
// pushes one end from five others drawn at random along that of log(1 - w); the rate falls to 0.
//
// Points that have a place already can be held where they are while new ones find theirs
// ([Options.Fixed]). [Trust] says what the plane keeps of the neighbourhoods.
package layout
