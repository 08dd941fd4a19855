package tensorboard

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Embedding is a cloud of points for TensorBoard's projector.
type Embedding struct {
	Name    string      // letters, digits, '_', '-' and '.'
	Vectors []float32   // [N, Dim], row-major
	Dim     int         // coordinates of a point
	Labels  []string    // N names, for instance of the points' classes; nil for none
	Sprite  image.Image // thumbnails of the points, Thumb x Thumb pixels each, row by row (figure.Sprite makes it); nil for none
	Thumb   int
}

// ConfigName is the file in a run folder from which TensorBoard knows what its projector shows.
const ConfigName = "projector_config.pbtxt"

// Projector lets TensorBoard's projector show embeddings in the run folder dir: vectors, labels and sprite go to dir/projector/NAME, and then
// dir/projector_config.pbtxt is written anew with them all. Vectors are text (TensorBoard's own format where no TensorFlow is), about ten bytes
// a coordinate. Each file is replaced as a whole or not at all.
func Projector(dir string, embeddings ...Embedding) error {
	var config strings.Builder
	for i, e := range embeddings {
		if err := e.check(); err != nil {
			return fmt.Errorf("tensorboard: projector: embedding %d (%q): %w", i, e.Name, err)
		}
		if err := e.write(dir, &config); err != nil {
			return fmt.Errorf("tensorboard: projector: embedding %q: %w", e.Name, err)
		}
	}
	err := replace(filepath.Join(dir, ConfigName), func(w io.Writer) error {
		_, err := io.WriteString(w, config.String())
		return err
	})
	if err != nil {
		return fmt.Errorf("tensorboard: projector: %w", err)
	}
	return nil
}

func (e Embedding) check() error {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-.", r)
	}
	if strings.Trim(e.Name, ".") == "" || strings.ContainsFunc(e.Name, func(r rune) bool { return !ok(r) }) {
		return errors.New("the name must be of letters, digits, '_', '-' and '.'")
	}
	if e.Dim < 1 || len(e.Vectors) == 0 || len(e.Vectors)%e.Dim != 0 {
		return fmt.Errorf("%d numbers are not points of %d coordinates", len(e.Vectors), e.Dim)
	}
	n := len(e.Vectors) / e.Dim
	if e.Labels != nil && len(e.Labels) != n {
		return fmt.Errorf("%d labels for %d points", len(e.Labels), n)
	}
	for i, v := range e.Vectors {
		if v := float64(v); math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("point %d, coordinate %d is %v", i/e.Dim, i%e.Dim, v)
		}
	}
	if e.Sprite != nil {
		size := e.Sprite.Bounds().Size()
		if e.Thumb < 1 || (size.X/max(e.Thumb, 1))*(size.Y/max(e.Thumb, 1)) < n {
			return fmt.Errorf("a sprite of %d x %d pixels does not hold %d thumbnails of %d x %d", size.X, size.Y, n, e.Thumb, e.Thumb)
		}
	}
	return nil
}

// write writes e's files and appends its entry to config.
func (e Embedding) write(dir string, config *strings.Builder) error {
	folder := filepath.Join(dir, "projector", e.Name)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	base := "projector/" + e.Name + "/" // relative to the config
	if err := replace(filepath.Join(folder, "vectors.tsv"), e.vectors); err != nil {
		return err
	}
	fmt.Fprintf(config, "embeddings {\n  tensor_name: %q\n  tensor_shape: %d\n  tensor_shape: %d\n  tensor_path: %q\n",
		e.Name, len(e.Vectors)/e.Dim, e.Dim, base+"vectors.tsv")
	if e.Labels != nil {
		if err := replace(filepath.Join(folder, "labels.tsv"), e.labels); err != nil {
			return err
		}
		fmt.Fprintf(config, "  metadata_path: %q\n", base+"labels.tsv")
	}
	if e.Sprite != nil {
		err := replace(filepath.Join(folder, "sprite.png"), func(w io.Writer) error { return png.Encode(w, e.Sprite) })
		if err != nil {
			return err
		}
		fmt.Fprintf(config, "  sprite {\n    image_path: %q\n    single_image_dim: %d\n    single_image_dim: %d\n  }\n", base+"sprite.png", e.Thumb, e.Thumb)
	}
	config.WriteString("}\n")
	return nil
}

func (e Embedding) vectors(w io.Writer) error {
	var line []byte
	for i, v := range e.Vectors {
		line = strconv.AppendFloat(line, float64(v), 'g', -1, 32)
		if i%e.Dim < e.Dim-1 {
			line = append(line, '\t')
			continue
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
		line = line[:0]
	}
	return nil
}

// labels writes one label a line. TensorBoard passes over empty lines, which would shift the others, so an empty label becomes "-".
func (e Embedding) labels(w io.Writer) error {
	for _, label := range e.Labels {
		label = strings.Join(strings.Fields(label), " ")
		if label == "" {
			label = "-"
		}
		if _, err := io.WriteString(w, label+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// replace writes path through a temporary file beside it.
func replace(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it is renamed
	b := bufio.NewWriter(f)
	err = write(b)
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = f.Chmod(0o666 &^ 0o022)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
