//go:build linux || darwin

package main

import "syscall"

// addressLimit is the limit of this process's address space in bytes.
func addressLimit() uint64 {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_AS, &l) != nil {
		return 1<<64 - 1
	}
	return l.Cur
}
