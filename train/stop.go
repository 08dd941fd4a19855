package train

import (
	"fmt"
)

// Early stopping (Prechelt, "Early Stopping - But When?", 1998) counts evaluations of the last phase alone: the phases before it prepare for it, and
// how good they get says little about whether it is worth its steps. The best of the last phase is its own too, for what is unfrozen may dip at first.

// heedStop lets early stopping hear the metrics of an evaluation.
func (t *Trainer) heedStop(metrics map[string]float64) {
	c, s := t.Config.Stop, &t.info.Stop
	if c.Patience == 0 || t.info.Step == 0 || t.Config.PhaseAt(t.info.Step-1) < len(t.Config.Phases)-1 {
		return
	}
	s.Seen++
	if v := metrics[c.Metric]; s.Seen == 1 || v > s.Best+c.MinDelta {
		s.Best, s.Step, s.Since = v, t.info.Step, 0
		return
	}
	s.Since++
	s.Done = s.Since >= c.Patience
}

// ended reports whether no step is left to take.
func (t *Trainer) ended() bool { return t.info.Stop.Done || t.info.Step >= t.Config.Steps() }

// sayStopped says why a run that stopped early did.
func (t *Trainer) sayStopped() {
	c, s := t.Config.Stop, t.info.Stop
	if !s.Done {
		return
	}
	than := ""
	if c.MinDelta > 0 {
		than = fmt.Sprintf(" by more than %g", c.MinDelta)
	}
	t.watch.Say(fmt.Sprintf("stopped early after step %d of %d: %s has not risen%s above %.4f, its value after step %d, in %d evaluations (stop.patience)",
		t.info.Step, t.Config.Steps(), c.Metric, than, s.Best, s.Step, s.Since))
}
