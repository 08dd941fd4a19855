package train

import (
	"fmt"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
)

// stopper ends a run early (Prechelt, "Early Stopping - But When?", 1998). It counts evaluations of the last phase alone: the phases before it prepare for
// it, and how good they get says little about whether it is worth its steps. The best of the last phase is its own too, for what is unfrozen may dip at
// first.
type stopper struct {
	config.Stop
	steps int // of the run
	from  int // the first step of the last phase
}

func newStopper(c *config.Config) stopper {
	return stopper{c.Stop, c.Steps(), c.Steps() - c.Phases[len(c.Phases)-1].Steps}
}

// heed returns what becomes of the state s by an evaluation after step.
func (r stopper) heed(s checkpoint.Stop, step int, metrics map[string]float64) checkpoint.Stop {
	if r.Patience == 0 || step <= r.from {
		return s
	}
	s.Seen++
	if v := metrics[r.Metric]; s.Seen == 1 || v > s.Best+r.MinDelta {
		s.Best, s.Step, s.Since = v, step, 0
		return s
	}
	s.Since++
	s.Done = s.Since >= r.Patience
	return s
}

// why says why a run that stopped early after step did.
func (r stopper) why(s checkpoint.Stop, step int) string {
	by := ""
	if r.MinDelta > 0 {
		by = fmt.Sprintf(" by more than %g", r.MinDelta)
	}
	return fmt.Sprintf("stopped early after step %d of %d: %s has not risen%s above %.4f, its value after step %d, in %d evaluations (stop.patience)",
		step, r.steps, r.Metric, by, s.Best, s.Step, s.Since)
}
