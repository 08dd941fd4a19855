// Package cluster puts the photographs of an index into groups of what shows the same thing,
// without being told how many there are.
//
// Groups grow by average linkage: every photograph is a group at first, and of all pairs of groups
// that are neighbours in the graph the two whose photographs are the most alike on average become
// one, as long as that average similarity means more likely the same thing than not. Vectors have
// length 1, so that the average over all pairs of two groups is exact and costs one product: that
// of their sums, over the product of their sizes. Which pairs are asked goes by the graph (groups
// without an edge between them never join), so that the work grows with its edges.
//
// Of pairs equally alike those with the lower numbers join first: the same index gives the same groups.
package cluster
