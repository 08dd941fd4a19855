package tune

import (
	"fmt"
	"math"
	"slices"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/internal/plural"
)

// Row is what a candidate gave over the folds that it was tried on, at the share of its steps where it was best.
type Row struct {
	Candidate Candidate          `json:"candidate"`
	Folds     int                `json:"folds"`          // tried
	Share     float64            `json:"share"`          // of the candidate's steps
	Steps     int                `json:"steps"`          // that this is, in the first fold
	Metrics   map[string]float64 `json:"metrics"`        // means over the folds
	Gain      float64            `json:"gain"`           // of the metric judged by over the features alone, mean over the folds
	Error     float64            `json:"standard_error"` // its standard error; 0 where one fold was tried
}

// Table is a search's result.
type Table struct {
	Metric   string             `json:"metric"`     // that candidates are judged by
	Features map[string]float64 `json:"features"`   // of the features alone, means over all folds tried
	Rows     []Row              `json:"candidates"` // the best first; of those with fewer folds than the most, after those with all
}

// tabulate gathers trials by candidate.
func tabulate(candidates []Candidate, trials []*Trial) Table {
	t := Table{Metric: judged(trials)}
	base := map[int]map[string]float64{} // fold -> features alone
	for _, trial := range trials {
		if m := trial.at(features); m != nil {
			base[trial.Fold] = m
		}
	}
	var alone []map[string]float64
	for _, m := range base {
		alone = append(alone, m)
	}
	t.Features = mean(alone)
	for _, c := range candidates {
		var own []*Trial
		for _, trial := range trials {
			if trial.Candidate == c.Name {
				own = append(own, trial)
			}
		}
		if len(own) > 0 {
			t.Rows = append(t.Rows, rowOf(c, own, base, t.Metric))
		}
	}
	slices.SortStableFunc(t.Rows, func(a, b Row) int {
		if a.Folds != b.Folds {
			return b.Folds - a.Folds
		}
		switch {
		case a.Gain > b.Gain:
			return -1
		case a.Gain < b.Gain:
			return 1
		}
		return 0
	})
	return t
}

// rowOf finds the share of its steps where a candidate's mean gain is the largest.
func rowOf(c Candidate, own []*Trial, base map[int]map[string]float64, metric string) Row {
	best := Row{Candidate: c, Gain: math.Inf(-1)}
	for q := 1; q <= quarters; q++ {
		share := float64(q) / quarters
		var gains []float64
		var at []map[string]float64
		for _, t := range own {
			if m := t.at(share); m != nil {
				gains, at = append(gains, m[metric]-base[t.Fold][metric]), append(at, m)
			}
		}
		if len(gains) < len(own) {
			continue // too few steps for so fine a look
		}
		if g, e := meanAndError(gains); g > best.Gain {
			best = Row{c, len(own), share, int(math.Round(share * float64(own[0].Steps))), mean(at), g, e}
		}
	}
	return best
}

func meanAndError(v []float64) (mean, deviation float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	if len(v) < 2 {
		return mean, 0
	}
	for _, x := range v {
		deviation += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(deviation / float64(len(v)-1) / float64(len(v)))
}

func mean(metrics []map[string]float64) map[string]float64 {
	m := map[string]float64{}
	for _, one := range metrics {
		for name, v := range one {
			m[name] += v / float64(len(metrics))
		}
	}
	return m
}

// Choice is what a search ends with.
type Choice struct {
	Row      Row    `json:"best"`           // the best candidate's
	Features bool   `json:"leave_features"` // no candidate is better than the features alone by more than its uncertainty: they are left as they are
	Reason   string `json:"reason"`
}

// least is the smallest gain that training is worth.
const least = 0.003

// Choose takes the candidate with the largest gain, and leaves the features alone where that is no
// larger than its standard error, or than .003.
func (t Table) Choose() Choice {
	if len(t.Rows) == 0 {
		return Choice{Features: true, Reason: "nothing was tried"}
	}
	r := t.Rows[0]
	gain := fmt.Sprintf("%s (%s), %s %.3f beside the features' %.3f: %+.3f over %s of the training classes", r.Candidate.Name, r.Candidate.About,
		t.Metric, r.Metrics[t.Metric], t.Features[t.Metric], r.Gain, plural.Of(r.Folds, "fold"))
	if r.Folds > 1 {
		gain += fmt.Sprintf(", standard error %.3f", r.Error)
	}
	if r.Gain <= max(least, r.Error) {
		return Choice{r, true, "no candidate is better than the features alone by more than chance; the best is " + gain}
	}
	return Choice{r, false, gain}
}

// Apply lays the choice over settings: the candidate's, the share of the steps that its heads
// train, or features that stay as they are. phase is the number of the phase that trains the heads
// alone.
func (c Choice) Apply(s *config.Config, phase int) error {
	for _, assignment := range c.Row.Candidate.Set {
		if c.Features {
			break
		}
		if err := s.Set(assignment); err != nil {
			return err
		}
	}
	p := &s.Phases[phase]
	before := p.Steps
	if c.Features {
		p.Steps, p.Rates = 1, &config.Rates{}
	} else {
		p.Steps = max(1, int(math.Round(c.Row.Share*float64(p.Steps))))
	}
	if s.Freeze.UnfreezeAt > 0 {
		s.Freeze.UnfreezeAt = max(1, s.Freeze.UnfreezeAt-before+p.Steps)
	}
	return nil
}
