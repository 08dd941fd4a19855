package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/weights"
)

// Collect reads the results of the plan's runs that are finished in o.Out, and trains nothing: of all seeds that are there, or of o.Seeds. missing
// names the runs that are not finished, and those of which no seed is there.
func (p *Plan) Collect(o Options) (results []Result, missing []string, err error) {
	for _, r := range p.Runs {
		seeds := o.Seeds
		if len(seeds) == 0 {
			if seeds, err = seedsOf(o.Out, r); err != nil {
				return nil, nil, fmt.Errorf("experiment: %w", err)
			}
		}
		if len(seeds) == 0 {
			missing = append(missing, r.Name)
		}
		for _, seed := range seeds {
			res, ok, err := finished(folderOf(o.Out, r, seed))
			if err != nil {
				return nil, nil, fmt.Errorf("experiment: %s, seed %d: %w", r.Name, seed, err)
			}
			if !ok {
				missing = append(missing, fmt.Sprintf("%s, seed %d", r.Name, seed))
				continue
			}
			res.Run, res.Seed = r, seed
			if o.Data != "" {
				res.Config.Data = o.Data
			}
			results = append(results, res)
		}
	}
	if len(results) == 0 {
		return nil, nil, fmt.Errorf("experiment: %s holds no finished run of this plan", o.Out)
	}
	return results, missing, nil
}

// seedsOf lists the seeds of a run that are in out, ascending.
func seedsOf(out string, r Run) ([]uint64, error) {
	entries, err := os.ReadDir(filepath.Join(out, "runs"))
	if err != nil {
		return nil, err
	}
	prefix := strings.TrimSuffix(filepath.Base(string(folderOf(out, r, 0))), "0")
	var seeds []uint64
	for _, e := range entries {
		if digits, ok := strings.CutPrefix(e.Name(), prefix); ok {
			if seed, err := strconv.ParseUint(digits, 10, 64); err == nil {
				seeds = append(seeds, seed)
			}
		}
	}
	slices.Sort(seeds)
	return seeds, nil
}

// finished reads the result of the run in folder; ok is false where it has not taken all its steps, or is not there.
func finished(folder run.Folder) (res Result, ok bool, err error) {
	if _, err := os.Stat(folder.Config()); errors.Is(err, fs.ErrNotExist) {
		return Result{}, false, nil
	}
	c, err := config.Read(folder.Config())
	if err != nil {
		return Result{}, false, err
	}
	last, ok, err := lastStep(folder, c)
	if err != nil || !ok {
		return Result{}, false, err
	}
	rows, err := run.ReadRows(folder.Metrics())
	if err != nil {
		return Result{}, false, err
	}
	metrics := evaluated(rows, last, c.Evaluate.K)
	if metrics == nil {
		return Result{}, false, nil
	}
	seconds, err := readSeconds(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a run that `dvml train` made counts no seconds
		return Result{}, false, err
	}
	return Result{Config: c, Folder: folder, Rows: rows, Step: last, Metrics: metrics, Seconds: seconds}, true, nil
}

// lastStep is the last step of the run in folder; ok is false where it is not over.
func lastStep(folder run.Folder, c *config.Config) (step int, ok bool, err error) {
	switch _, err := os.Stat(folder.Checkpoint(c.Steps())); {
	case err == nil:
		return c.Steps(), true, nil
	case !errors.Is(err, fs.ErrNotExist):
		return 0, false, err
	}
	if c.Stop.Patience == 0 {
		return 0, false, nil
	}
	paths, err := folder.Checkpoints()
	if err != nil || len(paths) == 0 {
		return 0, false, err
	}
	_, info, err := checkpoint.Load(paths[0])
	if errors.Is(err, weights.ErrTorn) && !run.Passing(err) { // Resume goes back to the state before it
		return 0, false, nil
	}
	return info.Step, info.Stop.Done, err
}

// evaluated takes the metrics after step out of a run's table, nil where they are not in it.
func evaluated(rows []run.Row, step int, k []int) map[string]float64 {
	for i := len(rows) - 1; i >= 0 && rows[i].Step == step; i-- {
		metrics := map[string]float64{}
		for _, name := range evaluate.MetricNames(k) {
			if v, ok := rows[i].Values[name]; ok {
				metrics[name] = v
			}
		}
		if len(metrics) > 0 {
			return metrics
		}
	}
	return nil
}
