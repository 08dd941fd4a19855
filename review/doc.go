// Package review finds what may be wrong with the photographs of an index: near-duplicates, likely
// wrong labels, odd ones out, classes that are confused, and photographs that stand in both halves of
// a split.
//
// Everything comes from the index's exact graph of neighbours, its vectors and its thumbnails; no
// photograph is read again, and no network runs.
//
// # Near-duplicates
//
// Of each photograph the five nearest others are compared with it by what is to be seen: the
// correlation of brightness on a grid of 16 x 16, also with the one mirrored, and with windows that
// leave up to a tenth of the other out, so that copies that were scaled, compressed, brightened,
// mirrored or slightly cropped correlate by .96 and more. The embedding finds candidates among all,
// and the pixels tell a copy from another photograph of the same thing. Files that are equal to the byte
// are one photograph of the index with several paths: Review.Copies.
//
// # Labels
//
// Confident learning (Northcutt, Jiang and Chuang, JAIR 2021): the votes of the 20 nearest
// neighbours, see classify.Vote, are the probability of each class, out of sample as nothing votes
// on itself; a label is likely wrong where the probability of another class reaches the mean that it has
// among the photographs of that class, and leads the label's by a half. Near-duplicates of one class do not vote on one another, and
// photographs that are alone of their class are not judged.
//
// # Odd ones
//
// How far a photograph is from the others of its class: its cosine with their mean, or, without a class,
// the mean cosine of its ten nearest. Odd is what lies more than three deviations below the
// median, by the median absolute deviation (Iglewicz and Hoaglin 1993), and is no likely wrong label.
//
// # Confusions
//
// Two classes are confused by the share of the votes on the photographs of either that name the other.
// The photographs whose neighbours name the other are listed, without those that are likely wrong labels.
//
// # Leaks
//
// Near-duplicates, and copies to the byte, that lie in two parts of a split: folders that are named (train,
// test, query, gallery and the like), or that Options name, or two indexes (Between).
//
// # Decisions
//
// What was decided of a photograph or a pair is kept in the index by content; Decide marks the
// entries. The order of a queue does not depend on it.
package review
