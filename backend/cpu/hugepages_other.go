//go:build !linux

package cpu

// inLargePages does nothing: the system chooses.
func inLargePages([]byte) {}
