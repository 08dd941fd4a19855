package diagnose

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"github.com/dvml/dvml/figure"
	"github.com/dvml/dvml/internal/atomicfile"
	"github.com/dvml/dvml/store"
)

// version is what Diagnosis holds and how it is made: another one's is made anew.
const version = 1

// Files of a kept diagnosis.
const (
	numbersFile    = "diagnosis.json"
	mapFile        = "map.png"
	neighboursFile = "neighbours.png"
	walkFile       = "walk.png"
)

// Of returns the diagnosis of the state at path on o.Data that is kept in folder, or makes it and keeps it there.
func Of(ctx context.Context, path, folder string, o Options) (*Diagnosis, error) {
	data, err := store.Open(o.Data)
	if err != nil {
		return nil, fmt.Errorf("diagnose: %w", err)
	}
	k, err := key(path, data, o.Seed)
	if err = errors.Join(err, data.Close()); err != nil {
		return nil, fmt.Errorf("diagnose: %w", err)
	}
	if d, err := Kept(folder); err == nil && d.Key == k {
		return d, nil
	}
	d, err := Make(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return d, d.Keep(folder)
}

// key names what a diagnosis is made from.
func key(path string, data *store.Reader, seed uint64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%s\n%d\n", version, data.Fingerprint(), seed)
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:12]), nil
}

// Keep writes d to folder.
func (d *Diagnosis) Keep(folder string) error {
	for name, img := range map[string]image.Image{mapFile: d.Map, neighboursFile: d.Neighbours, walkFile: d.Walk} {
		if img == nil {
			continue
		}
		if err := figure.WritePNG(filepath.Join(folder, name), img); err != nil {
			return fmt.Errorf("diagnose: %w", err)
		}
	}
	text, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return fmt.Errorf("diagnose: %w", err)
	}
	err = atomicfile.Write(filepath.Join(folder, numbersFile), func(w io.Writer) error { // last: what has it is whole
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return fmt.Errorf("diagnose: %w", err)
	}
	return nil
}

// Kept reads what Keep wrote to folder.
func Kept(folder string) (*Diagnosis, error) {
	text, err := os.ReadFile(filepath.Join(folder, numbersFile))
	if err != nil {
		return nil, fmt.Errorf("diagnose: %w", err)
	}
	d := &Diagnosis{}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("diagnose: %s: %w", filepath.Join(folder, numbersFile), err)
	}
	for name, to := range map[string]*image.Image{mapFile: &d.Map, neighboursFile: &d.Neighbours, walkFile: &d.Walk} {
		if name == walkFile && d.Generator == nil {
			continue
		}
		if *to, err = readPNG(filepath.Join(folder, name)); err != nil {
			return nil, fmt.Errorf("diagnose: %w", err)
		}
	}
	return d, nil
}

func readPNG(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	img, err := png.Decode(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return img, nil
}
