// Package server answers questions about an index of photographs over HTTP: searches, embeddings,
// comparisons, and the page that people use.
//
// # Mental model
//
// A Server stands over the folder of one index and follows it: what others commit, and an index
// that takes its place, is seen at the next request. It listens first and opens its model then;
// what needs the model is refused with 503 until one photograph has been embedded, which is when
// the server is ready. Every photograph that has to be embedded goes through one queue (package
// batch), whose bounds are the only ones on how much is done at once.
//
// An answer is JSON; an error is a problem (RFC 9457). openapi.json describes every route, and
// every answer of every test is validated against it.
//
// # Safety
//
// No request names a file: photographs are named by numbers, and the bytes of an original are sent
// only if their SHA-256 is the one in the index. Hosts are checked, as pages of other sites can
// reach a server on this machine; what writes needs a token; see guard.go.
package server
