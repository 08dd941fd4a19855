// Package lockfile keeps two processes from writing into one folder. The locking itself is
// gofrs/flock's, which knows every system that dvml is built for; what is added is one error to
// test for, and file systems without locks.
package lockfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// ErrHeld is returned by Take where another process, or another Lock of this one, holds the file.
var ErrHeld = errors.New("another process holds it")

// Lock is a file that is held until Release, or until the process ends in whatever way: a killed
// one leaves nothing behind that a person would have to remove. The file itself stays.
type Lock struct{ f *flock.Flock }

// Take makes the file at path, where there is none, and holds it. On file systems that have no
// locks, as some network file systems, nothing is held, and Take never returns ErrHeld.
func Take(path string) (*Lock, error) {
	for {
		f := flock.New(path, flock.SetPermissions(0o644))
		held, err := f.TryLock()
		switch {
		case err != nil && !withoutLocks(err):
			return nil, fmt.Errorf("lock %s: %w", path, errors.Join(err, f.Close()))
		case err == nil && !held:
			return nil, fmt.Errorf("lock %s: %w", path, errors.Join(ErrHeld, f.Close()))
		case err != nil || !removed(f):
			return &Lock{f}, nil
		}
		if err := f.Close(); err != nil { // the lock of a file that whoever held it before has removed keeps nobody out
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
	}
}

// removed reports whether the file that f has locked is no longer the one at its path.
func removed(f *flock.Flock) bool {
	locked, err := f.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(f.Path())
	return errors.Is(err, os.ErrNotExist) || err == nil && !os.SameFile(locked, now)
}

// poll is how often Await looks whether the file is free.
const poll = 200 * time.Millisecond

// Await is Take that waits while another process holds the file, until ctx ends. waiting, where it
// is not nil, is called once before it waits.
func Await(ctx context.Context, path string, waiting func()) (*Lock, error) {
	for {
		l, err := Take(path)
		if !errors.Is(err, ErrHeld) {
			return l, err
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(poll):
		}
	}
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

// Held reports whether the file is locked; false: the file system has no locks, and another process may believe that it holds the file too.
func (l *Lock) Held() bool { return l.f.Locked() }

// Remove removes the file and lets others take one of its name. A file that cannot be removed stays, and does no harm.
func (l *Lock) Remove() error {
	first := os.Remove(l.f.Path())
	err := l.Release()
	if first != nil { // Windows removes no file that is open
		os.Remove(l.f.Path()) //nolint:errcheck // another process may hold it by now, and removes it then
	}
	return err
}

// Release lets others take the file.
func (l *Lock) Release() error { return l.f.Close() }
