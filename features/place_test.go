package features

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/weights/download"
)

// Of two that want a cache the second waits: it reads what the first has computed, or computes it
// itself where the first was interrupted.
func TestTheSecondWaits(t *testing.T) {
	for _, interrupted := range []bool{false, true} {
		s, data := source(t, 0)
		ctx, cancel := context.WithCancel(context.Background())
		waits, second, began := make(chan struct{}), make(chan error), false
		var said []string
		set, err := Load(ctx, s, Place{Data: data}, nil, func(int, int) {
			if began {
				return
			}
			began = true
			go func() {
				set, err := Load(context.Background(), s, Place{Data: data}, func(line string) {
					if said = append(said, line); len(said) == 1 {
						close(waits)
					}
				}, nil)
				if err == nil {
					err = set.Close()
				}
				second <- err
			}()
			<-waits
			if interrupted {
				cancel()
			}
		})
		if interrupted != errors.Is(err, context.Canceled) || !interrupted && err != nil {
			t.Errorf("the first, interrupted %t: %v", interrupted, err)
		}
		if set != nil {
			set.Close()
		}
		if err := <-second; err != nil {
			t.Errorf("the second, interrupted %t: %v", interrupted, err)
		}
		want := []string{"waiting for another process that computes " + path(s, data)}
		if interrupted {
			want = append(want, "computing "+s.String())
		}
		if !slices.Equal(said, want) {
			t.Errorf("the second said %q, want %q", said, want)
		}
		if all, err := filepath.Glob(path(s, data) + "*"); err != nil || len(all) != 1 {
			t.Errorf("files are %v, %v", all, err)
		}
		cancel()
	}
}

// A cache lies in the folder that is asked for, and where nothing can be written beside the data in
// the user's cache folder. It is found there again.
func TestPlaces(t *testing.T) {
	s, data := source(t, 0)
	user, named := t.TempDir(), filepath.Join(t.TempDir(), "new", "caches")
	t.Setenv(download.CacheVariable, user)
	for _, c := range []struct {
		place Place
		want  string
	}{
		{Place{Data: data}, filepath.Dir(data)},
		{Place{Data: data, Folder: named}, named},
		{Place{Data: filepath.Join(readOnlyFolder(t), "x.h5")}, filepath.Join(user, "features")},
	} {
		for range 2 {
			set, err := Load(context.Background(), s, c.place, nil, nil)
			if err != nil {
				t.Fatalf("%+v: %v", c.place, err)
			}
			set.Close()
			if want := filepath.Join(c.want, s.Name(data)); set.Path != want {
				t.Errorf("%+v: %s, want %s", c.place, set.Path, want)
			}
		}
		if all, err := os.ReadDir(c.want); err != nil || len(all) == 0 || slices.ContainsFunc(all, func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), ".lock") }) {
			t.Errorf("%s holds %v, %v", c.want, all, err)
		}
	}
	if _, err := Load(context.Background(), s, Place{Data: data, Folder: readOnlyFolder(t)}, nil, nil); err == nil || !strings.Contains(err.Error(), "--cache") {
		t.Errorf("a folder that cannot be written: %v", err)
	}
}

// readOnlyFolder is a folder in which no file can be made, not even by root.
func readOnlyFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(folder, "x"))
	if err != nil {
		return folder
	}
	f.Close()
	f, err = os.Create("/sys/x")
	if err == nil || !readOnly(err) {
		if err == nil {
			f.Close()
		}
		t.Skip("this user may write everywhere")
	}
	return "/sys"
}
