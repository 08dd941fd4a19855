package tune

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/train"
)

// Search tries the candidates, the first fold of each first, until ctx ends or, with a budget,
// until the next trial would not fit into what is left of it, judged by the longest so far; the
// first candidate's first fold is always tried. Options.Trials ends it too. It returns what it found until then: an end of ctx
// is an error only where nothing was tried.
func Search(ctx context.Context, o Options, budget time.Duration) (Table, error) {
	if len(o.Candidates) == 0 || o.Folds < 2 {
		return Table{}, fmt.Errorf("a search takes at least one candidate and two folds, not %d and %d", len(o.Candidates), o.Folds)
	}
	began := time.Now()
	var trials []*Trial
	var longest time.Duration
	for fold := 1; fold <= o.Folds; fold++ {
		for _, c := range o.Candidates {
			if o.Trials > 0 && len(trials) == o.Trials {
				return tabulate(o.Candidates, trials), nil
			}
			if budget > 0 && len(trials) > 0 && time.Since(began)+longest > budget {
				o.Say(fmt.Sprintf("the time is over after %d trials", len(trials)))
				return tabulate(o.Candidates, trials), nil
			}
			at := time.Now()
			t, err := o.try(ctx, c, fold)
			if ctx.Err() != nil && len(trials) > 0 && (errors.Is(err, train.ErrInterrupted) || errors.Is(err, ctx.Err())) {
				return tabulate(o.Candidates, trials), nil
			}
			if err != nil {
				return Table{}, fmt.Errorf("candidate %s, fold %d: %w", c.Name, fold, err)
			}
			if len(trials) > 0 { // the first one computes the features
				longest = max(longest, time.Since(at))
			}
			trials = append(trials, t)
			o.Say(o.line(trials, t))
		}
	}
	return tabulate(o.Candidates, trials), nil
}

// line says what a trial gave.
func (o Options) line(trials []*Trial, t *Trial) string {
	metric := judged(trials)
	r := rowOf(Candidate{Name: t.Candidate}, []*Trial{t}, map[int]map[string]float64{t.Fold: t.at(features)}, metric)
	return fmt.Sprintf("%-10s fold %d of %d   %s %.3f (features %.3f, %+.3f) after %d of %d steps, %.0f s",
		t.Candidate, t.Fold, o.Folds, metric, r.Metrics[metric], t.at(features)[metric], r.Gain, r.Steps, t.Steps, t.Seconds)
}

// String is the table in words, the best candidate first.
func (t Table) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%-10s %5s  %7s  %7s  %7s  %18s  %s\n", "", "folds", "R@1", "MAP@R", "NMI", "gain in "+t.Metric, "steps")
	fmt.Fprintf(&s, "%-10s %5s  %7.3f  %7.3f  %7.3f\n", "features", "", t.Features["R@1"], t.Features["MAP@R"], t.Features["NMI"])
	for _, r := range t.Rows {
		spread := ""
		if r.Folds > 1 {
			spread = fmt.Sprintf(" +- %.3f", r.Error)
		}
		fmt.Fprintf(&s, "%-10s %5d  %7.3f  %7.3f  %7.3f  %+9.3f%-9s  %d\n", r.Candidate.Name, r.Folds, r.Metrics["R@1"], r.Metrics["MAP@R"], r.Metrics["NMI"], r.Gain, spread, r.Steps)
	}
	return s.String()
}

// Chosen returns the settings of a choice for all training classes.
func (o Options) Chosen(c Choice) (*config.Config, error) {
	s, err := o.settings(Candidate{}, 0)
	if err != nil {
		return nil, err
	}
	s.Checkpoint.Every, s.Log.Every = s.Evaluate.Every, max(1, s.Evaluate.Every/10)
	return s, c.Apply(s, 0)
}
