//go:build linux || darwin

package lockfile

import (
	"errors"
	"os"
	"syscall"
)

// hold holds f, or returns ErrHeld. File systems that know no locks, as some of networks, hold nothing.
func hold(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return ErrHeld
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOSYS):
		return nil
	}
	return err
}
