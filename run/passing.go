package run

import (
	"errors"
	"syscall"
)

// Passing reports whether err came from the system, such as "permission denied", "too many open
// files" or "input/output error": the file may be whole, and be read another time. Nothing may be
// given up for it.
func Passing(err error) bool {
	var number syscall.Errno
	return errors.As(err, &number)
}
