//go:build !unix

package evaluate

func cpuTime() float64 { return 0 }
