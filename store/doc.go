// Package store keeps labelled images of one size in an HDF5 file and reads them back at the speed of the disk.
//
// # The file
//
//	images   uint8 [N,3,S,S]   RGB planes, one contiguous block
//	targets  int32 [N,1]       1 + the class
//	classes  text  [C]         the classes' names
//	split                      attribute of the root, in the layout of the Fuel library: which rows are for training, which for testing; gallery: which of
//	                           these are searched by the others
//
// That is the layout in which image sets for metric learning circulate, so what [Create] writes opens in h5py, HDFView and Fuel, and [Open] reads
// files of that layout made elsewhere: any integer targets become dense classes in the order of their values, and a file without a split gets
// the class-disjoint one, the first half of the classes for training.
//
// With [Spec].JPEG the file holds compressed photographs instead: jpeg uint8 [bytes], offsets int64 [N+1], the attribute size; image i is
// jpeg[offsets[i]:offsets[i+1]]. It is a tenth of the size, for sets that do not fit the disk or its cache; each read then decodes.
//
// # Memory
//
// Neither side ever holds more than the images in hand: pixels are written to and read from their place in the file. Labels, names and offsets
// are kept in memory, some ten bytes an image.
package store
