package server

import _ "embed" // of the document

// openapi describes every route. It is written by hand; the tests validate every answer that they get against it.
//
//go:embed openapi.json
var openapi []byte

func (s *Server) getOpenAPI(c *call) error { return c.raw("application/json", openapi) }
