// Package augment turns a stored photograph into what a network takes: a crop, perhaps mirrored or scaled, as normalised floats.
//
// A store holds uint8 RGB planes, [3,S,S]; a network takes float32 [C,C,3] with the channel order
// and the scale of the images that its weights were trained on. [Plan] does all of it in one pass
// over the pixels that are kept. Training takes a random crop and a random mirror, evaluation the
// centre crop. Colours are never changed beyond the normalisation.
package augment
