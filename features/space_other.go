//go:build !linux && !darwin

package features

func available(string) (bytes uint64, ok bool) { return 0, false }
