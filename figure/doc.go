// Package figure draws the pictures that explain a metric: contact sheets of a data set, queries
// with their nearest neighbours, curves and bars, sprites for TensorBoard's projector and maps of
// an embedding in the plane.
//
// Every function takes plain values and returns an [image.Image]; [WritePNG] stores one such that a
// reader of the path never sees half a file. The same input gives the same pixels: there is no
// randomness, no clock and no font of the system, as the Go fonts are compiled in.
//
// Colours come from Okabe and Ito's palette ("Color Universal Design", 2008), which people with the
// usual kinds of colour blindness can tell apart, and colour never stands alone: wrong neighbours
// also carry a cross, curves beyond the palette are dashed, points beyond it change shape.
//
// Pictures are scaled to tiles of one size with Catmull-Rom's kernel after the centre square is cut
// from them; a nil picture becomes an empty grey tile. Captions that do not fit are cut with an
// ellipsis.
package figure
