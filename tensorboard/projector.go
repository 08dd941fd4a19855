package tensorboard

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/dvml/dvml/internal/atomicfile"
)

// The projector's files. Each embedding has a folder with its data and its entry of the configuration; the configuration is all entries.
const (
	projectorConfig = "projector_config.pbtxt"
	projectorDir    = "projector"
	tensorFile      = "tensor.tsv"
	labelsFile      = "labels.tsv"
	spriteFile      = "sprite.png"
	entryFile       = "entry.pbtxt"
)

// projectorName are the names that are safe as a file's name, in the configuration and in the address by which TensorBoard's page asks.
var projectorName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// Projector writes an embedding for TensorBoard's projector: embeddings [N, dim] row-major, finite;
// a label for each row, or nil; and sprite, thumbnails of thumb x thumb pixels in rows from the top
// left, as many in a row as fit, or nil. The name consists of ASCII letters, digits, _ . and -. A
// later call with the same name replaces the embedding; other names, also those of earlier Writers,
// stay. A running TensorBoard has read the configuration once and shows a new embedding after a
// restart; it shows the name with the step.
//
// Each file is replaced as a whole, the configuration last, so that a killed run leaves one that TensorBoard can read.
func (w *Writer) Projector(name string, step int, embeddings []float32, dim int, labels []string, sprite image.Image, thumb int) error {
	if err := w.projector(name, step, embeddings, dim, labels, sprite, thumb); err != nil {
		return fmt.Errorf("tensorboard: projector %q at step %d: %w", name, step, err)
	}
	return nil
}

func (w *Writer) projector(name string, step int, embeddings []float32, dim int, labels []string, sprite image.Image, thumb int) error {
	if err := checkProjector(name, step, embeddings, dim, labels); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(embeddings) / dim
	folder := filepath.Join(w.dir, projectorDir, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var picture []byte
	if sprite != nil {
		if err := checkSprite(sprite, thumb, n); err != nil {
			return err
		}
		var err error
		if picture, err = encodePNG(sprite); err != nil {
			return fmt.Errorf("sprite: %w", err)
		}
	}
	entry := fmt.Sprintf("embeddings {\n  tensor_name: \"%s_step_%d\"\n  tensor_shape: %d\n  tensor_shape: %d\n", name, step, n, dim)
	field := func(indent, key, file string) {
		entry += fmt.Sprintf("%s%s: \"%s/%s/%s\"\n", indent, key, projectorDir, name, file)
	}
	field("  ", "tensor_path", tensorFile)
	if err := replace(filepath.Join(folder, tensorFile), func(out *bufio.Writer) { writeRows(out, embeddings, dim) }); err != nil {
		return err
	}
	if labels != nil {
		field("  ", "metadata_path", labelsFile)
		if err := replace(filepath.Join(folder, labelsFile), func(out *bufio.Writer) { writeLabels(out, labels) }); err != nil {
			return err
		}
	}
	if picture != nil {
		entry += "  sprite {\n"
		field("    ", "image_path", spriteFile)
		entry += fmt.Sprintf("    single_image_dim: %d\n    single_image_dim: %d\n  }\n", thumb, thumb)
		if err := replace(filepath.Join(folder, spriteFile), func(out *bufio.Writer) { out.Write(picture) }); err != nil {
			return err
		}
	}
	entry += "}\n"
	if err := replace(filepath.Join(folder, entryFile), func(out *bufio.Writer) { out.WriteString(entry) }); err != nil {
		return err
	}
	return w.configure()
}

func checkProjector(name string, step int, embeddings []float32, dim int, labels []string) error {
	switch {
	case !projectorName.MatchString(name):
		return errors.New("the name must consist of ASCII letters, digits, _ . and -, and not begin with . or -")
	case step < 0:
		return errors.New("the step is negative")
	case dim <= 0 || len(embeddings) == 0 || len(embeddings)%dim != 0:
		return fmt.Errorf("%d numbers are no rows of %d", len(embeddings), dim)
	case labels != nil && len(labels) != len(embeddings)/dim:
		return fmt.Errorf("%d labels for %d rows", len(labels), len(embeddings)/dim)
	}
	for i, x := range embeddings {
		if v := float64(x); math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("row %d has a number that is not finite (%v in column %d)", i/dim, x, i%dim)
		}
	}
	return nil
}

// maxSprite is the side in pixels of the greatest texture that browsers commonly take.
const maxSprite = 8192

func checkSprite(sprite image.Image, thumb, n int) error {
	size := sprite.Bounds().Size()
	switch {
	case thumb <= 0:
		return fmt.Errorf("sprite: thumbnails of %d pixels", thumb)
	case (size.X/thumb)*(size.Y/thumb) < n:
		return fmt.Errorf("sprite: %d x %d pixels hold fewer than %d thumbnails of %d x %d", size.X, size.Y, n, thumb, thumb)
	case size.X > maxSprite || size.Y > maxSprite:
		return fmt.Errorf("sprite: %d x %d pixels; browsers take at most %d on a side: use fewer or smaller thumbnails", size.X, size.Y, maxSprite)
	}
	return nil
}

// configure writes the configuration from the entries in the folder.
func (w *Writer) configure() error {
	dir := filepath.Join(w.dir, projectorDir)
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var config bytes.Buffer
	for _, e := range names {
		entry, err := os.ReadFile(filepath.Join(dir, e.Name(), entryFile))
		if errors.Is(err, os.ErrNotExist) {
			continue // killed before its first entry
		}
		if err != nil {
			return err
		}
		config.Write(entry)
	}
	return replace(filepath.Join(w.dir, projectorConfig), func(out *bufio.Writer) { out.Write(config.Bytes()) })
}

// writeRows writes a line for each row, tabs between. Text and not raw numbers: TensorBoard tells the two apart by whether a file is UTF-8.
func writeRows(out *bufio.Writer, rows []float32, dim int) {
	var number []byte
	for i, x := range rows {
		number = strconv.AppendFloat(number[:0], float64(x), 'g', -1, 32)
		if i%dim == dim-1 {
			number = append(number, '\n')
		} else {
			number = append(number, '\t')
		}
		out.Write(number)
	}
}

// escape keeps a label on its line and in its column.
var escape = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

// writeLabels writes a line for each label; a single column has no header.
func writeLabels(out io.StringWriter, labels []string) {
	for _, label := range labels {
		label = escape.Replace(strings.ToValidUTF8(label, "\ufffd"))
		if strings.TrimSpace(label) == "" {
			label = "(blank)" // TensorBoard skips blank lines, and the following labels would move up
		}
		out.WriteString(label)
		out.WriteString("\n")
	}
}

// replace writes the file at path, whole or not at all. An error of a write stays with out until its Flush.
func replace(path string, write func(out *bufio.Writer)) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<16)
		write(out)
		return out.Flush()
	})
}
