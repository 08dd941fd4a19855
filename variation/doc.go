// Package variation measures how the images of one class differ in an embedding: whether that variation is the same in every class, as Deep
// Variational Metric Learning assumes (Lin et al., ECCV 2018, Table 4), over how many dimensions it is spread, and along which axes.
//
// A [Sample] holds vectors by class. [Sample.Centred] takes the class centres off, [Test] compares the classes, dimension by dimension, with the
// two-sample Kolmogorov-Smirnov test and by their variances, and [Sample.Shuffled] is the control: what the same numbers are where the class means
// nothing. [Sample.Axes] are the principal axes.
//
// Test's p is no test of one hypothesis but a mean over many: near .5 where all classes vary alike, near 0 where each varies in its own way. Centres
// that are estimated from the images themselves make residuals look more alike than they are, and few images a class make variances scatter by
// chance alone; both are in the control too, so compare with it rather than with .5 and 0.
package variation
