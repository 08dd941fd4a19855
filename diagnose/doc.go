// Package diagnose looks into a trained model: how its embeddings of held-out classes lie and vary.
//
// [Make] computes, for one state of a run,
//
//   - what the paper's Table 4 asks (Lin et al., ECCV 2018): is the variation within a class independent of the class? Package variation's
//     Kolmogorov-Smirnov test and relative deviation, of z_I - class centre for any model, and of z_V and of its mean mu for one trained under DVML,
//     as they stand and about their class centres, each beside its control, the same vectors with their labels shuffled;
//   - how variance is spread over the dimensions of z_I and z_V, and how many dimensions of z_V say anything of the image;
//   - pictures: the map of a dozen classes, queries with their neighbours, and what lies nearest to z_I + t u, where u is the direction of z_V along
//     which its mean varies most from image to image.
//
// A [Diagnosis] is kept in a folder, [Of] finds it there again, and [Sections] shows those of several runs on a page.
//
// z_V is drawn once an image from N(mu, s^2), fixed by the seed. z_I is taken as the head gives it, not normalised, as z = z_I + z_V is made of it;
// neighbours are by the cosine, as the evaluation's are.
package diagnose
