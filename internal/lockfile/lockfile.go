// Package lockfile keeps two processes from writing into one folder.
package lockfile

import (
	"errors"
	"fmt"
	"os"
)

// ErrHeld is returned by Take where another process, or another Lock of this one, holds the file.
var ErrHeld = errors.New("another process holds it")

// Lock is a file that is held until Release, or until the process ends in whatever way: a killed one leaves nothing behind that a person had to
// remove. The file itself stays.
type Lock struct{ f *os.File }

// Take makes the file at path, where there is none, and holds it. On systems without flock nothing is held, and Take never returns ErrHeld.
func Take(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := hold(f); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, errors.Join(err, f.Close()))
	}
	return &Lock{f}, nil
}

// Release lets others take the file.
func (l *Lock) Release() error { return l.f.Close() }
