// Package classify names photographs by those of an index whose classes are known: no training, and a
// class more is a folder more.
//
// By neighbours, the K photographs nearest to a query vote for their classes, each with weight
// exp(cosine/Temperature): the weighted nearest neighbours of Wu et al. (Unsupervised Feature Learning
// via Non-Parametric Instance Discrimination, CVPR 2018). By means, each class is the direction of the
// mean of its vectors (Mensink et al., Distance-Based Image Classification, PAMI 2013), and classes
// share the vote by exp(cosine/Temperature) of theirs.
//
// Whether the index holds the query's class at all is a decision of its own, by the calibration that
// the index carries: the nearest photograph is similar enough, or the class is unknown. See
// calibrate.Open, which also says how often that is wrong.
//
// A query that is in the index itself does not vote for its own class. Equal shares go to the class
// with the nearer photograph or mean, then to the one that comes first by name.
package classify
