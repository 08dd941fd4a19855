package download

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// CacheVariable names the environment variable that moves the cache: files lie in it directly. Without it they lie in the folder dvml of the
// user's cache ([os.UserCacheDir]).
const CacheVariable = "DVML_CACHE"

// Source is a published file.
type Source struct {
	URL    string // where it is; its last element is the file's name in the cache
	SHA256 string // the first digits of its SHA-256 in hexadecimal, as many as are known
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
	return Source{}, fmt.Errorf("download: %q is not known; known names are %s", name, strings.Join(Names(), ", "))
}

// File returns the name of the source's file.
func (s Source) File() string { return s.URL[strings.LastIndex(s.URL, "/")+1:] }

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

// verify checks the file's SHA-256 against the digits that are known.
func (s Source) verify(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.HasPrefix(got, s.SHA256) {
		return fmt.Errorf("%w: it begins with %s and should begin with %s", ErrChecksum, got[:max(8, len(s.SHA256))], s.SHA256)
	}
	return nil
}
