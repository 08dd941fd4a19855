// Package hdf5 reads and writes the part of HDF5 (file format specification 3.0, The HDF Group) that image sets need: one group of datasets
// whose values lie in one contiguous block each, and attributes.
//
// It exists because such a file can be far larger than memory: [Dataset.Offset] says where in the file the values lie, and they are then read and
// written at their place. [Builder] writes everything around them. The kept library for Go (scigolib/hdf5, which the tests compare with) reads values as
// float64, whole, and LZF wrongly.
//
// Read: superblocks 0 to 3, old groups (symbol tables) and new ones (link messages), object headers 1 and 2, integers, enumerations, floats, strings of
// fixed and variable length, compounds and object references; values in chunks (in the layout before HDF5 1.10, which h5py writes by default), under
// the filters deflate, shuffle, fletcher32 and LZF; soft links. Not read, with an error that says so: newer layouts of chunks, other filters, virtual
// datasets, dense link and attribute storage, committed data types. Written: superblock 2, object headers 2, every structure with its checksum.
//
// The reader trusts nothing: sizes are held against the size of the file before memory is asked for.
package hdf5
