package tensorboard

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// eventFiles lists dir's event files in the order in which TensorBoard reads them.
func eventFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasPrefix(e.Name(), prefix) {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	return names, nil
}

// Read returns the events of an event file, or of all event files of a run folder, as TensorBoard shows them: a session start drops what came
// before it and has its step or a later one, and a torn last record is passed over. Where a file is corrupt the events before that place are
// returned with an error that wraps ErrCorrupt.
func Read(path string) ([]Event, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	names := []string{path}
	if info.IsDir() {
		if names, err = eventFiles(path); err != nil {
			return nil, err
		}
	}
	var events []Event
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return events, fmt.Errorf("tensorboard: %w", err)
		}
		events, err = readEvents(bufio.NewReader(f), events)
		f.Close()
		if err != nil {
			return events, fmt.Errorf("tensorboard: %s: %w", name, err)
		}
	}
	return events, nil
}

// readEvents appends r's events to events.
func readEvents(r io.Reader, events []Event) ([]Event, error) {
	for n := 0; ; n++ {
		data, err := readRecord(r)
		if err == io.EOF || errors.Is(err, errTorn) {
			return events, nil
		}
		if err != nil {
			return events, fmt.Errorf("record %d: %w", n, err)
		}
		e, err := decodeEvent(data)
		if err != nil {
			return events, fmt.Errorf("record %d: %w: %w", n, ErrCorrupt, err)
		}
		if e.Start {
			events = slices.DeleteFunc(events, func(old Event) bool { return len(old.Values) > 0 && old.Step >= e.Step })
		}
		events = append(events, e)
	}
}
