package experiment

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dvml/dvml/train"
)

// A run whose states cannot be read at the moment is left as it is: it is neither begun anew nor removed.
func TestUnreadableRunIsLeftAlone(t *testing.T) {
	plan, o := tiny(t)
	plan.Runs, o.Seeds, o.Steps = plan.Runs[:1], []uint64{1}, 6
	ctx, cancel := context.WithCancel(context.Background())
	o.Watch = &follower{after: 3, stop: cancel}
	if _, err := plan.Run(ctx, o); !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	folder := folderOf(o.Out, plan.Runs[0], 1)
	states, err := folder.Checkpoints()
	if err != nil || len(states) == 0 {
		t.Fatalf("states %v: %v", states, err)
	}
	for _, path := range states { // links to themselves, which root cannot read either
		if err := os.Rename(path, path+".aside"); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Base(path), path); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	o.Watch = &follower{}
	if _, err := plan.Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("it went on: %v", err)
	}
	for _, path := range states {
		if _, err := os.Stat(path + ".aside"); err != nil {
			t.Errorf("removed: %v", err)
		}
		if err := os.Rename(path+".aside", path); err != nil {
			t.Fatal(err)
		}
	}
	if results, err := plan.Run(context.Background(), o); err != nil || len(results) != 1 || results[0].Step != 6 {
		t.Errorf("readable again: %v, %v", results, err)
	}
}
