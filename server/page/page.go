// Package page holds the page that package server shows at /: one HTML file, one style sheet and
// plain ES modules, embedded as they stand in files/.
//
// There is no build step, and nothing is asked of another host. The modules carry their types as
// JSDoc, which scripts/check-page has TypeScript check. Every view is a URL (files/js/router.js
// lists them); package server answers index.html for a path that is neither a route of its own nor
// a file here.
package page

import (
	"embed"
	"io/fs"
)

//go:embed files
var files embed.FS

// Files is the page: index.html, app.css, icon.svg and the modules under js/.
func Files() fs.FS {
	sub, err := fs.Sub(files, "files")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
