package tensorboard

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const prefix, suffix = "events.out.tfevents.", ".dvml"

// Options of Create.
type Options struct {
	PurgeStep int // the last step to keep of what older files in the folder hold: the step that a resumed run goes on from
}

// Writer appends events to a file. Its methods may be called from several goroutines.
type Writer struct {
	mu     sync.Mutex
	file   *os.File
	buf    *bufio.Writer
	record []byte // reused
	err    error  // the first failure; the file is of no use after it
}

// Create starts a new event file in the run folder dir, which is made if needed.
func Create(dir string, o Options) (*Writer, error) {
	if o.PurgeStep < 0 {
		return nil, fmt.Errorf("tensorboard: purge step %d is negative", o.PurgeStep)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	older, err := eventFiles(dir)
	if err != nil {
		return nil, err
	}
	second := time.Now().Unix()
	for _, name := range older {
		digits, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(name), prefix), ".")
		if s, err := strconv.ParseInt(digits, 10, 64); err == nil {
			second = max(second, s+1)
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%s%010d%s", prefix, second, suffix)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	w := &Writer{file: f, buf: bufio.NewWriter(f)}
	err = w.write(Event{Version: "brain.Event:2"})
	if len(older) > 0 && err == nil {
		err = w.write(Event{Start: true, Step: o.PurgeStep + 1})
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Path is the event file's path.
func (w *Writer) Path() string { return w.file.Name() }

// Scalar logs v at step. A NaN is kept: TensorBoard shows it as a gap. Tags group by slashes: "train/L1".
func (w *Writer) Scalar(tag string, step int, v float64) error {
	return w.value(step, Value{Tag: tag, Scalar: float32(v)})
}

// Image logs a picture at step.
func (w *Writer) Image(tag string, step int, img image.Image) error {
	if img.Bounds().Empty() {
		return fmt.Errorf("tensorboard: image %q at step %d has no pixels", tag, step)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return fmt.Errorf("tensorboard: image %q at step %d: %w", tag, step, err)
	}
	size := img.Bounds().Size()
	return w.value(step, Value{Tag: tag, Image: &Image{Width: size.X, Height: size.Y, PNG: b.Bytes()}})
}

// Histogram logs how values are spread at step, in TensorBoard's own buckets. Values that are not finite are left out.
func (w *Writer) Histogram(tag string, step int, values []float32) error {
	return w.value(step, Value{Tag: tag, Histogram: newHistogram(values)})
}

// Graph logs the model. Every input must name a node, and names must be distinct.
func (w *Writer) Graph(nodes []Node) error {
	if err := checkGraph(nodes); err != nil {
		return fmt.Errorf("tensorboard: graph: %w", err)
	}
	return w.write(Event{Graph: nodes})
}

func (w *Writer) value(step int, v Value) error {
	if v.Tag == "" {
		return fmt.Errorf("tensorboard: a value at step %d has no tag", step)
	}
	return w.write(Event{Step: step, Values: []Value{v}})
}

// write appends e, stamped with the time.
func (w *Writer) write(e Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	e.WallTime = float64(time.Now().UnixMicro()) / 1e6
	w.record = appendRecord(w.record[:0], e.encode())
	_, err := w.buf.Write(w.record)
	return w.fail(err)
}

// Flush writes all events so far through to the disk.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	err := w.buf.Flush()
	if err == nil {
		err = w.file.Sync()
	}
	return w.fail(err)
}

// fail remembers the first failure.
func (w *Writer) fail(err error) error {
	if err != nil {
		w.err = fmt.Errorf("tensorboard: %s: %w", w.file.Name(), err)
	}
	return w.err
}

// Close flushes and closes the file. A second call does nothing.
func (w *Writer) Close() error {
	err := w.Flush()
	w.mu.Lock()
	defer w.mu.Unlock()
	if errors.Is(w.err, os.ErrClosed) {
		return nil
	}
	if cerr := w.file.Close(); cerr != nil && err == nil {
		err = fmt.Errorf("tensorboard: %w", cerr)
	}
	w.err = fmt.Errorf("tensorboard: %s: %w", w.file.Name(), os.ErrClosed)
	return err
}
