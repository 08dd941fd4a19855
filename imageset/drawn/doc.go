// Package drawn draws a set of labelled images for trying metric learning without any data: a folder a class, as package imageset reads it.
//
// # What a class is
//
// A class is one design of an object: a family (vase, fish, beetle, robot, car, flower), the numbers of its geometry (how slender, how many
// petals, where the handles sit) and a palette. Families alternate in the order of the classes, so that both halves of a class-disjoint split hold
// all of them; the numbers are continuous, so that a network that learned to read them on some classes can tell others apart that it never saw.
// Several classes share a palette: colour alone does not name the class.
//
// # What varies within a class
//
// Pose (turn, mirror, shear, scale, place, and joints: a fish swings its tail, a robot its arms), light (direction, strength, colour, shadow),
// background (gradients, textures, blurred discs), things in front, and noise. Compared pixel by pixel, less than half of the images have their
// own class as nearest neighbour. Pose, colour and light of each image can be had as a table, see Options.Factors.
//
// An image is a pure function of (seed, class, index, size): the same options give the same bytes.
package drawn
