//go:build !linux && !darwin

package main

// addressLimit is the limit of this process's address space in bytes: none that is known of.
func addressLimit() uint64 { return 1<<64 - 1 }
