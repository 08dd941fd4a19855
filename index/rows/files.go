package rows

import (
	"io"
	"os"
)

// Files is how files are written: OS, or a test's that stops at a chosen write.
type Files interface {
	Open(path string, create bool) (File, error) // for writing; create makes it, empty
	Remove(path string) error
	SyncFolder(path string) error          // makes names in a folder last through a power cut
	Commit(transaction func() error) error // commits a transaction of a database
}

// File is a file that is written.
type File interface {
	io.WriterAt
	io.Closer
	Sync() error
}

// OS are the operating system's files.
type OS struct{}

// Open opens a file for writing.
func (OS) Open(path string, create bool) (File, error) {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE | os.O_TRUNC
	}
	return os.OpenFile(path, flags, 0o644)
}

// Remove removes a file.
func (OS) Remove(path string) error { return os.Remove(path) }

// SyncFolder syncs a folder where the system can; elsewhere names last as well as the system makes them.
func (OS) SyncFolder(path string) error {
	if d, err := os.Open(path); err == nil {
		d.Sync() //nolint:errcheck // not every file system can
		d.Close()
	}
	return nil
}

// Commit commits.
func (OS) Commit(transaction func() error) error { return transaction() }
