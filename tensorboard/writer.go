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
	"unicode/utf8"
)

// Options are a Writer's settings.
type Options struct {
	// PurgeStep is the step that a resumed run goes on from: events of earlier event files in the folder at later steps no longer count.
	// 0, the default, is a run from the start: no earlier event counts.
	PurgeStep int
}

// Writer appends events to a file. Its methods may be called concurrently. Steps must not be negative, tags must be UTF-8 and not empty;
// TensorBoard groups tags by what precedes the first slash.
type Writer struct {
	dir string

	mu      sync.Mutex
	file    *os.File
	buffer  *bufio.Writer
	flushed time.Time
}

// version is the format's name; from version 2 on a reader takes note of session starts.
const version = "brain.Event:2"

// patience is how long an event may stay in the buffer while others are written.
const patience = 10 * time.Second

// prefix begins an event file's name; the time follows, in seconds.
const prefix = "events.out.tfevents."

// Create makes dir, if need be, and a new event file in it.
func Create(dir string, o Options) (*Writer, error) {
	if o.PurgeStep < 0 {
		return nil, fmt.Errorf("tensorboard: PurgeStep %d is negative", o.PurgeStep)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	file, err := create(dir)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	w := &Writer{dir: dir, file: file, buffer: bufio.NewWriterSize(file, 1<<16)}
	err = w.event(0, func(m message) message { return m.text(eventFileVersion, version) })
	if err == nil {
		// A reader drops the events seen so far whose step is the start's or a later one. TensorBoard's takes the first start that it meets
		// for no restart, so a run's first file has one too.
		step := o.PurgeStep
		if step > 0 {
			step++
		}
		start := message(nil).varint(sessionStatus, sessionStart)
		err = w.event(step, func(m message) message { return m.bytes(eventSessionLog, start) })
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return w, nil
}

// create makes an event file whose name sorts after those of the folder.
func create(dir string) (*os.File, error) {
	older, err := eventFiles(dir)
	if err != nil {
		return nil, err
	}
	seconds := time.Now().Unix()
	for _, path := range older {
		stamp, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), prefix), ".")
		if s, err := strconv.ParseInt(stamp, 10, 64); err == nil {
			seconds = max(seconds, s+1)
		}
	}
	name := fmt.Sprintf("%s%010d.dvml", prefix, seconds)
	return os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// Scalar logs a point of the curve tag. It is stored as a float32; NaN and infinities are shown as such.
func (w *Writer) Scalar(tag string, step int, v float64) error {
	return w.value(tag, step, func(m message) message { return m.float(valueScalar, float32(v)) })
}

// Histogram logs the distribution of values, which may be few or millions; those that are not finite are left out.
func (w *Writer) Histogram(tag string, step int, values []float32) error {
	h := count(values).encode()
	return w.value(tag, step, func(m message) message { return m.bytes(valueHistogram, h) })
}

// Image logs img, as a PNG.
func (w *Writer) Image(tag string, step int, img image.Image) error {
	data, err := encodePNG(img)
	if err != nil {
		return fmt.Errorf("tensorboard: image %q at step %d: %w", tag, step, err)
	}
	channels := int64(4)
	switch p := img.(type) {
	case *image.Gray, *image.Gray16:
		channels = 1
	case interface{ Opaque() bool }:
		if p.Opaque() {
			channels = 3
		}
	}
	size := img.Bounds().Size()
	m := message(nil).varint(imageHeight, int64(size.Y)).varint(imageWidth, int64(size.X)).
		varint(imageColorspace, channels).bytes(imageData, data)
	return w.value(tag, step, func(v message) message { return v.bytes(valueImage, m) })
}

func encodePNG(img image.Image) ([]byte, error) {
	if img == nil {
		return nil, errors.New("no image")
	}
	if img.Bounds().Empty() {
		return nil, fmt.Errorf("the image is empty: its bounds are %v", img.Bounds())
	}
	var data bytes.Buffer
	if err := png.Encode(&data, img); err != nil {
		return nil, err
	}
	return data.Bytes(), nil
}

// value logs a value of a summary.
func (w *Writer) value(tag string, step int, add func(message) message) error {
	if tag == "" || !utf8.ValidString(tag) {
		return fmt.Errorf("tensorboard: tag %q is empty or not UTF-8", tag)
	}
	summary := message(nil).bytes(summaryValue, add(message(nil).text(valueTag, tag)))
	if err := w.event(step, func(m message) message { return m.bytes(eventSummary, summary) }); err != nil {
		return fmt.Errorf("%w (logging %q at step %d)", err, tag, step)
	}
	return nil
}

// event appends an event to the file.
func (w *Writer) event(step int, add func(message) message) error {
	if step < 0 {
		return fmt.Errorf("tensorboard: step %d is negative", step)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	m := message(nil).double(eventWallTime, float64(now.UnixNano())/1e9).varint(eventStep, int64(step))
	_, err := w.buffer.Write(appendRecord(nil, add(m)))
	if err == nil && now.Sub(w.flushed) > patience {
		w.flushed = now
		err = w.buffer.Flush()
	}
	if err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	return nil
}

// Flush writes what is buffered and waits until the disk has it. A run flushes before it saves a checkpoint, so that a run resumed from it
// misses no event.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushed = time.Now()
	if err := w.buffer.Flush(); err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	return nil
}

// Close flushes and closes the file. No method may be called after it.
func (w *Writer) Close() error {
	err := w.Flush()
	if closing := w.file.Close(); closing != nil && err == nil {
		err = fmt.Errorf("tensorboard: %w", closing)
	}
	return err
}
