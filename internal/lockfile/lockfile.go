// Package lockfile keeps two processes from writing into one folder. The locking itself is gofrs/flock's, which knows every system that dvml is
// built for; what is added is one error to test for, and file systems without locks.
package lockfile

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/gofrs/flock"
)

// ErrHeld is returned by Take where another process, or another Lock of this one, holds the file.
var ErrHeld = errors.New("another process holds it")

// Lock is a file that is held until Release, or until the process ends in whatever way: a killed one leaves nothing behind that a person would have
// to remove. The file itself stays.
type Lock struct{ f *flock.Flock }

// Take makes the file at path, where there is none, and holds it. On file systems that have no locks, as some network file systems, nothing is held,
// and Take never returns ErrHeld.
func Take(path string) (*Lock, error) {
	f := flock.New(path, flock.SetPermissions(0o644))
	held, err := f.TryLock()
	switch {
	case err != nil && !withoutLocks(err):
		return nil, fmt.Errorf("lock %s: %w", path, errors.Join(err, f.Close()))
	case err == nil && !held:
		return nil, fmt.Errorf("lock %s: %w", path, errors.Join(ErrHeld, f.Close()))
	}
	return &Lock{f}, nil
}

// withoutLocks reports whether the error says that the file system has no locks.
func withoutLocks(err error) bool {
	for _, known := range []syscall.Errno{syscall.ENOLCK, syscall.ENOTSUP, syscall.EINVAL, syscall.ENOSYS} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// Remove removes the file and lets others take one of its name.
func (l *Lock) Remove() error { return errors.Join(os.Remove(l.f.Path()), l.Release()) }

// Release lets others take the file.
func (l *Lock) Release() error { return l.f.Close() }
