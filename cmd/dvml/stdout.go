package main

import (
	"fmt"
	"os"
	"sync"
)

// stdout is the standard output. A write that fails there, as on a full disk, is remembered, and
// the command then fails at its end.
var stdout = &output{}

type output struct {
	mu  sync.Mutex
	err error // the first one
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := os.Stdout.Write(p)
	if err != nil && o.err == nil {
		o.err = err
	}
	return n, err
}

// failed returns the first error since the last call.
func (o *output) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.err
	o.err = nil
	if err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// printf, println and print write to the standard output; execute asks at the end whether all of it arrived.
func printf(format string, args ...any) { fmt.Fprintf(stdout, format, args...) } //nolint:errcheck // remembered
func println(args ...any)               { fmt.Fprintln(stdout, args...) }        //nolint:errcheck // remembered
