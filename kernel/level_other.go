//go:build !amd64

package kernel

const (
	detected         = Generic
	detectedBFloat16 = false
)
