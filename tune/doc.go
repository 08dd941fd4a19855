// Package tune chooses how the heads of a network are to be trained on a data set: by
// cross-validation over its training classes, on the features of the frozen backbone, which are
// computed once. The held-out classes are not looked at.
//
// Each [Candidate] is a few settings over the preset "heads". The training classes are dealt into
// folds ([config.Fold]); a candidate is trained on all but one of them and judged on that one,
// after a quarter, a half, three quarters and all of its steps, beside the features alone. [Search]
// takes the first fold of each candidate first, so that a search that is cut short has seen all of
// them, and keeps each trial on disk, so that one that is repeated goes on. [Choose] takes the
// candidate with the largest mean gain over the features, and the features themselves where no gain
// is larger than its uncertainty.
package tune
