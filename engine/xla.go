//go:build xla

package engine

import _ "github.com/gomlx/go-xla/compute/xla" // registers xla
