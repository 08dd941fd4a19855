package download

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dvml/dvml/internal/spelling"
)

// CacheVariable names the environment variable that moves the cache: files lie in it directly.
// Without it they lie in the folder dvml of the user's cache ([os.UserCacheDir]).
const CacheVariable = "DVML_CACHE"

// Source is a published file.
type Source struct {
	URL    string // where it is
	Name   string // of the file in the cache; empty: the last element of the URL
	SHA256 string // the first digits of its SHA-256 in hexadecimal, as many as are known
	Blob   string // where no SHA-256 is known: the SHA-1 of git's blob of it
}

// sources are the files known by name. PyTorch puts the first eight digits of a file's SHA-256 into its name.
var sources = map[string]Source{
	"torchvision:googlenet": {URL: "https://download.pytorch.org/models/googlenet-1378be20.pth", SHA256: "1378be20"},
}

// Names returns the known names, sorted.
func Names() []string { return slices.Sorted(maps.Keys(sources)) }

// Lookup returns the source of a name.
func Lookup(name string) (Source, error) {
	if s, ok := sources[name]; ok {
		return s, nil
	}
	return Source{}, fmt.Errorf("download: %q is not known; known names are %s%s", name, strings.Join(Names(), ", "), spelling.Hint(name, Names()))
}

// File returns the name of the source's file.
func (s Source) File() string {
	if s.Name != "" {
		return s.Name
	}
	return s.URL[strings.LastIndex(s.URL, "/")+1:]
}

// digits says what is known of the file's hash.
func (s Source) digits() string {
	if s.SHA256 == "" {
		return "the SHA-1 of its git blob is " + s.Blob
	}
	return "SHA-256 begins with " + s.SHA256
}

// CacheFolder returns the folder of the cache; it need not exist.
func CacheFolder() (string, error) {
	if dir := os.Getenv(CacheVariable); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("download: no place for the cache: %w; set %s to a folder", err, CacheVariable)
	}
	return filepath.Join(dir, "dvml"), nil
}

// verify checks the file against the digits that are known of its hash.
func (s Source) verify(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	sum, name, want := sha256.New(), "SHA-256", s.SHA256
	if want == "" {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		sum, name, want = sha1.New(), "SHA-1 of git's blob", s.Blob
		fmt.Fprintf(sum, "blob %d\x00", info.Size())
	}
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.HasPrefix(got, want) {
		return fmt.Errorf("%w: its %s begins with %s and should begin with %s", ErrChecksum, name, got[:min(len(got), max(8, len(want)))], want)
	}
	return nil
}
