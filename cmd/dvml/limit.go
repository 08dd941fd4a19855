package main

import (
	"fmt"

	"github.com/alecthomas/kong"
)

// What a process needs of addresses, not of memory: Go reserves far more than it uses, and ends a
// program that may not with a dump of itself.
const (
	anyWork     = 1.2e9
	networkWork = 4e9
)

// checkLimit refuses to begin under a limit of the address space (ulimit -v) that the command would run into.
func checkLimit(command *kong.Node, limit uint64) error {
	needs := uint64(anyWork)
	for _, f := range command.Flags {
		if f.Name == "backend" {
			needs = networkWork
		}
	}
	if limit >= needs {
		return nil
	}
	return fmt.Errorf("the address space of this process is limited to %s, and %s takes %s of addresses: raise the limit (`ulimit -v unlimited`)",
		bytesOf(int64(limit)), command.Name, bytesOf(int64(needs)))
}
