package tune

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/internal/atomicfile"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/train"
)

// Options say what a search works on.
type Options struct {
	Out        string            // folder of the trials
	Data       string            // HDF5 file of images
	Weights    string            // of the backbone
	Imported   backbone.Imported // what these weights are of
	Set        []string          // settings over all candidates'
	Folds      int               // how many the training classes are dealt into
	Candidates []Candidate
	Trials     int    // that are made at most, whatever time is left; 0: all
	Cache      string // folder of the features; empty: see features.Place
	Backend    compute.Backend
	Say        func(line string)
	Embedding  func(done, total int) // is told of images while the features are computed
}

// Trial is what one candidate gave on one fold.
type Trial struct {
	Candidate string         `json:"candidate"`
	Fold      int            `json:"fold"`  // from 1
	Steps     int            `json:"steps"` // that all of it took
	Points    []Point        `json:"points"`
	Seconds   float64        `json:"seconds"`
	Settings  []config.Value `json:"settings"` // of its run, so that a search on others is told apart
}

// Point is an evaluation of a trial. The features alone are at share -1.
type Point struct {
	Share   float64            `json:"share"` // of the steps, 0 to 1
	Metrics map[string]float64 `json:"metrics"`
}

const features = -1 // the share of the point that is the features themselves

// quarters is after how many parts of its steps a candidate is judged.
const quarters = 4

// settings are those of a candidate's run on a fold; fold 0: on all training classes.
func (o Options) settings(c Candidate, fold int) (*config.Config, error) {
	s, err := config.Preset("heads")
	if err != nil {
		return nil, err
	}
	s.Data = o.Data
	if o.Weights != "" {
		s.UseBackbone(o.Weights, o.Imported)
	}
	for _, list := range [][]string{c.Set, o.Set} {
		for _, assignment := range list {
			if err := s.Set(assignment); err != nil {
				return nil, fmt.Errorf("candidate %s: %w", c.Name, err)
			}
		}
	}
	s.Evaluate.Every = max(1, s.Steps()/quarters)
	s.Evaluate.First = true
	s.Checkpoint.Every, s.Log.Every = s.Steps(), s.Steps()
	s.Fit = true
	if fold > 0 {
		s.Fold = config.Fold{Of: o.Folds, Held: fold}
	}
	return s, nil
}

// folder is where a trial lies.
func (o Options) folder(c Candidate, fold int) string {
	return filepath.Join(o.Out, fmt.Sprintf("%s-%d-of-%d", c.Name, fold, o.Folds))
}

// try trains a candidate on all folds but one and judges it on that, or finds that this was done.
func (o Options) try(ctx context.Context, c Candidate, fold int) (*Trial, error) {
	s, err := o.settings(c, fold)
	if err != nil {
		return nil, err
	}
	settings, err := s.Values()
	if err != nil {
		return nil, err
	}
	folder := o.folder(c, fold)
	kept := filepath.Join(folder, "trial.json")
	if t, err := readTrial(kept, settings); t != nil || err != nil {
		return t, err
	}
	// What is there without its result was cut short. A trial is short enough to begin anew.
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	w := &watcher{o: o, trial: Trial{Candidate: c.Name, Fold: fold, Settings: settings}}
	began := time.Now()
	t, err := train.New(s, run.Folder(folder), o.Backend, w)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	t.Cache = o.Cache
	w.trial.Steps = t.Config.Steps()
	if err := t.Run(ctx); err != nil {
		return nil, err
	}
	w.trial.Seconds = time.Since(began).Seconds()
	text, err := json.MarshalIndent(w.trial, "", "  ")
	if err != nil {
		return nil, err
	}
	return &w.trial, atomicfile.Write(kept, func(f io.Writer) error {
		_, err := f.Write(append(text, '\n'))
		return err
	})
}

// readTrial reads the result at path; nil where there is none.
func readTrial(path string, settings []config.Value) (*Trial, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var t Trial
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("%s is not a trial's result: %w; remove it to try again", path, err)
	}
	for _, d := range config.Differences(t.Settings, settings) {
		return nil, fmt.Errorf("%s is of a search with other settings (%s was %s and is %s): name another folder, or remove it", path, d.Name, d.Before, d.Now)
	}
	return &t, nil
}

// watcher keeps a trial's evaluations. What a run says of itself is not a search's talk.
type watcher struct {
	o     Options
	trial Trial
}

func (w *watcher) Say(string)          {}
func (w *watcher) Step(train.Progress) {}

func (w *watcher) Features(metrics map[string]float64) {
	w.trial.Points = append(w.trial.Points, Point{features, metrics})
}

func (w *watcher) Evaluation(step int, metrics map[string]float64) {
	w.trial.Points = append(w.trial.Points, Point{float64(step) / float64(w.trial.Steps), metrics})
}

func (w *watcher) Embedding(done, total int) {
	if w.o.Embedding != nil {
		w.o.Embedding(done, total)
	}
}

// at returns the metrics nearest to a share of the steps: evaluations fall on whole steps.
func (t *Trial) at(share float64) map[string]float64 {
	var best map[string]float64
	off := 0.13 // half a quarter, and rounding
	for _, p := range t.Points {
		if d := max(p.Share-share, share-p.Share); d < off {
			best, off = p.Metrics, d
		}
	}
	return best
}

// judged is the metric that trials are compared by: R@1, or MAP@R where the features find so much
// that R@1 has little left to tell.
func judged(trials []*Trial) string {
	var sum float64
	n := 0
	for _, t := range trials {
		if m := t.at(features); m != nil {
			sum, n = sum+m["R@1"], n+1
		}
	}
	if n > 0 && sum/float64(n) > train.GoodFeatures {
		return "MAP@R"
	}
	return "R@1"
}
