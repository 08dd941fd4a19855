package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dvml/dvml/internal/lockfile"
)

// Folder is a run's folder:
//
//	config.yaml                           every setting
//	checkpoints/step-000100.safetensors   the newest states
//	best.safetensors                      the state that was best by evaluate.best
//	metrics.csv                           losses and metrics
//	curves.png                            the same as a picture
//	events/                               TensorBoard
//	.lock                                 held while a process trains
type Folder string

// Config is the path of the settings.
func (f Folder) Config() string { return filepath.Join(string(f), "config.yaml") }

// Metrics is the path of the table of losses and metrics.
func (f Folder) Metrics() string { return filepath.Join(string(f), "metrics.csv") }

// Curves is the path of the picture of the curves.
func (f Folder) Curves() string { return filepath.Join(string(f), "curves.png") }

// Events is TensorBoard's folder.
func (f Folder) Events() string { return filepath.Join(string(f), "events") }

// Best is the path of the best state.
func (f Folder) Best() string { return filepath.Join(string(f), "best.safetensors") }

// Checkpoint is the path of the state after step.
func (f Folder) Checkpoint(step int) string {
	return filepath.Join(string(f), "checkpoints", fmt.Sprintf("step-%06d.safetensors", step))
}

// Checkpoints lists the states, the newest first; there may be none yet.
func (f Folder) Checkpoints() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(string(f), "checkpoints"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "step-") && strings.HasSuffix(e.Name(), ".safetensors") {
			paths = append(paths, filepath.Join(string(f), "checkpoints", e.Name()))
		}
	}
	slices.SortFunc(paths, func(a, b string) int { return stepOf(b) - stepOf(a) })
	return paths, nil
}

// stepOf reads the step out of a checkpoint's name.
func stepOf(path string) int {
	var step int
	if _, err := fmt.Sscanf(filepath.Base(path), "step-%d.safetensors", &step); err != nil {
		return -1
	}
	return step
}

// Create makes the folder for a new run, and locks it. A folder that is not Free is an error.
func (f Folder) Create() (*lockfile.Lock, error) {
	l, err := f.Lock()
	if err != nil {
		return nil, err
	}
	if err := f.Free(); err != nil {
		return nil, errors.Join(err, l.Release())
	}
	return l, nil
}

// Free reports as an error where the folder already holds a run, unless that was stopped before its first state.
func (f Folder) Free() error {
	states, err := f.Checkpoints()
	if err == nil && len(states) > 0 {
		err = fmt.Errorf("%s already holds a run; resume it with `dvml train --resume %s`, or name another folder", string(f), string(f))
	}
	return err
}

// Lock keeps other processes from training in the folder, which is made where it is missing, until
// the lock is released. What a killed process left half written there is removed.
func (f Folder) Lock() (*lockfile.Lock, error) {
	if err := os.MkdirAll(filepath.Join(string(f), "checkpoints"), 0o755); err != nil {
		return nil, fmt.Errorf("run folder: %w", err)
	}
	l, err := lockfile.Take(filepath.Join(string(f), ".lock"))
	if errors.Is(err, lockfile.ErrHeld) {
		return nil, fmt.Errorf("another process trains in %s: let it finish or stop it, or name another folder", string(f))
	}
	if err != nil {
		return nil, fmt.Errorf("run folder: %w", err)
	}
	if err := f.clean(); err != nil {
		return nil, fmt.Errorf("run folder: %w", errors.Join(err, l.Release()))
	}
	return l, nil
}

// clean removes the temporary files of package atomicfile and of OpenTable.
func (f Folder) clean() error {
	for _, folder := range []string{string(f), filepath.Join(string(f), "checkpoints")} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if n := e.Name(); strings.HasPrefix(n, ".") && strings.HasSuffix(n, ".tmp") || filepath.Join(folder, n) == f.Metrics()+aside {
				if err := os.Remove(filepath.Join(folder, n)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Prune removes all but the newest keep states.
func (f Folder) Prune(keep int) error {
	paths, err := f.Checkpoints()
	if err != nil {
		return err
	}
	for _, p := range paths[min(keep, len(paths)):] {
		if err := os.Remove(p); err != nil {
			return fmt.Errorf("an old checkpoint: %w", err)
		}
	}
	return nil
}
