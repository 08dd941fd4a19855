package tensorboard

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Event is one entry of an event file.
type Event struct {
	WallTime float64 // seconds since 1970
	Step     int
	Version  string  // "brain.Event:2", in a file's first event only
	Start    bool    // a session starts: what came before it and has this step or a later one no longer counts
	Values   []Value // what was logged
	Graph    []Node  // the model
}

// Value is what was logged under a tag: a scalar, unless Image or Histogram is set.
type Value struct {
	Tag       string
	Scalar    float32
	Image     *Image
	Histogram *Buckets
}

// Image is an encoded picture.
type Image struct {
	Width, Height int
	PNG           []byte
}

// Read returns the events of an event file, or those that count of all event files in a folder: as in TensorBoard, a session's start drops
// earlier events of its step or later, and a torn last record is passed over. Where a file is corrupt, the events before that place are
// returned with an error that wraps [ErrCorrupt].
func Read(path string) ([]Event, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = eventFiles(path); err != nil {
			return nil, fmt.Errorf("tensorboard: %w", err)
		}
	}
	var events []Event
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return events, fmt.Errorf("tensorboard: %w", err)
		}
		if events, err = parse(data, events); err != nil {
			return events, fmt.Errorf("tensorboard: %s: %w", file, err)
		}
	}
	return events, nil
}

// eventFiles lists the folder's event files in the order in which TensorBoard reads them, that of their names.
func eventFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasPrefix(e.Name(), prefix) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, nil
}

// parse appends the events of a file's data to events.
func parse(data []byte, events []Event) ([]Event, error) {
	for rest := data; len(rest) > 0; {
		at := len(data) - len(rest)
		payload, after, torn, err := cutRecord(rest)
		if err != nil {
			return events, fmt.Errorf("record at byte %d: %w", at, err)
		}
		if torn {
			break
		}
		e, err := decodeEvent(payload)
		if err != nil {
			return events, fmt.Errorf("record at byte %d: %w: %w", at, ErrCorrupt, err)
		}
		if e.Start {
			events = slices.DeleteFunc(events, func(old Event) bool { return len(old.Values) > 0 && old.Step >= e.Step })
		}
		events, rest = append(events, e), after
	}
	return events, nil
}
