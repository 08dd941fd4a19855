package experiment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dvml/dvml/diagnose"
)

// Diagnose looks into the model of each run's first seed, in its last state, which the table of results is of. What it finds is kept in the run's
// folder, under diagnosis, and not computed again. Where the data is not to be had, what was kept stands. skipped names the runs of which nothing was
// found, with the reason.
func Diagnose(ctx context.Context, results []Result, o Options) (skipped []string, err error) {
	memory := &diagnose.Memory{}
	for i := range results {
		r := &results[i]
		if i > 0 && results[i-1].Run.Name == r.Run.Name {
			continue
		}
		kept := filepath.Join(string(r.Folder), "diagnosis")
		if _, err := os.Stat(r.Config.Data); errors.Is(err, fs.ErrNotExist) {
			if r.Diagnosis, err = diagnose.Kept(kept); err != nil {
				skipped = append(skipped, r.Run.Name+" ("+r.Config.Data+" is not there)")
			}
			continue
		}
		o.Watch.Say(fmt.Sprintf("looking into %s, seed %d", r.Run.Name, r.Seed))
		state := r.Folder.Checkpoint(r.Step)
		r.Diagnosis, err = diagnose.Of(ctx, state, kept, diagnose.Options{Data: r.Config.Data, Backend: o.Backend, Seed: 1, Cache: o.Cache, Progress: o.Watch.Embedding, Memory: memory})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil { // such as embeddings that are not finite: the other runs still have their page
			skipped = append(skipped, fmt.Sprintf("%s (%v)", r.Run.Name, err))
		}
	}
	return skipped, nil
}
