// Package index keeps the embeddings of photographs in a folder and finds what lies near: exactly, while others add and remove.
//
// # Mental model
//
// An item is a photograph by its content: the SHA-256 of the file's bytes. It has one vector, one thumbnail and any number of places, the paths under which
// it was seen, each with a class (the folder that it lies in). A photograph that was moved, renamed or copied is the same item with other places, and costs
// no embedding. An item is found as long as one of its places is not gone. Its id is a number that stays, whatever is removed or compacted.
//
// Vectors are of length 1; what is compared is their inner product, the cosine ([Hit].Score), or their distance, the root of 2 - 2 cos. Search is exact:
// see package scan.
//
// # Readers and the writer
//
// Any number of processes read an index ([Open]) while one writes ([OpenWriter]; a second is refused). What a writer does becomes visible at Commit, all
// of it or nothing; a reader sees it at its next search. Slices of vectors and thumbnails are mapped files: they must not be written to, and live until
// Close.
//
// # On disk
//
// A folder: catalogue.db (SQLite: ids, places, classes, dates, decisions, and how much of the other files counts), catalogue.sum, and for each generation N
// vectors.N, compact.N, ids.N, thumbs.N, graph.N of package rows. docs/format-index.md describes each byte.
//
// SQLite was chosen over bbolt by a trial with 1,000,000 items and places: it opens in 1 ms (bbolt 30 ms), takes 324 MB (680 MB) and a third of the time
// to load; above all, processes can read it while another writes. Its scan of all places is ten times slower, which no search needs.
package index
